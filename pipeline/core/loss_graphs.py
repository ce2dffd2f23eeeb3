"""The compiled graphs of the losses. They depend on the network and on the forms of the losses.

A graph takes seconds to trace. The weights of the losses are inputs, so stylizers that differ in weights,
styles, sizes or steps use the same graphs.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.core import backend, losses, precisions, targets
from pipeline.core.targets import LossWeights, Targets
from pipeline.core.tile_graphs import TileGraphs
from pipeline.errors import SettingsError
from pipeline.extractor import vgg
from pipeline.extractor.weights import Weights
from pipeline.settings.settings import NEUTRAL_STRENGTH, Settings

PICTURE, MAP, SCALAR = (None, None, 3), (None, None), ()


@dataclass(frozen=True)
class GraphOptions:
    """Everything that the graphs depend on. The same options: the same graphs.

    Attributes:
        weights: fingerprint of the extractor's weights.
        device: TensorFlow's name of the device.
        terms: names of the losses that weigh more than 0, in the order of :func:`loss_weights`.
        precision: ``float32`` or ``bfloat16``.
        pooling, pixel_range, content_form, style_form, tv_form: see :class:`Settings`.
    """

    weights: str
    device: str
    terms: tuple[str, ...]
    precision: str
    pooling: str
    pixel_range: int
    content_form: str
    style_form: str
    tv_form: str

    @classmethod
    def of(cls, settings: Settings, weights: Weights) -> "GraphOptions":
        """The options that ``settings`` ask for.

        Raises:
            SettingsError: every loss weighs 0, or there is no such device.
        """
        return cls(
            weights=weights.fingerprint,
            device=backend.choose_device(settings.device),
            terms=tuple(loss_weights(settings)),
            precision=precisions.chosen(settings.precision, settings.device),
            pooling=settings.pooling,
            pixel_range=settings.pixel_range,
            content_form=settings.content_form,
            style_form=settings.style_form,
            tv_form=settings.tv_form,
        )

    def layers(self, kind: str) -> list[str]:
        """The layers of the ``content`` or ``style`` losses."""
        return [term.split()[1] for term in self.terms if term.startswith(f"{kind} ")]


class LossGraphs:
    """The graphs of one set of options, for pictures of any size. Each is traced when it is first used.

    Attributes:
        options: what the graphs depend on.
        content_targets: pixels (H, W, 3) 0..255 -> {layer: activations (h, w, N)}.
        style_targets: pixels (H, W, 3) 0..255 -> {layer: A/M (N, N)}.
    """

    def __init__(self, options: GraphOptions, weights: Weights) -> None:
        """Graphs for the network of ``weights``.

        Raises:
            WeightsError: the weights lack a layer that the options need.
        """
        self.options = options
        self._channels = weights.channels
        content_layers, style_layers = options.layers("content"), options.layers("style")
        with backend.on_device(options.device):
            self._extractor = vgg.Extractor(
                weights, options.pooling, [*content_layers, *style_layers], options.precision
            )
        target_shapes = Targets.shapes(content_layers, style_layers, weights.channels)
        inputs = {term: SCALAR for term in options.terms}, target_shapes
        device = options.device
        self.content_targets = backend.Compiled(self._content_targets, PICTURE, device=device)
        self.style_targets = backend.Compiled(self._style_targets, PICTURE, device=device)
        self._gradient = backend.CompiledGradient(self._terms, PICTURE, *inputs, device=device)
        self._held_gradient = backend.CompiledGradient(
            self._held_terms, PICTURE, *inputs, PICTURE, MAP, device=device
        )

    @functools.cached_property
    def of_tiles(self) -> TileGraphs:
        """The graphs for pictures in tiles."""
        return TileGraphs(self.options, self._extractor, self._channels)

    @property
    def units(self) -> float:
        """What one unit of x is in units of 0..255."""
        return 255 / self.options.pixel_range

    @property
    def traces(self) -> int:
        """Graphs of whole pictures traced so far: at most four, whatever the sizes and weights."""
        compiled = self.content_targets, self.style_targets, self._gradient, self._held_gradient
        return sum(graph.traces for graph in compiled)

    def value_and_gradient(
        self, x: Any, loss_weights: LossWeights, targets: Targets, hold: tuple[Any, Any] | None = None
    ) -> tuple[Any, Any]:
        """The weighted losses at x (H, W, 3), 0..pixel_range, and the gradient of their sum, on the device.

        Args:
            loss_weights: of every term of the options.
            hold: target (H, W, 3), in the units of x, and weights (H, W) of the temporal loss.

        Returns:
            The losses (n,), in the order of the options' terms, then the temporal one; the gradient
            (H, W, 3).

        Raises:
            TooLargeError: the device has too little memory.
        """
        if hold is None:
            return self._gradient(x, loss_weights, targets.tensors())
        return self._held_gradient(x, loss_weights, targets.tensors(), *hold)

    def _content_targets(self, pixels: Any) -> dict[str, Any]:
        layers = self.options.layers("content")
        return targets.contents(self._extractor.activations(pixels), layers) if layers else {}

    def _style_targets(self, pixels: Any) -> dict[str, Any]:
        layers = self.options.layers("style")
        return targets.grams(self._extractor.activations(pixels), layers) if layers else {}

    def _terms(self, x: Any, loss_weights: LossWeights, tensors: Mapping[str, Any]) -> list[Any]:
        options = self.options
        activations = self._extractor.activations(x * self.units)
        terms = Targets(**tensors).losses(
            activations, loss_weights, options.content_form, options.style_form, losses.positions(x)
        )
        if "tv" in options.terms:
            terms["tv"] = losses.total_variation(x, options.tv_form, loss_weights["tv"])
        return [terms[term] for term in options.terms]

    def _held_terms(
        self, x: Any, loss_weights: LossWeights, tensors: Mapping[str, Any], target: Any, weights: Any
    ) -> list[Any]:
        temporal = losses.temporal_loss(x, target, weights) / self.options.pixel_range**2
        return [*self._terms(x, loss_weights, tensors), temporal]


def fitting(settings: Settings, weights: Weights, earlier: LossGraphs | None = None) -> LossGraphs:
    """The graphs that ``settings`` need: ``earlier`` where those fit, else new ones.

    Raises:
        SettingsError: every loss weighs 0, or there is no such device.
        WeightsError: the weights lack a layer that the settings need.
    """
    options = GraphOptions.of(settings, weights)
    if earlier is not None and earlier.options == options:
        return earlier
    return LossGraphs(options, weights)


def loss_weights(settings: Settings) -> dict[str, float]:
    """The weight of each loss in the total, without those that weigh nothing.

    Raises:
        SettingsError: every loss weighs 0.
    """
    of_content, of_style = _factors_of(settings.strength)
    content, style = settings.content_weight * of_content, settings.style_weight * of_style
    weights = {f"content {layer}": share * content for layer, share in settings.content_layers.items()}
    weights |= {f"style {layer}": share * style for layer, share in settings.style_layers.items()}
    weights["tv"] = settings.tv_weight * of_style
    weights = {term: weight for term, weight in weights.items() if weight > 0}
    if not weights:
        raise SettingsError("every loss weighs 0; give --content-weight, --style-weight or --tv-weight")
    return weights


def _factors_of(strength: float) -> tuple[float, float]:
    """The factors of content and of style. The total variation has that of the style, whose noise it smooths.

    The power of 1.5 makes pictures change evenly with the strength. With 1, a strength of 10 gives most of
    the style's colours; with 3, a strength of 75 leaves nothing of the content.
    """
    style = strength / NEUTRAL_STRENGTH
    return (2 - style) ** 1.5, style**1.5
