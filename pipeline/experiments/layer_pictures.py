"""Pictures of a layer: its strongest channels, and its Gram matrix as a heat map. NumPy only, no tensors."""

from collections.abc import Mapping

import cv2
import numpy as np

from pipeline.base.arrays import FloatArray, Size
from pipeline.extractor.layers import CONVOLUTIONS_PER_BLOCK, block_of
from pipeline.pictures.heat_map import heat_map
from pipeline.pictures.sheets import BORDER, framed, grid, labelled, tile

CHANNELS, ACROSS = 16, 4
"""How many channels of a layer are shown, and how many of them in a row."""

SIDE = 512
"""Width and height of a Gram matrix, in pixels, without border and label."""

BRIGHTEST = 99.5
"""Percentile of a channel's activations that is white: a single place must not darken all others."""

LEGEND = 12
"""Height, in pixels, of the strip of colours below a heat map."""

DECADES = 4
"""Powers of ten from black to the brightest colour: a few channels are far stronger than all others."""

SMALLEST = float(np.finfo(np.float32).tiny)
"""Instead of 0, of which there is no logarithm."""


def of_channels(layer: str, activations: FloatArray, gram: FloatArray, size: Size) -> FloatArray:
    """The strongest channels of a layer, strongest first, each below its number.

    Args:
        activations: (h, w, N), 0 or more.
        gram: A/M (N, N) of the same layer; its diagonal has the mean square of each channel.
        size: (height, width) of a channel, in pixels.

    Returns:
        (H, W, 3), 0..255. Black is 0 in every channel, white its own :data:`BRIGHTEST`.
    """
    strongest = np.argsort(-np.diagonal(gram), kind="stable")[:CHANNELS]
    tiles = [labelled(framed(_grey(activations[..., one], size)), str(one)) for one in strongest]
    filled = [*tiles, *[np.full_like(tiles[0], 255)] * (CHANNELS - len(tiles))]
    return labelled(grid(filled, ACROSS), f"{layer}: {len(tiles)} of {len(gram)} channels")


def of_gram(layer: str, gram: FloatArray) -> FloatArray:
    """A Gram matrix (N, N) as colours, by the logarithm, above the colours from 1/10⁴ of its maximum to that.

    Returns:
        (H, W, 3), 0..255, of one size for every N.
    """
    most = float(gram.max())
    shares = 1 + np.log10(np.maximum(gram / max(most, SMALLEST), SMALLEST)) / DECADES
    pixels = max(1, SIDE // len(gram))  # a side of a number's square
    matrix = tile(heat_map(shares).repeat(pixels, 0).repeat(pixels, 1), *[SIDE + 2 * BORDER] * 2)
    strip = framed(heat_map(np.linspace(0, 1, SIDE)[None]).repeat(LEGEND, 0))
    return labelled(np.vstack([matrix, strip]), f"{layer}: from {most / 10**DECADES:.2g} to {most:.2g}")


def by_block(pictures: Mapping[str, FloatArray]) -> FloatArray:
    """The pictures of layers, all of one size, on one sheet: a row for each block."""
    white = np.full_like(framed(next(iter(pictures.values()))), 255)
    tiles: list[FloatArray] = []
    for block in sorted({block_of(layer) for layer in pictures}):
        row = [framed(picture) for layer, picture in pictures.items() if block_of(layer) == block]
        tiles += [*row, *[white] * (max(CONVOLUTIONS_PER_BLOCK) - len(row))]
    return grid(tiles, max(CONVOLUTIONS_PER_BLOCK))


def _grey(channel: FloatArray, size: Size) -> FloatArray:
    """One channel (h, w) as grey (height, width, 3); where it is enlarged, each number is a rectangle."""
    # Its maximum where fewer places respond than the percentile leaves out; 1 where none does.
    white = float(np.percentile(channel, BRIGHTEST)) or float(channel.max()) or 1.0
    levels = np.clip(channel / white, 0, 1) * 255
    shrinks = size[0] <= channel.shape[0] and size[1] <= channel.shape[1]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_NEAREST
    return np.repeat(cv2.resize(levels, size[::-1], interpolation=how)[..., None], 3, axis=2)
