"""Tables that convert the colours of HDR and of wide gamuts to those of BT.709.

FFmpeg's scaler needs 2.6 s to prepare such a conversion, however few colours it then converts. So the tables
of ordinary HDR are stored with the program; ``python -m tools.make_colour_tables`` makes the file.
"""

from functools import lru_cache
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
from av.video.reformatter import ColorPrimaries, ColorTrc, Interpolation

from pipeline.base.arrays import FloatArray

LEVEL = 8
"""Of the Hald pictures: 64 steps for each of red, green and blue, in a picture of 512x512."""

BT709 = 1
"""The number of ITU-R BT.709 in H.273, for matrix, primaries and transfer; every player supports it."""

FILE = Path(__file__).with_name("colour_tables.npz")

STORED: tuple[tuple[int, int], ...] = (
    (ColorTrc.SMPTE2084, ColorPrimaries.BT2020),
    (ColorTrc.ARIB_STD_B67, ColorPrimaries.BT2020),
)
"""Transfer and primaries of the tables in :data:`FILE`: PQ and HLG."""

STORED_MAX = 1023
"""The stored value of a colour's 1.0; its steps are a quarter of a level of 8 bits."""


@lru_cache(maxsize=8)
def table(transfer: int, primaries: int) -> FloatArray:
    """The Hald picture, (512, 512, 3) RGB, 0 to 1, for colours with these tags (numbers of H.273).

    Its pixels are the colours of :func:`every_colour` in BT.709. Light above the diffuse white of HDR,
    203 cd/m², becomes white, whatever a clip says of its brightest.
    """
    if (transfer, primaries) not in STORED:
        return by_scaler(transfer, primaries)
    with np.load(FILE) as tables:
        return unpacked(tables[stored_name(transfer, primaries)])


def by_scaler(transfer: int, primaries: int) -> FloatArray:
    """:func:`table` as FFmpeg's scaler makes it."""
    colours = av.VideoFrame.from_ndarray(every_colour(), format="rgb48le")
    colours.color_trc, colours.color_primaries = transfer, primaries
    converted = colours.reformat(
        format="rgb48le",
        interpolation=Interpolation.BICUBIC,
        dst_color_trc=BT709,
        dst_color_primaries=BT709,
    )
    return np.asarray(converted.to_ndarray() / np.float32(65535), np.float32)


def every_colour() -> npt.NDArray[np.uint16]:
    """A Hald picture that changes no colour, (512, 512, 3) RGB: red runs fastest, blue slowest."""
    side, steps = LEVEL**3, LEVEL**2
    levels = (np.arange(steps) * (65535 / (steps - 1))).round().astype(np.uint16)
    blue, green, red = np.meshgrid(levels, levels, levels, indexing="ij")
    return np.stack([red, green, blue], -1).reshape(side, side, 3)


def stored_name(transfer: int, primaries: int) -> str:
    """The name of a table in :data:`FILE`."""
    return f"transfer_{transfer}_primaries_{primaries}"


def packed(colours: FloatArray) -> npt.NDArray[np.int16]:
    """A table as it is stored, (3, 512, 512): the differences of each value from its left neighbour."""
    values = np.moveaxis(np.round(colours * STORED_MAX).astype(np.int16), -1, 0)
    return np.diff(values, axis=2, prepend=np.int16(0))


def unpacked(differences: npt.NDArray[np.int16]) -> FloatArray:
    """The table that :func:`packed` has packed, to the nearest stored value."""
    values = np.moveaxis(differences.cumsum(axis=2, dtype=np.int16), 0, -1)
    return np.ascontiguousarray(values / np.float32(STORED_MAX), np.float32)
