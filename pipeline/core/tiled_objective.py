"""The objective of a picture in tiles: the same loss and gradient, one window of VGG19 at a time.

A style loss depends on the picture only by a layer's Gram matrix. So a first pass over the tiles, forward
only, sums the Gram matrices. They give the style losses, and the slope S of each by its Gram matrix. A second
pass, forward and backward, takes the gradient of Σ <S, G of the tile>, which is that of the style losses, and
of the content loss and the total variation, which are sums over positions. A tile's gradient reaches into its
halo; where windows overlap, gradients are added up.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.base.arrays import FloatArray, Size
from pipeline.core import tile_losses
from pipeline.core.frame_start import TemporalTarget
from pipeline.core.loss_graphs import LossGraphs, loss_weights
from pipeline.core.objective import Objective
from pipeline.core.targets import Targets, Tensors
from pipeline.core.tile_graphs import TileGraphs
from pipeline.core.tiles import Grid, Tile
from pipeline.extractor import layers as names
from pipeline.settings.settings import Settings


@dataclass(frozen=True, eq=False)
class TiledTargets(Targets):
    """The targets of one picture in tiles; ``contents`` is empty, since its activations may be too large.

    Attributes:
        pixels: the content (H, W, 3), 0..255.
        mean_squares: {content layer: mean(P²)}.
        kept: for each tile, the activations of its own part; None: they are computed anew in each step.
    """

    pixels: FloatArray
    mean_squares: Mapping[str, float]
    kept: Sequence[Tensors] | None = None


class TiledObjective(Objective):
    """An objective whose targets are :class:`TiledTargets` of the same grid."""

    def __init__(self, settings: Settings, graphs: LossGraphs, grid: Grid) -> None:
        """As an :class:`Objective`, for pictures cut by ``grid``."""
        super().__init__(settings, graphs)
        self._grid, self._tiles = grid, graphs.of_tiles
        self._numbers = loss_weights(settings)

    def targets(self, content: FloatArray, grams: Tensors, *, keep: bool) -> TiledTargets:
        """The targets of a picture with ``content`` (H, W, 3), 0..255.

        Args:
            grams: of the style, as :class:`Targets` has them.
            keep: whether the activations of the content are kept; else a step takes a third more passes.
        """
        kept: list[Tensors] = []
        squares: dict[str, float] = {}
        layers = self._tiles.options.layers("content")
        for tile in self._grid.tiles(content.shape[:2]) if layers and (keep or self._is_relative) else ():
            activations = {layer: np.asarray(own) for layer, own in self._contents(content, tile).items()}
            for layer, own in activations.items():
                squares[layer] = squares.get(layer, 0.0) + float(np.vdot(own, own))
            if keep:
                kept.append(activations)
        means = {layer: total / self._values(layer, content.shape[:2]) for layer, total in squares.items()}
        return TiledTargets({}, grams, content, means, kept if keep and layers else None)

    @property
    def _is_relative(self) -> bool:
        return self._tiles.options.content_form == "relative"

    def _values(self, layer: str, size: Size) -> int:
        """How many values a layer has for a picture of ``size``."""
        return _positions(layer, size) * self._tiles.channels[layer]

    def _contents(self, content: FloatArray, tile: Tile) -> Tensors:
        return self._tiles.contents(content[tile.window], _own(tile))

    def value_and_gradient(
        self, x: Any, targets: Targets, temporal: TemporalTarget | None = None
    ) -> tuple[Any, Any]:
        """See :meth:`Objective.value_and_gradient`; the results are on the host."""
        assert isinstance(targets, TiledTargets)
        x = np.asarray(x, np.float32)
        style_losses, slopes = self._style(x, targets)
        inputs = self._factors(targets, x.shape[:2]), slopes
        gradient = np.zeros_like(x)
        losses: dict[str, float] = dict.fromkeys([*self._numbers, "temporal"], 0.0) | style_losses
        for number, tile in enumerate(self._grid.tiles(x.shape[:2])):
            contents = self._contents(targets.pixels, tile) if targets.kept is None else targets.kept[number]
            values, own_gradient = self._of_tile(x, tile, contents, inputs, temporal)
            gradient[tile.window] += np.asarray(own_gradient)
            for term, value in values:
                losses[term] += value
        if temporal is None:
            del losses["temporal"]
        return np.array(list(losses.values()), np.float32), gradient

    def _of_tile(
        self, x: FloatArray, tile: Tile, contents: Tensors, inputs: Any, temporal: TemporalTarget | None
    ) -> tuple[Iterator[tuple[str, float]], Any]:
        """The tile's share of each loss that is a sum over positions, and its gradient."""
        factors, slopes = inputs
        arguments = x[tile.window], _own(tile), factors, dict(contents), slopes
        terms = self._tiles.terms
        if temporal is None:
            values, gradient = self._tiles.of_tile(*arguments)
        else:
            target = temporal.pixels[tile.window] / np.float32(self.units)
            factor = np.float32(1 / (x.size * self._tiles.options.pixel_range**2))
            hold = target, temporal.weights[tile.window], factor
            values, gradient = self._tiles.of_held_tile(*arguments, *hold)
            terms = ["temporal", *terms]
        return zip(terms, np.asarray(values, np.float64).tolist(), strict=False), gradient

    def _style(self, x: FloatArray, targets: TiledTargets) -> tuple[dict[str, float], dict[str, Any]]:
        """The style losses of x, and their slopes by the Gram matrix of each layer."""
        layers = self._tiles.options.layers("style")
        if not layers:
            return {}, {}
        size = x.shape[:2]
        grams = gram_sums(self._tiles, x, self._grid, self.units)
        positions = {layer: np.float32(_positions(layer, size)) for layer in layers}
        weights = {layer: self._weights[f"style {layer}"] for layer in layers}
        style_targets = {layer: targets.grams[layer] for layer in layers}
        pixels = np.float32(size[0] * size[1])
        values, slopes = self._tiles.of_grams(grams, positions, style_targets, weights, pixels)
        names_and_values = zip(layers, np.asarray(values, np.float64).tolist(), strict=True)
        return {f"style {layer}": value for layer, value in names_and_values}, slopes

    def _factors(self, targets: TiledTargets, size: Size) -> dict[str, Any]:
        """What the sum over positions of each loss is multiplied by."""
        options, factors = self._tiles.options, {}
        for layer in options.layers("content"):
            term, mean_square = f"content {layer}", targets.mean_squares.get(layer, 0.0)
            values = self._values(layer, size)
            factors[term] = tile_losses.content_factor(
                options.content_form, self._numbers[term], values, mean_square
            )
        with np.errstate(over="ignore"):  # a weight above float32's range is infinite: the loss diverges
            numbers: dict[str, Any] = {term: np.float32(value) for term, value in factors.items()}
            if "tv" in self._numbers:
                pair = tile_losses.variation_factors(options.tv_form, self._numbers["tv"], size)
                numbers["tv"] = np.array(pair, np.float32)
        return numbers


