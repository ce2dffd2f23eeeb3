"""Sheets: pictures side by side on white, each in a tile of the same size, below its label."""

from collections.abc import Sequence

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from pipeline.base.arrays import FloatArray

TILE = 340, 240
"""Default width and height of a tile, in pixels."""

BORDER = 3
"""Least width, in pixels, of the white around a picture in its tile."""

LABEL = 18
"""Height, in pixels, of the line of text above a picture."""

FONT_SIZE = 14


def tile(picture: FloatArray | None, width: int = TILE[0], height: int = TILE[1]) -> FloatArray:
    """The picture (H, W, 3) in the middle of a white tile (height, width, 3); a white one for None.

    It is resized to fill the tile inside the border, and keeps its shape.
    """
    canvas = np.full((height, width, 3), 255, np.float32)
    if picture is None:
        return canvas
    scale = min((width - 2 * BORDER) / picture.shape[1], (height - 2 * BORDER) / picture.shape[0])
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    top, left = (height - small.shape[0]) // 2, (width - small.shape[1]) // 2
    canvas[top : top + small.shape[0], left : left + small.shape[1]] = small
    return canvas


def framed(picture: FloatArray) -> FloatArray:
    """The picture at its own size in a white border."""
    return tile(picture, picture.shape[1] + 2 * BORDER, picture.shape[0] + 2 * BORDER)


def labelled(tile: FloatArray, text: str) -> FloatArray:
    """The tile below a line of text, (18 + H, W, 3)."""
    return np.vstack([heading(text, tile.shape[1], LABEL), tile])


def heading(text: str, width: int, height: int) -> FloatArray:
    """A line of text in the middle of white, (height, width, 3)."""
    canvas = Image.new("RGB", (width, height), "white")
    ImageDraw.Draw(canvas).text((width // 2, height // 2), text, "black", anchor="mm", font_size=FONT_SIZE)
    return np.asarray(canvas, np.float32)


def width_of(text: str) -> int:
    """Width, in pixels, that a line of text needs."""
    return int(ImageFont.load_default(FONT_SIZE).getlength(text)) + LABEL


def grid(tiles: Sequence[FloatArray], columns: int) -> FloatArray:
    """Tiles of one size in rows of ``columns``; the last row is filled up with white."""
    white = np.full_like(tiles[0], 255)
    filled = [*tiles, *[white] * (-len(tiles) % columns)]
    starts = range(0, len(filled), columns)
    return np.vstack([np.hstack(filled[start : start + columns]) for start in starts])
