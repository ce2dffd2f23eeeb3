"""What a pastiche is measured by: the weighted losses of the settings, and the targets they compare with.

content_weight · Σ_l w_l · content_l + style_weight · Σ_l w_l · style_l + tv_weight · tv

and for a frame that follows another, temporal_weight · L · mean(c · (x - x₀)²), x and x₀ in 0..1, x₀ what the
frame starts from, L the loss that the shot's first frame ended with.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from pipeline.base.arrays import FloatArray
from pipeline.core import backend, losses
from pipeline.core.frame_start import TemporalTarget
from pipeline.errors import DivergedError, SettingsError
from pipeline.extractor import vgg
from pipeline.extractor.weights import Weights
from pipeline.settings.settings import Settings

Targets = Mapping[str, Any]
"""{layer: tensor}"""

PICTURE, MAP = (None, None, 3), (None, None)


class Objective:
    """The objective of one set of settings on one extractor, for pictures of any size."""

    def __init__(self, settings: Settings, weights: Weights) -> None:
        """Compile nothing yet: each graph is traced once, when it is first used.

        Raises:
            SettingsError: every weight is 0, or there is no such device.
            WeightsError: the weights lack a layer that the settings need.
        """
        self._settings = settings
        self.content_weights = _weighted(settings.content_layers, settings.content_weight)
        self.style_weights = _weighted(settings.style_layers, settings.style_weight)
        if not (self.content_weights or self.style_weights or settings.tv_weight):
            raise SettingsError("every loss weighs 0; give --content-weight, --style-weight or --tv-weight")
        self.device = backend.choose_device(settings.device)
        with backend.on_device(self.device):
            self._extractor = vgg.Extractor(
                weights, settings.pooling, {**self.content_weights, **self.style_weights}
            )
        self._compile({layer: kernel.shape[-1] for layer, (kernel, _) in weights.kernels.items()})

    def _compile(self, channels: Mapping[str, int]) -> None:
        contents = {layer: (None, None, channels[layer]) for layer in self.content_weights}
        styles = {layer: (channels[layer], channels[layer]) for layer in self.style_weights}
        device = self.device
        self.content_targets = backend.Compiled(self._content_targets, PICTURE, device=device)
        """Pixels (H, W, 3) 0..255 -> {layer: activations (h, w, N)}."""
        self.style_targets = backend.Compiled(self._style_targets, PICTURE, device=device)
        """Pixels (H, W, 3) 0..255 -> {layer: A/M (N, N)}."""
        self._gradient = backend.CompiledGradient(self._terms, PICTURE, contents, styles, device=device)
        self._held_gradient = backend.CompiledGradient(
            self._held_terms, PICTURE, contents, styles, PICTURE, MAP, device=device
        )

    @property
    def units(self) -> float:
        """What one unit of x is in units of 0..255."""
        return 255 / self._settings.pixel_range

    @property
    def traces(self) -> int:
        """Graphs traced so far: at most four, whatever the sizes."""
        compiled = self.content_targets, self.style_targets, self._gradient, self._held_gradient
        return sum(graph.traces for graph in compiled)

    def at(
        self, x: FloatArray, contents: Targets, styles: Targets, temporal: TemporalTarget | None = None
    ) -> tuple[dict[str, float], FloatArray]:
        """The weighted losses at x (H, W, 3), 0..pixel_range, and the gradient of their total.

        Returns:
            {"total", "content", "style", "tv", "temporal", "content LAYER"…, "style LAYER"…: loss} and the
            gradient (H, W, 3) with respect to x.

        Raises:
            DivergedError: either is not finite.
            TooLargeError: the device has too little memory.
        """
        if temporal is None:
            terms, gradient = self._gradient(x, dict(contents), dict(styles))
        else:
            target = temporal.pixels / np.float32(self.units)
            terms, gradient = self._held_gradient(x, dict(contents), dict(styles), target, temporal.weights)
        found = _summed(terms)
        if not (math.isfinite(found["total"]) and np.isfinite(gradient).all()):
            raise DivergedError(
                "the loss or its gradient is no longer finite; use a smaller --step-size or smaller weights"
            )
        return found, gradient

    def _content_targets(self, pixels: Any) -> dict[str, Any]:
        features = self._extractor.activations(pixels) if self.content_weights else {}
        return {layer: features[layer] for layer in self.content_weights}

    def _style_targets(self, pixels: Any) -> dict[str, Any]:
        features = self._extractor.activations(pixels) if self.style_weights else {}
        return {layer: losses.style_target(features[layer]) for layer in self.style_weights}

    def _terms(self, x: Any, contents: Targets, styles: Targets) -> dict[str, Any]:
        settings = self._settings
        features = self._extractor.activations(x * self.units)
        terms = {}
        for layer, weight in self.content_weights.items():
            loss = losses.content_loss(features[layer], contents[layer], settings.content_form)
            terms[f"content {layer}"] = weight * loss
        for layer, weight in self.style_weights.items():
            loss = losses.style_loss(features[layer], styles[layer], settings.style_form, losses.positions(x))
            terms[f"style {layer}"] = weight * loss
        if settings.tv_weight:
            terms["tv"] = settings.tv_weight * losses.total_variation(x, settings.tv_form)
        return terms

    def _held_terms(
        self, x: Any, contents: Targets, styles: Targets, target: Any, weights: Any
    ) -> dict[str, Any]:
        temporal = losses.temporal_loss(x, target, weights) / self._settings.pixel_range**2
        return {**self._terms(x, contents, styles), "temporal": temporal}


_last: dict[tuple[str, str], Objective] = {}


def shared(settings: Settings, weights: Weights) -> Objective:
    """The objective of these, the same one as long as they are asked for: style after style uses its graphs.

    Raises:
        SettingsError, WeightsError: as :class:`Objective`.
    """
    key = settings.model_dump_json(), weights.fingerprint
    if key not in _last:
        _last.clear()
        _last[key] = Objective(settings, weights)
    return _last[key]


def _weighted(layers: Mapping[str, float], weight: float) -> dict[str, float]:
    """Each layer's weight in the total, without the layers that weigh nothing."""
    return {layer: share * weight for layer, share in layers.items() if share * weight > 0}


def _summed(terms: Mapping[str, float]) -> dict[str, float]:
    """The terms under the sums that a person wants to see first."""

    def kind(name: str) -> float:
        return sum(value for term, value in terms.items() if term.split()[0] == name)

    sums = {name: kind(name) for name in ("content", "style", "tv", "temporal")}
    return {"total": sum(sums.values()), **sums, **terms}
