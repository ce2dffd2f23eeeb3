"""Open a picture file with Pillow, or say in one line why it cannot be."""

import contextlib
import math
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path

from PIL import ExifTags, Image, UnidentifiedImageError

from pipeline.base.files import check_file
from pipeline.base.machine import free_memory
from pipeline.base.messages import shown
from pipeline.errors import InputError, NstpipeError, TooLargeError

FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "PPM", "AVIF", "JPEG2000")
"""Pillow's readers that are used. Never all of them: the one for EPS runs another program on the file."""

BYTES_PER_DECODED_PIXEL = 16
"""Pillow's four bytes, its premultiplied copy where there is alpha, and twice as much on the way to NumPy."""

BYTES_PER_RESULT_PIXEL = 20
"""Colour and alpha as float32, and four more while the colour profile is applied."""

BYTES_PER_PROGRESSIVE_PIXEL = 6
"""A progressive JPEG keeps all its coefficients, 16 bits for three channels, however small it is drawn."""

DRAW_AT_LEAST = 2
"""Times the wanted size: what a JPEG is drawn at, so that averaging over areas still decides the look."""

_FOREIGN = (
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
"""(offset, bytes, name) of what people hand over and what is not read here."""


@contextlib.contextmanager
def open_picture(path: Path) -> Iterator[Image.Image]:
    """The picture in ``path``, its header read and its pixels not yet; what the block raises is explained.

    Pillow's limit on pixels does not apply: :func:`decode` asks what the machine can hold instead.

    Raises:
        InputError: missing, no file, empty, no picture, a format that is not read, damaged or cut short.
        TooLargeError: memory ran out after all.
    """
    check_file(path, "a picture")
    with (
        _explained(path),
        _limits.off(),
        path.open("rb") as file,
        Image.open(file, formats=_readers()) as image,
    ):
        yield image


def decode(path: Path, longest_side: int | None) -> tuple[Image.Image, tuple[int, int], int]:
    """The first frame of ``path``; a JPEG is drawn near twice ``longest_side`` at once, never below.

    Returns:
        the loaded picture as it is stored, the (height, width) that the file gives, the orientation 1..8.

    Raises:
        InputError: see :func:`open_picture`.
        TooLargeError: decoding would need more memory than is free.
    """
    with open_picture(path) as image:
        width, height = image.size
        orientation = orientation_of(image)
        drawn = image.draft(image.mode, _at_least(image.size, longest_side)) if longest_side else None
        _require_memory(path, image, (width, height), longest_side)
        _verify_checksums(path, image)
        image.load()
        if drawn is None or image.size == (width, height):
            return image, (height, width), orientation
        # A side that the shrinking does not divide is drawn with a last column that is mostly padding.
        return image.crop(drawn[1]), (height, width), orientation


def orientation_of(image: Image.Image) -> int:
    """The EXIF orientation, 1..8, that is still to be applied; 1 where there is none or it is damaged."""
    if image.format == "TIFF":  # Pillow turns these itself
        return 1
    try:
        # Not image.getexif(): a PNG's decodes the whole picture.
        value = Image.Image.getexif(image).get(ExifTags.Base.Orientation, 1)
    except Exception:
        return 1
    return int(value) if value in range(1, 9) else 1


def _at_least(size: tuple[int, int], longest_side: int) -> tuple[int, int]:
    """The (width, height) that a JPEG of ``size`` must keep to be shrunk well to ``longest_side``."""
    share = DRAW_AT_LEAST * longest_side / max(size)
    return math.ceil(size[0] * share), math.ceil(size[1] * share)


def _require_memory(
    path: Path, image: Image.Image, full_size: tuple[int, int], longest_side: int | None
) -> None:
    """``image.size`` is what will be decoded, ``full_size`` the (width, height) of the file."""
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


def _verify_checksums(path: Path, image: Image.Image) -> None:
    """Raise for a PNG whose pixels were damaged: Pillow loads them without a look at their checksum."""
    if image.format == "PNG":
        with Image.open(path, formats=["PNG"]) as again:
            again.verify()


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
def _explained(path: Path) -> Iterator[None]:
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
    for offset, signature, name in _FOREIGN:
        if start.startswith(signature, offset):
            return f"is {name}, which is not read here"
    return "is not a picture that can be read, or its header is damaged"
