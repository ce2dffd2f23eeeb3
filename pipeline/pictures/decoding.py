"""Decode a picture file with Pillow: at a small size where that is enough, if it fits in the memory."""

import contextlib
import io
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import ExifTags, Image

from pipeline.base.arrays import Size
from pipeline.base.memory import free_memory
from pipeline.base.messages import shown
from pipeline.errors import TooLargeError
from pipeline.pictures import jpeg_ends, metadata, opening, png_chunks
from pipeline.pictures.metadata import Metadata

BYTES_PER_DECODED_PIXEL = 16
"""Four in Pillow, four in its premultiplied copy if there is alpha, and eight during conversion to NumPy."""

BYTES_PER_RESULT_PIXEL = 20
"""Colour and alpha as float32, and four bytes more while the colour profile is applied."""

BYTES_PER_PROGRESSIVE_PIXEL = 6
"""A progressive JPEG keeps all coefficients, 16 bits for three channels, however small it is decoded."""

MIN_DRAFT_SCALE = 2
"""A JPEG is decoded at this times the wanted size at least; averaging over areas does the rest."""


@dataclass(frozen=True, eq=False)
class Decoded:
    """A picture file, decoded.

    Attributes:
        image: as it is stored, perhaps smaller than the file's.
        size: (height, width) in the file's header.
        orientation: 1..8, still to be applied.
        metadata: what a pastiche keeps of the rest of the file.
        notes: what the user should know about the file, each in one line.
    """

    image: Image.Image
    size: Size
    orientation: int
    metadata: Metadata
    notes: tuple[str, ...] = ()


@contextlib.contextmanager
def open_picture(path: Path) -> Iterator[Image.Image]:
    """Open the picture in ``path`` and read its header, see :func:`pipeline.pictures.opening.opened`."""
    with opening.opened(path) as (image, _):
        yield image


def inspect(path: Path, longest_side: int) -> tuple[str, ...]:
    """Check what can be checked without decoding the picture in ``path``.

    Returns:
        what the user should know about the file, as far as its header shows it, each in one line.

    Raises:
        InputError, TooLargeError: as :func:`decode`, for faults that the header shows.
    """
    with opening.opened(path) as (image, faults):
        full_size = image.size
        image.draft(image.mode, _min_draft(full_size, longest_side))
        _require_memory(path, image, full_size, longest_side)
        return _notes(path, image, faults)


def decode(path: Path, longest_side: int | None) -> Decoded:
    """The first frame of ``path``; a JPEG is decoded at a smaller size, at least twice ``longest_side``.

    Damage that costs no pixel, or hardly any at the end of a JPEG, costs a note.

    Raises:
        InputError: see :func:`pipeline.pictures.opening.opened`.
        TooLargeError: decoding would need more memory than is free.
    """
    with opening.opened(path) as (image, faults):
        width, height = image.size
        orientation = orientation_of(image)

        def shrink(image: Image.Image) -> Any:
            """Choose a smaller size for a JPEG; its (mode, box), or None where nothing is to be chosen."""
            return longest_side and image.draft(image.mode, _min_draft(image.size, longest_side))

        draft = shrink(image)
        _require_memory(path, image, (width, height), longest_side)
        if image.format == "PNG" and not faults:
            image, faults = _verified_png(path, image)
        if image.format in ("JPEG", "MPO"):
            image, faults = _loaded_jpeg(path, image, shrink)
        else:
            image.load()
        notes = _notes(path, image, faults)
        kept = metadata.of(image, path)  # of a PNG, the end of the file has been read only now
        if draft and image.size != (width, height):
            # Where the factor does not divide a side, the last row or column is mostly padding.
            image = image.crop(draft[1])
        return Decoded(image, (height, width), orientation, kept, notes)


def orientation_of(image: Image.Image) -> int:
    """The EXIF orientation, 1..8, that is still to be applied; 1 where there is none or it is damaged."""
    if image.format == "TIFF":  # Pillow applies these itself
        return 1
    try:
        # Not image.getexif(): for a PNG it decodes the whole picture.
        value = Image.Image.getexif(image).get(ExifTags.Base.Orientation, 1)
    except Exception:
        return 1
    return int(value) if value in range(1, 9) else 1


def _min_draft(size: tuple[int, int], longest_side: int) -> tuple[int, int]:
    """The least (width, height) at which to decode a JPEG of ``size`` that is shrunk to ``longest_side``."""
    share = MIN_DRAFT_SCALE * longest_side / max(size)
    return math.ceil(size[0] * share), math.ceil(size[1] * share)


def _require_memory(
    path: Path, image: Image.Image, full_size: tuple[int, int], longest_side: int | None
) -> None:
    """Raise unless ``image`` fits in the free memory; ``full_size`` is the file's (width, height)."""
    decoded, full = image.width * image.height, full_size[0] * full_size[1]
    result = decoded if longest_side is None else min(decoded, longest_side**2)
    need = BYTES_PER_DECODED_PIXEL * decoded + BYTES_PER_RESULT_PIXEL * result
    if "progressive" in image.info:
        need += BYTES_PER_PROGRESSIVE_PIXEL * full
    free = free_memory()
    if need > free:
        raise TooLargeError(
            f"{shown(path)}: {full_size[0]} x {full_size[1]} pixels need about {need / 1e9:.1f} GB to open,"
            f" {free / 1e9:.1f} GB are free; make the picture smaller or close other programs"
        )


def _verified_png(path: Path, image: Image.Image) -> tuple[Image.Image, tuple[str, ...]]:
    """``image``, a PNG; where its checksums are wrong, the same without what is damaged.

    Pillow loads pixels without comparing their checksums.
    """
    try:
        with Image.open(path, formats=["PNG"]) as again:
            again.verify()
    except Exception:
        mended = png_chunks.mended(path.read_bytes())
        if mended is None:
            raise
        return opening.header(io.BytesIO(mended[0]), path), mended[1]
    return image, ()


def _loaded_jpeg(
    path: Path, image: Image.Image, shrink: Callable[[Image.Image], Any]
) -> tuple[Image.Image, tuple[str, ...]]:
    """``image``, a JPEG, loaded; and what it lacks."""
    try:
        image.load()
    except OSError:
        result = jpeg_ends.decoded(path.read_bytes(), shrink)
        if result is None:
            raise
        if result[1] is None:
            return result[0], ("lacks its end marker; every pixel is there",)
    else:
        result = jpeg_ends.examined(path, image, shrink)
    image, missing = result
    if missing is None:
        return image, ()
    if not missing.is_small:
        raise OSError(str(missing))
    return image, (f"is cut short: {missing}" + ("" if missing.is_detail else " and continue those above"),)


def _notes(path: Path, image: Image.Image, faults: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"{shown(path)}: {note}" for note in (*faults, *_on_frames(path, image)))


def _on_frames(path: Path, image: Image.Image) -> tuple[str, ...]:
    """What to tell of a file with more pictures than the first. A JPEG's others are its previews or depth."""
    if image.format not in ("GIF", "WEBP", "PNG", "AVIF", "TIFF"):
        return ()
    try:
        # Anew, since counting moves from frame to frame, and a later one may be damaged.
        with Image.open(path, formats=[image.format]) as again:
            frames = int(getattr(again, "n_frames", 1))
    except Exception:
        return ()
    if frames < 2:
        return ()
    if image.format == "TIFF":
        return (f"has {frames} pages; the first is taken",)
    return (f"is an animation of {frames} frames; its first is taken; nstpipe video takes clips",)
