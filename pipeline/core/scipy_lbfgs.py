"""One search of SciPy's L-BFGS-B: by its public function, or by its compiled routine where that works."""

import functools
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from scipy import optimize

from pipeline.base.arrays import DoubleArray

CORRECTIONS = 7
"""Pairs of steps and gradient changes that stand for the Hessian.

On the presets' objectives the loss falls as far as with SciPy's default of 10, and a step's time and
memory outside the network, which grow with this number, are a third less. With 5 the loss falls less far.
"""

LINE_SEARCH_STEPS = 20
"""Evaluations of one line search at most; SciPy's default."""

MayContinue = Callable[[], bool]
"""Called after each iteration; false ends the search."""


class LossAndGradient(Protocol):
    """The function that is minimised; what it raises ends the search and reaches the caller."""

    def loss(self, x: DoubleArray) -> float:
        """The loss at ``x`` (n,)."""

    def grads(self, x: DoubleArray) -> DoubleArray:
        """The gradient (n,) at ``x`` (n,)."""


def search(function: LossAndGradient, start: DoubleArray, high: float, may_continue: MayContinue) -> None:
    """Minimise from ``start`` (n,) in the box 0..``high``, until it ends or ``may_continue()`` is false."""
    search_by = search_directly if direct_works() else search_publicly
    search_by(function, start, high, may_continue)


def search_publicly(
    function: LossAndGradient, start: DoubleArray, high: float, may_continue: MayContinue
) -> None:
    """:func:`search` by ``scipy.optimize.minimize``."""

    def after_iteration(intermediate_result: Any) -> None:
        if not may_continue():
            raise StopIteration

    optimize.minimize(
        function.loss,
        start,
        jac=function.grads,
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


def search_directly(
    function: LossAndGradient, start: DoubleArray, high: float, may_continue: MayContinue
) -> None:
    """:func:`search` by SciPy's compiled routine, without its Python wrapper.

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
            loss[...] = function.loss(x)
            gradient[:] = function.grads(x)
        elif task[0] != _NEW_ITERATION or not may_continue():
            return


@functools.cache
def direct_works() -> bool:
    """Whether :func:`search_directly` visits the same points as :func:`search_publicly`.

    SciPy does not promise to keep the routine that it calls. If it changes, searches are correct but slower.
    """
    visited = []
    for search_by in (search_publicly, search_directly):
        problem = _TestProblem()
        try:
            search_by(problem, np.array([0.2, 0.9]), 0.9, problem.may_continue)
        except (ImportError, AttributeError, TypeError, ValueError):
            return False
        visited.append(np.array(problem.visited))
    return bool(np.array_equal(visited[0], visited[1]))


class _TestProblem:
    """Rosenbrock's function of two variables, for 20 evaluations."""

    def __init__(self) -> None:
        self.visited: list[DoubleArray] = []

    def may_continue(self) -> bool:
        return len(self.visited) < 20

    def loss(self, x: DoubleArray) -> float:
        self.visited.append(x.copy())
        return float(100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2)

    def grads(self, x: DoubleArray) -> DoubleArray:
        across = 200 * (x[1] - x[0] ** 2)
        return np.array([-2 * across * x[0] - 2 * (1 - x[0]), across])
