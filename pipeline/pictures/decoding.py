"""Open and decode a picture file with Pillow, or say in one line why that cannot be done."""

import contextlib
import io
import math
import threading
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from PIL import ExifTags, Image, UnidentifiedImageError

from pipeline.base.arrays import Size
from pipeline.base.files import check_file
from pipeline.base.machine import free_memory
from pipeline.base.messages import shown
from pipeline.errors import InputError, NstpipeError, TooLargeError
from pipeline.pictures import jpeg_ends, png_chunks

FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "PPM", "AVIF", "JPEG2000")
"""The readers of Pillow that are used. Not all of them: the one for EPS runs another program on the file."""

BYTES_PER_DECODED_PIXEL = 16
"""Four in Pillow, four in its premultiplied copy if there is alpha, and eight during conversion to NumPy."""

BYTES_PER_RESULT_PIXEL = 20
"""Colour and alpha as float32, and four bytes more while the colour profile is applied."""

BYTES_PER_PROGRESSIVE_PIXEL = 6
"""A progressive JPEG keeps all coefficients, 16 bits for three channels, however small it is decoded."""

MIN_DRAFT_SCALE = 2
"""A JPEG is decoded at this times the wanted size at least; averaging over areas does the rest."""

_OTHER_FORMATS = (
    (4, b"ftypheic", "a HEIC picture"),
    (4, b"ftypheix", "a HEIC picture"),
    (4, b"ftyphevc", "a HEIC picture"),
    (4, b"ftypmif1", "a HEIF picture"),
    (4, b"ftypmsf1", "a HEIF picture"),
    (4, b"ftyp", "a video"),
    (0, b"\x1aE\xdf\xa3", "a video"),
    (0, b"%PDF", "a PDF document"),
    (0, b"%!PS", "a PostScript document"),
    (0, b"8BPS", "a Photoshop picture"),
    (0, b"<svg", "an SVG drawing"),
    (0, b"\xff\x0a", "a JPEG XL picture"),
    (0, b"\x00\x00\x00\x0cJXL ", "a JPEG XL picture"),
)
"""(offset, bytes, name) of formats that people try and that are not read here."""


@dataclass(frozen=True, eq=False)
class Decoded:
    """A picture file, decoded.

    Attributes:
        image: as it is stored, perhaps smaller than the file's.
        size: (height, width) in the file's header.
        orientation: 1..8, still to be applied.
        notes: what the user should know about the file, each in one line.
    """

    image: Image.Image
    size: Size
    orientation: int
    notes: tuple[str, ...] = ()


@contextlib.contextmanager
def open_picture(path: Path) -> Iterator[Image.Image]:
    """Open the picture in ``path`` and read its header; errors in the block become ours.

    Pillow's limit on pixels does not apply: :func:`decode` checks the free memory instead.

    Raises:
        InputError: missing, not a file, empty, not a picture, of an unread format, damaged or cut short.
        TooLargeError: memory ran out.
    """
    with _opened(path) as (image, _):
        yield image


def decode(path: Path, longest_side: int | None) -> Decoded:
    """The first frame of ``path``; a JPEG is decoded at a smaller size, at least twice ``longest_side``.

    Damage that costs no pixel, or hardly any at the end of a JPEG, costs a note.

    Raises:
        InputError: see :func:`open_picture`.
        TooLargeError: decoding would need more memory than is free.
    """
    with _opened(path) as (image, faults):
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
        notes = tuple(f"{shown(path)}: {fault}" for fault in faults)
        if draft and image.size != (width, height):
            # Where the factor does not divide a side, the last row or column is mostly padding.
            image = image.crop(draft[1])
        return Decoded(image, (height, width), orientation, notes)


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


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[tuple[Image.Image, tuple[str, ...]]]:
    """The picture in ``path`` with its header read, and what is wrong with the file."""
    check_file(path, "a picture")
    with _errors_about(path), _limits.off(), path.open("rb") as file:
        faults: tuple[str, ...] = ()
        try:
            image = _header(file)
        except UnidentifiedImageError:
            file.seek(0)
            starts_as_png = file.read(len(png_chunks.SIGNATURE)) == png_chunks.SIGNATURE
            mended = png_chunks.mended(path.read_bytes()) if starts_as_png else None
            if mended is None:
                raise
            image, faults = _header(io.BytesIO(mended[0])), mended[1]
        with image:
            yield image, faults


def _header(file: IO[bytes]) -> Image.Image:
    return Image.open(file, formats=_readers())


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
        return _header(io.BytesIO(mended[0])), mended[1]
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


def _readers() -> list[str]:
    Image.init()
    return [name for name in FORMATS if name in Image.OPEN]  # a Pillow built without AVIF lacks it


class _ProcessWide:
    """Pillow's limit on pixels and Python's warning filters: off while any thread reads a picture.

    Both belong to the whole process. The first reader switches them off, the last one restores them, and any
    number of threads can read at once.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._readers = 0
        self._restore = contextlib.ExitStack()

    @contextlib.contextmanager
    def off(self) -> Iterator[None]:
        with self._lock:
            if self._readers == 0:
                self._switch_off()
            self._readers += 1
        try:
            yield
        finally:
            with self._lock:
                self._readers -= 1
                if self._readers == 0:
                    self._restore.close()

    def _switch_off(self) -> None:
        self._restore.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        self._restore.callback(setattr, Image, "MAX_IMAGE_PIXELS", Image.MAX_IMAGE_PIXELS)
        Image.MAX_IMAGE_PIXELS = None


_limits = _ProcessWide()


@contextlib.contextmanager
def _errors_about(path: Path) -> Iterator[None]:
    """Turn any error into one line about ``path``."""
    try:
        yield
    except NstpipeError:
        raise
    except MemoryError as error:
        raise TooLargeError(
            f"{shown(path)}: memory ran out; make the picture smaller or close other programs"
        ) from error
    except UnidentifiedImageError as error:
        raise InputError(f"{shown(path)}: {_what_it_is(path)}; convert it to PNG or JPEG first") from error
    except Exception as error:  # Pillow's readers raise nearly anything for a damaged file
        raise InputError(f"{shown(path)}: {_why(error)}") from error


def _why(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno is not None:
        return f"cannot be read ({error.strerror}); check the file and its permissions"
    reason = " ".join(str(error).split()) or type(error).__name__
    return f"is damaged or cut short ({reason}); get an intact copy"


def _what_it_is(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(16)
    for offset, signature, name in _OTHER_FORMATS:
        if start.startswith(signature, offset):
            return f"is {name}, which nstpipe does not read"
    return "is not a picture that can be read, or its header is damaged"
