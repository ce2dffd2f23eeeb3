"""What a picture's file holds beside its pixels, and what of it a pastiche keeps."""

import math
import mmap
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from pipeline.pictures import exif
from pipeline.pictures.exif import Exif

LARGEST_DPI = 65535
"""A JPEG holds no more."""

_RAW_PROFILES = ("Raw profile type exif", "Raw profile type APP1")
"""Texts in which programs kept EXIF in hexadecimal before PNG had a chunk for it."""


@dataclass(frozen=True)
class Metadata:
    """What a pastiche keeps of its content's file.

    Attributes:
        exif: date, camera, exposure, place, author and rights.
        dpi: resolution (x, y) in dots per inch, if known.
    """

    exif: Exif = field(default_factory=Exif)
    dpi: tuple[float, float] | None = None

    def __bool__(self) -> bool:
        return bool(self.exif) or self.dpi is not None


NONE = Metadata()


def of(image: Image.Image, path: Path) -> Metadata:
    """The metadata of ``image``, which was loaded from ``path``. What is damaged is left out."""
    try:
        kept = _exif(image, path)
        dpi = _dpi(image.info.get("dpi")) or _dpi(exif.resolution(kept))
    except Exception:  # it must not cost the picture
        return NONE
    return Metadata(exif.with_resolution(kept, dpi) if kept and dpi else kept, dpi)


def _exif(image: Image.Image, path: Path) -> Exif:
    if image.format == "TIFF":  # itself a file of the kind that EXIF is
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as whole:
            return exif.parsed(whole)
    data = image.info.get("exif", b"")
    for name in _RAW_PROFILES:
        if not data and name in image.info:
            data = bytes.fromhex("".join(image.info[name].split("\n")[3:]))
    return exif.parsed(data) if isinstance(data, bytes) else Exif()


def _dpi(dpi: object) -> tuple[float, float] | None:
    """``dpi`` if it is a resolution that files can hold."""
    if not isinstance(dpi, tuple) or len(dpi) != 2:
        return None
    x, y = (float(value) for value in dpi)
    sound = all(math.isfinite(value) and 1 <= value <= LARGEST_DPI for value in (x, y))
    return (x, y) if sound else None
