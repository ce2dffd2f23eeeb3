"""L-BFGS-B (Byrd, Lu, Nocedal, Zhu 1995) on a picture, with its box as bounds."""

import contextlib
import math
from dataclasses import dataclass

import numpy as np

from pipeline.base.arrays import DoubleArray, FloatArray
from pipeline.base.machine import one_blas_thread
from pipeline.core import scipy_lbfgs
from pipeline.core.optimizer_protocol import Evaluate, OnIterate

FIRST_STEP = 5 / 255
"""Root mean square of the first step that a search tries, as a share of the box.

L-BFGS-B begins with the gradient itself as the step. That of a small loss changes no float32 pixel, and the
search ends there. So the loss is rescaled, and its unit has no effect.
"""

RESTART_FACTOR = 0.1
"""Where rounding made a line search fail, the minimum is near: the next search tries a shorter first step."""


class BudgetSpent(Exception):
    """No evaluation is left: the search ends here."""


@dataclass(frozen=True)
class _Evaluation:
    x: DoubleArray
    image: FloatArray
    loss: float
    gradient: DoubleArray


class Evaluator:
    """Gives SciPy the loss and the gradient separately, from one pass for both, whichever comes first.

    The last and the best evaluation are kept; an optimizer that returns to one of them costs no pass.

    Attributes:
        passes: evaluations so far.
        best: the evaluation with the lowest loss.
    """

    def __init__(
        self, evaluate: Evaluate, shape: tuple[int, ...], budget: int, on_iterate: OnIterate
    ) -> None:
        """Allow ``budget`` passes of ``evaluate`` on images of ``shape``; call ``on_iterate`` after each."""
        self.passes = 0
        self.best: _Evaluation | None = None
        self._last: _Evaluation | None = None
        self._evaluate, self._shape = evaluate, shape
        self._budget, self._on_iterate = budget, on_iterate

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
        for evaluation in (self._last, self.best):
            if evaluation is not None and np.array_equal(evaluation.x, x):
                return evaluation
        return self._pass(x)

    def _pass(self, x: DoubleArray) -> _Evaluation:
        image = x.reshape(self._shape).astype(np.float32)
        loss, gradient = self._evaluate(image)
        self.passes += 1
        self._last = _Evaluation(x.copy(), image, loss, gradient.ravel().astype(np.float64))
        if self.best is None or loss < self.best.loss:
            self.best = self._last
        self._on_iterate(image)
        if self.spent:
            raise BudgetSpent
        return self._last


class _Rescaled:
    """The loss and the gradient of an evaluator, times a factor."""

    def __init__(self, evaluator: Evaluator, factor: float) -> None:
        self._evaluator, self._factor = evaluator, factor

    def loss(self, x: DoubleArray) -> float:
        return self._evaluator.loss(x) * self._factor

    def grads(self, x: DoubleArray) -> DoubleArray:
        return self._evaluator.grads(x) * self._factor


class Lbfgs:
    """L-BFGS-B. A step is one evaluation; an iteration takes one or more of them.

    Each :meth:`advance` starts with an empty history of the Hessian, since the picture may have been smoothed
    in between.
    """

    returns_the_best = True

    def __init__(self, high: float, max_iterations: int | None = None) -> None:
        """Search in the box 0..``high``; stop for good after ``max_iterations``."""
        self._high = high
        self._iterations_left = max_iterations

    def advance(
        self, evaluate: Evaluate, x: FloatArray, steps: int, on_iterate: OnIterate
    ) -> tuple[FloatArray, int]:
        """Take at most ``steps`` steps from the image ``x``.

        Returns:
            The image with the lowest loss among those that were evaluated, and the steps taken: fewer
            than ``steps`` where the search has converged or the iterations have run out.
        """
        evaluator = Evaluator(evaluate, x.shape, steps, on_iterate)
        start = np.clip(x.ravel().astype(np.float64), 0, self._high)
        first_step = FIRST_STEP
        while not evaluator.spent and self._iterations_left != 0:
            self._search(evaluator, start, first_step)
            if evaluator.best is None or np.array_equal(evaluator.best.x, start):
                break
            # Rounding can make a line search fail, which ends the search; with an empty history it may go on.
            start, first_step = evaluator.best.x, first_step * RESTART_FACTOR
        return (x if evaluator.best is None else evaluator.best.image), evaluator.passes

    def _search(self, evaluator: Evaluator, start: DoubleArray, first_step: float) -> None:
        with contextlib.suppress(BudgetSpent), one_blas_thread():
            length = first_step * self._high * math.sqrt(start.size)
            factor = length / (float(np.linalg.norm(evaluator.grads(start))) or 1.0)
            function = _Rescaled(evaluator, factor)
            scipy_lbfgs.search(function, start, self._high, self._may_continue)

    def _may_continue(self) -> bool:
        """Count an iteration; whether another may follow."""
        if self._iterations_left is not None:
            self._iterations_left -= 1
        return self._iterations_left != 0
