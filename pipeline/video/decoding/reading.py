"""How the frames of a clip are decoded, as probing has found."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pipeline.base.arrays import Size
from pipeline.video.decoding.geometry import AS_STORED, Orientation

PYAV_VERSION = 1
"""Raised when a clip that PyAV reads comes to have other pixels; jobs that were begun before then differ."""

WIDE_COLOURS_VERSION = 2
"""Raised when only clips of HDR or of a wide gamut come to have other pixels."""


@dataclass(frozen=True)
class Reading:
    """How the frames of a clip are decoded; it can be pickled.

    Attributes:
        decoder: OpenCV wherever it reads the frames rightly, PyAV elsewhere; ``pictures`` where each frame is
            a picture file of its own, which :mod:`pipeline.footage` reads.
        size: (height, width) of the frames, upright.
        stream: the number of the stream among the clip's video streams.
        orientation: how PyAV's frames are turned and mirrored.
        is_interlaced: whether any of PyAV's frames is deinterlaced.
        has_wide_colours: whether the colours of any of PyAV's frames are HDR or of a wide gamut.
        files: the picture files, in order.
    """

    path: Path
    decoder: Literal["opencv", "pyav", "pictures"]
    size: Size
    stream: int = 0
    orientation: Orientation = AS_STORED
    is_interlaced: bool = False
    has_wide_colours: bool = False
    files: tuple[Path, ...] = ()

    @property
    def reader(self) -> str:
        """The decoder and the version of its pixels, for a job's record."""
        return _WIDE_READER if self.has_wide_colours else _READERS[self.decoder]


_READERS = {"opencv": "opencv", "pyav": f"pyav {PYAV_VERSION}", "pictures": "pictures"}

_WIDE_READER = f"pyav {PYAV_VERSION}, wide colours {WIDE_COLOURS_VERSION}"

READERS = (*_READERS.values(), _WIDE_READER)
"""Every reader of this version."""
