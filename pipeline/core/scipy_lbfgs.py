"""One search of SciPy's L-BFGS-B."""

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
    """Minimise from ``start`` (n,) in the box 0..``high``, until it ends or ``may_continue()`` is false.

    SciPy walks over every bound in Python first, a second or two for a picture of 512x512.
    """

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
