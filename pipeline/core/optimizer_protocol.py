"""The interface of the optimizers, and of the functions that a descent gives them."""

from collections.abc import Callable
from typing import Protocol

from pipeline.base.arrays import FloatArray

Evaluate = Callable[[FloatArray], tuple[float, FloatArray]]
"""x (H, W, 3) -> loss and gradient (H, W, 3)."""

OnIterate = Callable[[FloatArray], None]
"""Called with the iterate after each step; what it raises passes through. It must not keep the array."""


class Optimizer(Protocol):
    """Improves a picture, a number of steps at a time.

    Attributes:
        returns_the_best: whether the result is the best picture evaluated, not the one after the last.
    """

    returns_the_best: bool

    def advance(
        self, evaluate: Evaluate, x: FloatArray, steps: int, on_iterate: OnIterate
    ) -> tuple[FloatArray, int]:
        """Take at most ``steps`` steps from ``x`` (left as it is); return the result and the steps taken.

        Fewer steps mean that no more are worth taking.
        """
