"""The compiled graphs of one tile; :mod:`.tiled_objective` adds up what they give."""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from pipeline.core import backend, losses, targets, tile_losses
from pipeline.extractor import layers as names
from pipeline.extractor.activations import Activations

if TYPE_CHECKING:
    from pipeline.core.loss_graphs import GraphOptions
    from pipeline.extractor.vgg import Extractor

PICTURE, MAP, OWN, FACTORS, SCALAR = (None, None, 3), (None, None), (4,), (2,), ()


class TileGraphs:
    """The graphs of one set of options, for windows of any size. Each is traced when it is first used.

    A window is (h, w, 3); its own part is top, bottom, left, right in its pixels, as float32 (4,).

    Attributes:
        options: what the graphs depend on.
        channels: of each layer.
        contents: window in 0..255, own part -> {layer: activations of the own part (h, w, N)}.
        grams: window in 0..255, own part -> {layer: FᵀF (N, N) of the own part}, not divided by anything.
    """

    def __init__(self, options: "GraphOptions", extractor: "Extractor", channels: Mapping[str, int]) -> None:
        """Graphs for ``extractor``, whose layers have so many ``channels``."""
        self.options, self.channels = options, channels
        self._extractor = extractor
        self._contents_of, self._styles_of = options.layers("content"), options.layers("style")
        grams = {layer: (channels[layer], channels[layer]) for layer in self._styles_of}
        contents = {layer: (None, None, channels[layer]) for layer in self._contents_of}
        self.contents = self._compiled(self._own_contents, PICTURE, OWN)
        self.grams = self._compiled(self._own_grams, PICTURE, OWN)
        self.of_grams = backend.CompiledGradient(
            self._style_terms,
            grams,
            dict.fromkeys(grams, SCALAR),
            grams,
            dict.fromkeys(grams, SCALAR),
            SCALAR,
            device=options.device,
        )
        factors = {term: FACTORS if term == "tv" else SCALAR for term in self.terms}
        inputs = (OWN, factors, contents, grams)
        self.of_tile = backend.CompiledGradient(self._terms, PICTURE, *inputs, device=options.device)
        self.of_held_tile = backend.CompiledGradient(
            self._held_terms, PICTURE, *inputs, PICTURE, MAP, SCALAR, device=options.device
        )

    @property
    def terms(self) -> list[str]:
        """The losses that are sums over positions, in the order of the options."""
        return [term for term in self.options.terms if not term.startswith("style ")]

    @property
    def units(self) -> float:
        """What one unit of x is in units of 0..255."""
        return 255 / self.options.pixel_range

    def _compiled(self, function: Callable[..., Any], *shapes: Any) -> backend.Compiled:
        return backend.Compiled(function, *shapes, device=self.options.device)

    def _own_activations(self, pixels: Any, own: Any) -> dict[str, Activations]:
        return {
            layer: Activations(
                tile_losses.own_part(activations.computed, own, names.stride_of(layer)), activations.readout
            )
            for layer, activations in self._extractor.activations(pixels).items()
        }

    def _own_contents(self, pixels: Any, own: Any) -> dict[str, Any]:
        return targets.contents(self._own_activations(pixels, own), self._contents_of)

    def _own_grams(self, pixels: Any, own: Any) -> dict[str, Any]:
        return _grams(self._own_activations(pixels, own), self._styles_of)

    def _style_terms(
        self, grams: Any, positions: Any, style_targets: Any, loss_weights: Any, pixels: Any
    ) -> list[Any]:
        """The style losses of a picture with these Grams."""
        form = self.options.style_form
        return [
            losses.gram_loss(
                grams[layer], positions[layer], style_targets[layer], form, pixels, loss_weights[layer]
            )
            for layer in self._styles_of
        ]

    def _terms(self, window: Any, own: Any, factors: Any, contents: Any, slopes: Any) -> list[Any]:
        """The tile's share of :attr:`terms`; then what has the gradient of each style loss."""
        activations = self._own_activations(window * self.units, own)
        terms = [
            factors[f"content {layer}"]
            * tile_losses.squared_distance(activations[layer].compared, contents[layer])
            for layer in self._contents_of
        ]
        if "tv" in factors:
            terms.append(tile_losses.variation(window, own, self.options.tv_form, factors["tv"]))
        grams = _grams(activations, slopes)
        return [*terms, *(tile_losses.inner_product(grams[layer], slopes[layer]) for layer in slopes)]

    def _held_terms(
        self,
        window: Any,
        own: Any,
        factors: Any,
        contents: Any,
        slopes: Any,
        target: Any,
        weights: Any,
        factor: Any,
    ) -> list[Any]:
        temporal = factor * tile_losses.held(window, target, weights, own)
        return [temporal, *self._terms(window, own, factors, contents, slopes)]


def _grams(activations: Mapping[str, Activations], layers: Iterable[str]) -> dict[str, Any]:
    return {
        layer: losses.gram_matrix(activations[layer].computed, activations[layer].readout) for layer in layers
    }