def gram_sums(
    graphs: TileGraphs, picture: FloatArray, grid: Grid, units: float = 1.0
) -> dict[str, FloatArray]:
    """{style layer: FᵀF (N, N)} of a whole picture (H, W, 3), added up in float64 over its tiles.

    Args:
        units: what one unit of the picture is in units of 0..255.
    """
    sums: dict[str, Any] = {}
    for tile in grid.tiles(picture.shape[:2]):
        pixels = picture[tile.window] * np.float32(units)
        for layer, gram in graphs.grams(pixels, _own(tile)).items():
            sums[layer] = sums.get(layer, 0.0) + np.asarray(gram, np.float64)
    return {layer: total.astype(np.float32) for layer, total in sums.items()}


def style_targets(graphs: TileGraphs, pixels: FloatArray, grid: Grid) -> dict[str, FloatArray]:
    """{style layer: A/M (N, N)} of a style (H, W, 3), 0..255, in tiles."""
    return {
        layer: gram / np.float32(_positions(layer, pixels.shape[:2]))
        for layer, gram in gram_sums(graphs, pixels, grid).items()
    }


def _positions(layer: str, size: Size) -> int:
    """M: the positions of a layer for a picture of ``size``; an odd last row or column is dropped."""
    stride = names.stride_of(layer)
    return (size[0] // stride) * (size[1] // stride)


def _own(tile: Tile) -> FloatArray:
    return np.array(tile.own, np.float32)
