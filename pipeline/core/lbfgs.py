"""L-BFGS-B of SciPy (Byrd, Lu, Nocedal, Zhu 1995) on a picture, with its box as bounds."""

import contextlib
import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import optimize

from pipeline.base.arrays import DoubleArray, FloatArray
from pipeline.base.machine import one_blas_thread

Evaluate = Callable[[FloatArray], tuple[float, FloatArray]]

CORRECTIONS = 7
"""Pairs of steps and gradient changes that stand for the Hessian.

On the presets' objectives the loss falls as far as with SciPy's default of 10, and a step's time and
memory outside the network, which grow with this number, are a third less. With 5 the loss falls less far.
"""

LINE_SEARCH_STEPS = 20
"""Evaluations of one line search at most; SciPy's default."""


class _Spent(Exception):
    """Every evaluation that was allowed has been made."""


@dataclass(frozen=True)
class _Evaluation:
    x: DoubleArray
    image: FloatArray
    loss: float
    gradient: DoubleArray


class Evaluator:
    """Gives SciPy the loss and the gradient apart from one pass for both, whoever asks first.

    The last and the best evaluation are kept. An optimizer that comes back to either pays nothing.

    Attributes:
        passes: evaluations made.
    """

    def __init__(
        self, evaluate: Evaluate, shape: tuple[int, ...], budget: int, on_step: Callable[[FloatArray], None]
    ) -> None:
        """Allow ``budget`` passes of ``evaluate`` on images of ``shape``; ``on_step`` hears of each."""
        self.passes = 0
        self.best: _Evaluation | None = None
        self._last: _Evaluation | None = None
        self._evaluate, self._shape = evaluate, shape
        self._budget, self._on_step = budget, on_step

    @property
    def spent(self) -> bool:
        """Whether no pass is left."""
        return self.passes >= self._budget

    def loss(self, x: DoubleArray) -> float:
        """The loss at ``x`` (n,)."""
        return self._at(x).loss

    def grads(self, x: DoubleArray) -> DoubleArray:
        """The gradient (n,) at ``x`` (n,)."""
        return self._at(x).gradient

    def _at(self, x: DoubleArray) -> _Evaluation:
        for known in (self._last, self.best):
            if known is not None and np.array_equal(known.x, x):
                return known
        return self._pass(x)

    def _pass(self, x: DoubleArray) -> _Evaluation:
        image = x.reshape(self._shape).astype(np.float32)
        loss, gradient = self._evaluate(image)
        self.passes += 1
        self._last = _Evaluation(x.copy(), image, loss, gradient.ravel().astype(np.float64))
        if self.best is None or loss < self.best.loss:
            self.best = self._last
        self._on_step(image)
        if self.spent:
            raise _Spent
        return self._last


class Lbfgs:
    """L-BFGS-B. A step is one evaluation; an iteration takes one or more of them.

    The history of the Hessian starts afresh with each :meth:`advance`, since the picture was changed
    in between.
    """

    returns_the_best = True

    def __init__(self, high: float, max_iterations: int | None = None) -> None:
        """Search in the box 0..``high``; stop for good after ``max_iterations``."""
        self._high = high
        self._iterations_left = max_iterations

    def advance(
        self, evaluate: Evaluate, x: FloatArray, steps: int, on_step: Callable[[FloatArray], None]
    ) -> tuple[FloatArray, int]:
        """Take at most ``steps`` steps from the image ``x``.

        Returns:
            The image with the lowest loss among those that were evaluated, and the steps taken: fewer
            than ``steps`` where the search has converged or the iterations have run out.
        """
        evaluator = Evaluator(evaluate, x.shape, steps, on_step)
        start = np.clip(x.ravel().astype(np.float64), 0, self._high)
        while not evaluator.spent and self._iterations_left != 0:
            self._search(evaluator, start)
            if evaluator.best is None or np.array_equal(evaluator.best.x, start):
                break
            # A line search that fails on rounding ends a search; a fresh history may still find a way.
            start = evaluator.best.x
        return (x if evaluator.best is None else evaluator.best.image), evaluator.passes

    def _search(self, evaluator: Evaluator, start: DoubleArray) -> None:
        search = search_directly if _direct_works() else search_publicly
        with contextlib.suppress(_Spent), one_blas_thread():
            search(evaluator, start, self._high, self._goes_on)

    def _goes_on(self) -> bool:
        """Count an iteration; whether another may follow."""
        if self._iterations_left is not None:
            self._iterations_left -= 1
        return self._iterations_left != 0


