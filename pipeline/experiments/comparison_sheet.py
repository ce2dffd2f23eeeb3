"""The contact sheet of a comparison."""

from collections.abc import Sequence

import numpy as np

from pipeline.base.arrays import FloatArray
from pipeline.experiments.cells import Grid
from pipeline.pictures.sheets import BORDER, grid, heading, labelled, tile, width_of

ACROSS = 4
"""Tiles in a row of the sheet of a grid of one axis."""


def of(
    cells: Grid, inputs: tuple[FloatArray, FloatArray], pictures: Sequence[FloatArray | None]
) -> FloatArray:
    """Content and style, then every cell below its label; of two axes, each row has its label on the left.

    Args:
        inputs: content and style, (H, W, 3) each, 0..255; tiles have the size of the content.
        pictures: of the cells, row by row; None where a cell could not be made.

    Returns:
        (H, W, 3), 0..255.
    """
    labels = [cell.labels[-1] for cell in cells.cells]
    height, width = (side + 2 * BORDER for side in inputs[0].shape[:2])
    width = max([width, *map(width_of, labels)])
    tiles = [
        labelled(tile(picture, width, height), label)
        for picture, label in zip([*inputs, *pictures], ["content", "style", *labels], strict=True)
    ]
    if len(cells.axes) == 1:
        return grid(tiles, ACROSS)
    return _in_rows(tiles[:2], tiles[2:], cells.axes[0].labels)


def _in_rows(inputs: list[FloatArray], tiles: list[FloatArray], labels: list[str]) -> FloatArray:
    """A row of the inputs, then one row for each of ``labels``."""
    columns = len(tiles) // len(labels)
    rows = [inputs, *(tiles[start : start + columns] for start in range(0, len(tiles), columns))]
    white = np.full_like(tiles[0], 255)
    margin = max(map(width_of, labels))
    across = max(map(len, rows))
    return np.vstack(
        [
            np.hstack([heading(label, margin, len(white)), *row, *[white] * (across - len(row))])
            for label, row in zip(["", *labels], rows, strict=True)
        ]
    )
