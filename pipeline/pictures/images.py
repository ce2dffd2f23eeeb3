"""Read pictures. Everywhere else a picture is RGB, float32, 0..255, (H, W, 3), sRGB and upright."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from pipeline.base.arrays import FloatArray
from pipeline.base.resizing import size_to_fit
from pipeline.errors import NstpipeError
from pipeline.pictures import colour, decoding
from pipeline.pictures.metadata import NONE as NO_METADATA
from pipeline.pictures.metadata import Metadata

_TURNS = {
    1: (False, 1, 1),
    2: (False, 1, -1),
    3: (False, -1, -1),
    4: (False, -1, 1),
    5: (True, 1, 1),
    6: (True, 1, -1),
    7: (True, -1, -1),
    8: (True, -1, 1),
}
"""EXIF orientation -> (swap the axes first, step along the rows, step along the columns).

Pillow's ``ImageOps.exif_transpose`` is not used: to read a PNG's EXIF it decodes the whole picture, which
:func:`read_size` must not do, and it turns Pillow's picture, where :func:`read` turns the finished arrays.
"""


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture as arrays.

    Attributes:
        pixels: (H, W, 3) float32, RGB 0..255, sRGB, upright.
        alpha: (H, W) float32, 0 transparent .. 255 opaque; None where the file has none.
        metadata: date, camera, place, author, rights and resolution.
        notes: what the user should know about the file, each in one line.
    """

    pixels: FloatArray
    alpha: FloatArray | None = None
    metadata: Metadata = NO_METADATA
    notes: tuple[str, ...] = ()


def read(path: Path, longest_side: int | None = None) -> Picture:
    """Read a picture, shrunk so that its longest side is at most ``longest_side`` pixels; never enlarged.

    The result is upright (EXIF orientation applied) and in sRGB (embedded profile applied, or ignored where
    damaged). Of an animation the first frame is read. 16 bits a channel are reduced to 8. The colour of fully
    transparent pixels is arbitrary; they get the mean colour of the visible ones, so that it does not bleed
    into the pastiche.

    Raises:
        InputError: missing, not a picture, damaged, cut short, or of a format that is not read.
        TooLargeError: the picture does not fit in the free memory.
    """
    decoded = decoding.decode(path, longest_side)
    stored, orientation = decoded.image, decoded.orientation
    target = decoded.size if longest_side is None else size_to_fit(decoded.size, longest_side)
    image = colour.shrunk(colour.plain(stored, path), target)
    alpha = _floats(image.getchannel("A")) if image.mode == "RGBA" else None
    pixels = _floats(colour.to_srgb(image, stored))
    if alpha is not None:
        _fill_transparent(pixels, alpha)
    return Picture(
        _upright(pixels, orientation),
        None if alpha is None else _upright(alpha, orientation),
        decoded.metadata,
        decoded.notes,
    )


def read_size(path: Path) -> tuple[int, int]:
    """The upright (height, width) of a picture, from its header alone.

    Raises:
        InputError: as :func:`read`, for faults that the header shows.
    """
    with decoding.open_picture(path) as image:
        width, height = image.size
        swaps_sides = _TURNS[decoding.orientation_of(image)][0]
        return (width, height) if swaps_sides else (height, width)


def read_tags(path: Path) -> dict[str, str]:
    """The text that ``writing.write`` stored in a PNG; {} if there is none or the file cannot be read."""
    try:
        with decoding.open_picture(path) as image:
            # Not image.text: it decodes the whole picture. Of a PNG's header only text is stored as str.
            return {str(name): text for name, text in image.info.items() if isinstance(text, str)}
    except NstpipeError:
        return {}


def _floats(image: Image.Image) -> FloatArray:
    return np.asarray(image).astype(np.float32)


def _fill_transparent(pixels: FloatArray, alpha: FloatArray) -> None:
    hidden = alpha == 0
    if not hidden.all():
        pixels[hidden] = cv2.mean(pixels, mask=(~hidden).astype(np.uint8))[:3]


def _upright(array: FloatArray, orientation: int) -> FloatArray:
    swap, down, right = _TURNS[orientation]
    swapped = array.swapaxes(0, 1) if swap else array
    return np.ascontiguousarray(swapped[::down, ::right])
