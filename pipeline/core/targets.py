"""What a picture's activations are compared with, and how: contents position by position, styles by Grams.

Nothing else knows what a target consists of, so that Grams of regions, or Grams summed over tiles, change
this module alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.core import losses
from pipeline.extractor.activations import Activations

Tensors = Mapping[str, Any]
"""{layer: tensor}."""

LayerActivations = Mapping[str, Activations]
"""{layer: activations}."""

LossWeights = Mapping[str, Any]
"""{"content LAYER"…, "style LAYER"…, "tv": weight above 0}: floats, or float32 scalar tensors."""


@dataclass(frozen=True, eq=False)
class Targets:
    """The targets of one picture at one scale.

    Attributes:
        contents: {layer: activations of the content (h, w, N)}.
        grams: {layer: A/M of the style (N, N)}, of :func:`grams`.
    """

    contents: Tensors
    grams: Tensors

    @staticmethod
    def shapes(
        content_layers: Iterable[str], style_layers: Iterable[str], channels: Mapping[str, int]
    ) -> dict[str, Any]:
        """The shapes of :meth:`tensors`, for pictures of every size."""
        return {
            "contents": {layer: (None, None, channels[layer]) for layer in content_layers},
            "grams": {layer: (channels[layer], channels[layer]) for layer in style_layers},
        }

    def tensors(self) -> dict[str, Any]:
        """The arguments that make these targets again: a compiled graph takes no objects."""
        return {"contents": dict(self.contents), "grams": dict(self.grams)}

    def losses(
        self,
        activations: LayerActivations,
        weights: LossWeights,
        content_form: str,
        style_form: str,
        pixels: Any,
    ) -> dict[str, Any]:
        """How far ``activations`` are from these targets: {"content LAYER"…, "style LAYER"…: weighted loss}.

        Args:
            activations: of the picture.
            weights: of at least these losses.
            content_form, style_form: of :mod:`pipeline.core.losses`.
            pixels: positions of the picture itself (H·W).
        """
        terms = {}
        for layer, target in self.contents.items():
            term = f"content {layer}"
            compared = activations[layer].compared
            terms[term] = losses.content_loss(compared, target, content_form, weights[term])
        for layer, target in self.grams.items():
            term = f"style {layer}"
            own = activations[layer]
            terms[term] = losses.style_loss(
                own.computed, target, style_form, pixels, weights[term], own.readout
            )
        return terms


def contents(activations: LayerActivations, layers: Iterable[str]) -> dict[str, Any]:
    """The content targets that a picture with these activations gives."""
    return {layer: activations[layer].compared for layer in layers}


def grams(activations: LayerActivations, layers: Iterable[str]) -> dict[str, Any]:
    """The style targets that a picture with these activations gives."""
    own = {layer: activations[layer] for layer in layers}
    return {layer: losses.style_target(each.computed, each.readout) for layer, each in own.items()}


def blend(styles: Sequence[Tensors], shares: Sequence[float]) -> Tensors:
    """The weighted mean of the Grams of several styles; ``shares`` sum to 1.

    Its loss differs from the weighted sum of the styles' losses by a constant, so the gradient is the same.
    """
    if len(styles) == 1:
        return styles[0]
    return {
        layer: sum(share * style[layer] for share, style in zip(shares, styles, strict=True))
        for layer in styles[0]
    }
