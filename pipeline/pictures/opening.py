"""Open a picture file with Pillow, or say in one line why that cannot be done."""

import contextlib
import io
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from PIL import Image, UnidentifiedImageError

from pipeline.base.files import check_file
from pipeline.base.messages import LONGEST_VALUE, cut, one_line, shown
from pipeline.errors import InputError, NstpipeError, TooLargeError
from pipeline.pictures import png_chunks, tiff_tags
from pipeline.pictures.folders import RAW

FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "PPM", "AVIF", "JPEG2000")
"""The readers of Pillow that are used. Not all of them: the one for EPS runs another program on the file."""

TGA_EXTENSIONS = (".tga", ".icb", ".vda", ".vst")
"""A TGA file has no signature: its reader, which takes much for a TGA, is used for these extensions alone."""

_SUBFILE_TYPE, _DNG_VERSION = 254, 0xC612
"""Tags of TIFF. The lowest bit of the first says that a picture is a smaller copy of another in the file."""

_OTHER_FORMATS = (
    (4, b"ftypheic", "a HEIC picture"),
    (4, b"ftypheix", "a HEIC picture"),
    (4, b"ftyphevc", "a HEIC picture"),
    (4, b"ftypmif1", "a HEIF picture"),
    (4, b"ftypmsf1", "a HEIF picture"),
    (4, b"ftypcrx", "a raw photograph"),
    (4, b"ftyp", "a video"),
    (0, b"\x1aE\xdf\xa3", "a video"),
    (0, b"%PDF", "a PDF document"),
    (0, b"%!PS", "a PostScript document"),
    (0, b"8BPS", "a Photoshop picture"),
    (0, b"<svg", "an SVG drawing"),
    (0, b"FUJIFILMCCD-RAW", "a raw photograph"),
    (0, b"IIR", "a raw photograph"),
    (0, b"IIU\x00", "a raw photograph"),
    (0, b"FOVb", "a raw photograph"),
    (0, b"gimp xcf", "a GIMP picture"),
    (0, b"v/1\x01", "an OpenEXR picture"),
    (0, b"qoif", "a QOI picture"),
    (0, b"\xff\x0a", "a JPEG XL picture"),
    (0, b"\x00\x00\x00\x0cJXL ", "a JPEG XL picture"),
)
"""(offset, bytes, name) of formats that people try and that are not read here."""


@contextlib.contextmanager
def opened(path: Path) -> Iterator[tuple[Image.Image, tuple[str, ...]]]:
    """The picture in ``path`` with its header read, and what is wrong with the file, in a few words each.

    Errors in the block become ours. Pillow's limit on pixels does not apply in it.

    Raises:
        InputError: missing, not a file, empty, not a picture, of an unread format, damaged or cut short.
        TooLargeError: memory ran out.
    """
    check_file(path, "a picture")
    with _errors_about(path), _limits.off(), path.open("rb") as file:
        faults: tuple[str, ...] = ()
        try:
            image = header(file, path)
        except UnidentifiedImageError:
            mended = _mended(file)
            if mended is None:
                raise
            image, faults = header(io.BytesIO(mended[0]), path), mended[1]
        with image:
            _refuse_raw(path, image)
            yield image, faults


def _mended(file: IO[bytes]) -> tuple[bytes, tuple[str, ...]] | None:
    """The contents of ``file`` without what is damaged in its header, and what that is; else None."""
    file.seek(0)
    start = file.read(len(png_chunks.SIGNATURE))
    file.seek(0)
    if start == png_chunks.SIGNATURE:
        return png_chunks.mended(file.read())
    return tiff_tags.mended(file.read()) if start[:2] in (b"II", b"MM") else None


def _refuse_raw(path: Path, image: Image.Image) -> None:
    """Refuse raw photographs that are TIFF files: Pillow reads the preview that stands first in them."""
    if image.format == "TIFF":
        tags = getattr(image, "tag_v2", {})
        is_preview = isinstance(kind := tags.get(_SUBFILE_TYPE), int) and kind & 1
        if is_preview or _DNG_VERSION in tags or path.suffix.lower() in RAW:
            raise InputError(
                f"{shown(path)}: is a raw photograph, of which only a preview can be read;"
                " convert it to PNG or JPEG first"
            )


def header(file: IO[bytes], path: Path) -> Image.Image:
    """The picture in ``file``, which is the contents of ``path`` or mended ones, with its header read."""
    return Image.open(file, formats=_readers(path))


def _readers(path: Path) -> list[str]:
    Image.init()
    if path.suffix.lower() in TGA_EXTENSIONS:
        return [*FORMATS, "TGA"]
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
    reason = one_line(cut(" ".join(str(error).split()), LONGEST_VALUE)) or type(error).__name__
    return f"is damaged or cut short ({reason}); get an intact copy"


def _what_it_is(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(16)
    for offset, signature, name in _OTHER_FORMATS:
        if start.startswith(signature, offset):
            return f"is {name}, which nstpipe does not read"
    return "is not a picture that can be read, or its header is damaged"
