"""The contact sheet of a comparison."""

from collections.abc import Sequence
from itertools import chain

import numpy as np

from pipeline.base.arrays import FloatArray
from pipeline.experiments.cells import STYLE, Grid
from pipeline.pictures.sheets import BORDER, grid, heading, labelled, tile, width_of

ACROSS = 4
"""Tiles in a row of the sheet of a grid of one axis."""


def of(
    cells: Grid,
    content: FloatArray,
    styles: Sequence[FloatArray | None],
    pictures: Sequence[FloatArray | None],
) -> FloatArray:
    """Content and style, then every cell below its label; of two axes, each row has its label on the left.

    Where there are several styles, each has a row: the content, the style, its cells.

    Args:
        content: (H, W, 3), 0..255; tiles have its size.
        styles: those of the grid, the same way; None where one could not be read.
        pictures: of the cells, row by row; None where a cell could not be made.

    Returns:
        (H, W, 3), 0..255.
    """
    labels = [cell.labels[-1] for cell in cells.cells]
    height, width = (side + 2 * BORDER for side in content.shape[:2])
    width = max([width, *map(width_of, labels)])

    def tiles(pictures: Sequence[FloatArray | None], labels: Sequence[str]) -> list[FloatArray]:
        shown = zip(pictures, labels, strict=True)
        return [labelled(tile(picture, width, height), label) for picture, label in shown]

    inputs = tiles([content, *styles], ["content", *["style"] * len(styles)])
    made = tiles(pictures, labels)
    if cells.axes[0].name == STYLE:
        return _by_style(cells, inputs[0], inputs[1:], made)
    if len(cells.axes) == 1:
        return grid([*inputs, *made], ACROSS)
    return _in_rows([inputs, *_split(made, cells)], ["", *cells.axes[0].labels])


def _by_style(
    cells: Grid, content: FloatArray, styles: list[FloatArray], made: list[FloatArray]
) -> FloatArray:
    """A row for each style."""
    rows = [[content, style, *row] for style, row in zip(styles, _split(made, cells), strict=True)]
    if len(cells.axes) == 1:
        return grid(list(chain(*rows)), len(rows[0]))
    return _in_rows(rows, cells.axes[0].labels)


def _split(tiles: list[FloatArray], cells: Grid) -> list[list[FloatArray]]:
    """The tiles of the cells, those together that have one place on the first axis."""
    count = len(tiles) // len(cells.axes[0].values)
    return [tiles[start : start + count] for start in range(0, len(tiles), count)]


def _in_rows(rows: list[list[FloatArray]], labels: Sequence[str]) -> FloatArray:
    """The rows, each with its label on the left, on white."""
    white = np.full_like(rows[0][0], 255)
    margin = max(map(width_of, labels))
    across = max(map(len, rows))
    return np.vstack(
        [
            np.hstack([heading(label, margin, len(white)), *row, *[white] * (across - len(row))])
            for label, row in zip(labels, rows, strict=True)
        ]
    )