def search_publicly(evaluator: Any, start: DoubleArray, high: float, goes_on: Callable[[], bool]) -> None:
    """Run ``scipy.optimize.minimize`` from ``start`` until it stops or ``goes_on()`` is false."""

    def after_iteration(intermediate_result: Any) -> None:
        if not goes_on():
            raise StopIteration

    optimize.minimize(
        evaluator.loss,
        start,
        jac=evaluator.grads,
        method="L-BFGS-B",
        bounds=optimize.Bounds(np.zeros(start.size), np.full(start.size, high)),
        callback=after_iteration,
        options={
            "maxcor": CORRECTIONS,
            "maxls": LINE_SEARCH_STEPS,
            # The search ends when its steps are spent, not when it is slow.
            "ftol": 0,
            "gtol": 0,
            "maxiter": 2**31,
            "maxfun": 2**31,
        },
    )


_NEW_ITERATION, _WANTS_LOSS_AND_GRADIENT = 1, 3
_BOUNDED_ON_BOTH_SIDES = 2


def search_directly(evaluator: Any, start: DoubleArray, high: float, goes_on: Callable[[], bool]) -> None:
    """The same search by SciPy's compiled routine without its Python wrapper.

    The wrapper walks over every bound in Python, a second and a half for a picture of 512x512, and
    copies x and the gradient several times for each evaluation.
    """
    from scipy.optimize import _lbfgsb

    n, m = start.size, CORRECTIONS
    low, highest = np.zeros(n), np.full(n, float(high))
    kinds = np.full(n, _BOUNDED_ON_BOTH_SIDES, np.int32)
    x, loss, gradient = start.copy(), np.array(0.0), np.zeros(n)
    reals = np.zeros(2 * m * n + 5 * n + 11 * m * m + 8 * m)
    integers, task, line_task = np.zeros(3 * n, np.int32), np.zeros(2, np.int32), np.zeros(2, np.int32)
    kept = np.zeros(4, np.int32), np.zeros(44, np.int32), np.zeros(29)
    while True:
        _lbfgsb.setulb(
            m, x, low, highest, kinds, loss, gradient, 0.0, 0.0,  # type: ignore[arg-type]
            reals, integers, task, *kept, LINE_SEARCH_STEPS, line_task,
        )  # fmt: skip
        if task[0] == _WANTS_LOSS_AND_GRADIENT:
            loss[...] = evaluator.loss(x)
            gradient[:] = evaluator.grads(x)
        elif task[0] != _NEW_ITERATION or not goes_on():
            return


class _Valley:
    """A small curved problem that shows whether two searches take the same way."""

    def __init__(self) -> None:
        self.visited: list[DoubleArray] = []

    def loss(self, x: DoubleArray) -> float:
        self.visited.append(x.copy())
        return float(100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2)

    def grads(self, x: DoubleArray) -> DoubleArray:
        across = 200 * (x[1] - x[0] ** 2)
        return np.array([-2 * across * x[0] - 2 * (1 - x[0]), across])


@functools.cache
def _direct_works() -> bool:
    """Whether the compiled routine, which SciPy does not promise to keep, still behaves as it did."""
    ways = []
    for search in (search_publicly, search_directly):
        valley = _Valley()
        try:
            search(valley, np.array([0.2, 0.9]), 0.9, lambda: len(valley.visited) < 20)  # noqa: B023
        except (ImportError, AttributeError, TypeError, ValueError):
            return False
        ways.append(np.array(valley.visited))
    return bool(np.array_equal(ways[0], ways[1]))
