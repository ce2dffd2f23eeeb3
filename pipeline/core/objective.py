"""What a pastiche is measured by: the sum of the weighted losses.

content_weight · (2 - s)^1.5 · Σ_l v_l · content_l
+ s^1.5 · (style_weight · Σ_l w_l · style_l + tv_weight · tv)

with s = strength / 50, and for a frame that follows another, temporal_weight · L · mean(c · (x - x₀)²), x and
x₀ in 0..1, x₀ what the frame starts from, L the loss that the shot's first stylised frame ended with.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from pipeline.base.arrays import FloatArray
from pipeline.core import backend
from pipeline.core.frame_start import TemporalTarget
from pipeline.core.loss_graphs import LossGraphs, loss_weights
from pipeline.core.targets import Targets
from pipeline.errors import DivergedError
from pipeline.settings.settings import Settings

LARGEST_GRADIENT = 1e18
"""Of a value of the picture: optimizers square it, and that must be a number of float32."""


class Objective:
    """The objective of one set of settings. It holds the weights of the losses; the graphs may be shared.

    Attributes:
        settings: whose weights it holds.
    """

    def __init__(self, settings: Settings, graphs: LossGraphs) -> None:
        """Weigh the losses of ``graphs``, which :func:`.loss_graphs.fitting` gives for ``settings``."""
        self.settings = settings
        self._graphs = graphs
        with np.errstate(over="ignore"):  # a weight above float32's range is infinite: the loss diverges
            weights = {term: np.float32(value) for term, value in loss_weights(settings).items()}
        self._weights = {term: backend.tensor(weight, self.device) for term, weight in weights.items()}

    @property
    def device(self) -> str:
        """TensorFlow's name of the device."""
        return self._graphs.options.device

    @property
    def units(self) -> float:
        """What one unit of x is in units of 0..255."""
        return self._graphs.units

    def value_and_gradient(
        self, x: Any, targets: Targets, temporal: TemporalTarget | None = None
    ) -> tuple[Any, Any]:
        """The weighted losses at x (H, W, 3), 0..pixel_range, and the gradient of their sum: tensors.

        For optimizers that stay on the device; whether the numbers are finite is theirs to check.

        Returns:
            The losses (n,), the temporal loss last, and the gradient (H, W, 3) with respect to x.

        Raises:
            TooLargeError: the device has too little memory.
        """
        hold = None if temporal is None else (temporal.pixels / np.float32(self.units), temporal.weights)
        return self._graphs.value_and_gradient(x, self._weights, targets, hold)

    def at(
        self, x: FloatArray, targets: Targets, temporal: TemporalTarget | None = None
    ) -> tuple[dict[str, float], FloatArray]:
        """The same in NumPy's arrays, for optimizers that run on the host.

        Returns:
            {"total", "content", "style", "tv", "temporal", "content LAYER"…, "style LAYER"…: loss} and the
            gradient (H, W, 3) with respect to x, read-only.

        Raises:
            DivergedError: either is not finite, or the gradient too large to be squared.
            TooLargeError: the device has too little memory.
        """
        values, gradient = (np.asarray(tensor) for tensor in self.value_and_gradient(x, targets, temporal))
        names = [*self._weights, *([] if temporal is None else ["temporal"])]
        losses = _summed(dict(zip(names, values.astype(np.float64).tolist(), strict=True)))
        # The extremes, and not a comparison for each value, which would take memory; NaN compares as false.
        in_range = gradient.min() >= -LARGEST_GRADIENT and gradient.max() <= LARGEST_GRADIENT
        if not (math.isfinite(losses["total"]) and in_range):
            raise DivergedError(
                "the loss or its gradient is no longer finite; use a smaller --step-size or smaller weights"
            )
        return losses, gradient


def _summed(terms: Mapping[str, float]) -> dict[str, float]:
    """The terms, after the sums that a person wants to see first."""

    def kind(name: str) -> float:
        return sum(value for term, value in terms.items() if term.split()[0] == name)

    sums = {name: kind(name) for name in ("content", "style", "tv", "temporal")}
    return {"total": sum(sums.values()), **sums, **terms}
