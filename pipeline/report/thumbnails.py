"""Small JPEG pictures for a page, as data URIs, within a number of bytes."""

import base64
import io
import math
from dataclasses import dataclass

import numpy as np
from PIL import Image

from pipeline.base.arrays import FloatArray
from pipeline.base.resizing import resize, size_to_fit

MOST_BYTES = 12_000_000
"""Of all pictures of a page together, before base64 makes 4 of 3: a page then stays below 20 MB."""

LONGEST_SIDES = ((6, 1280), (40, 800), (200, 480))
"""The longest side in pixels of the pictures of a page of at most so many."""

BYTES_PER_PIXEL = 0.3
"""Of a pastiche as a JPEG of medium quality; it is full of edges."""

SMALLEST_SIDE = 32

QUALITIES = (85, 75, 65, 50, 35)
"""Of JPEG; the first that gives few enough bytes is taken, and if none does, a smaller picture."""


@dataclass(frozen=True)
class PictureLimits:
    """How large a picture of a page may be.

    Attributes:
        side: the longest one, in pixels.
        bytes: of the JPEG.
    """

    side: int
    bytes: int

    @classmethod
    def for_pictures(cls, count: int) -> "PictureLimits":
        """The limits for each of ``count`` pictures on one page."""
        share = MOST_BYTES // max(1, count)
        fits = math.isqrt(int(share / BYTES_PER_PIXEL * 4 / 3))  # the longest side of a picture of 4:3
        side = next((side for most, side in LONGEST_SIDES if count <= most), fits)
        return cls(max(SMALLEST_SIDE, min(side, fits)), share)


@dataclass(frozen=True)
class Thumbnail:
    """A small picture.

    Attributes:
        uri: ``data:image/jpeg;base64,…``.
        width, height: in pixels.
    """

    uri: str
    width: int
    height: int


def of(pixels: FloatArray, limits: PictureLimits, alpha: FloatArray | None = None) -> Thumbnail:
    """A picture (H, W, 3), 0..255, within the limits; over white where ``alpha`` (H, W) is transparent."""
    if alpha is not None:
        share = alpha[..., None] / np.float32(255)
        pixels = pixels * share + np.float32(255) * (1 - share)
    side = limits.side
    while True:
        small = resize(pixels, size_to_fit(pixels.shape[:2], side))
        data = _smallest_loss(Image.fromarray(np.rint(small).astype(np.uint8)), limits.bytes)
        if len(data) <= limits.bytes or side <= SMALLEST_SIDE:
            uri = "data:image/jpeg;base64," + base64.b64encode(data).decode()
            return Thumbnail(uri, width=small.shape[1], height=small.shape[0])
        side = max(SMALLEST_SIDE, side * 3 // 4)


def _smallest_loss(image: Image.Image, most: int) -> bytes:
    """The JPEG of the best quality that has at most ``most`` bytes; else of the worst."""
    data = b""
    for quality in QUALITIES:
        file = io.BytesIO()
        image.save(file, "JPEG", quality=quality, optimize=True)
        data = file.getvalue()
        if len(data) <= most:
            break
    return data
