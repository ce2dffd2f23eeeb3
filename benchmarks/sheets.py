"""Sheets: pictures side by side on white, each in a tile of the same size."""

import cv2
import numpy as np
from PIL import Image, ImageDraw

Array = np.ndarray

TILE = 340, 240
"""Width and height, in pixels, of a picture on the sheet, which keeps its shape inside."""

LABEL = 18
"""Height, in pixels, of the line of text above a picture."""


def tile(picture: Array | None, width: int = TILE[0]) -> Array:
    """The picture in the middle of a white tile, (240, width, 3); a white one for None."""
    height = TILE[1]
    canvas = np.full((height, width, 3), 255, np.float32)
    if picture is None:
        return canvas
    scale = min((width - 6) / picture.shape[1], (height - 6) / picture.shape[0])
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    top, left = (height - small.shape[0]) // 2, (width - small.shape[1]) // 2
    canvas[top : top + small.shape[0], left : left + small.shape[1]] = small
    return canvas


def labelled(tile: Array, text: str) -> Array:
    """The tile below a line of text, (18 + H, W, 3)."""
    line = Image.new("RGB", (tile.shape[1], LABEL), "white")
    ImageDraw.Draw(line).text((tile.shape[1] // 2, LABEL // 2), text, "black", anchor="mm", font_size=14)
    return np.vstack([np.asarray(line, np.float32), tile])
