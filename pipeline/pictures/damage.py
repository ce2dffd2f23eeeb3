"""Tell a picture file that was damaged after it was written from a whole file with other content."""

from pathlib import Path

from pipeline.errors import InputError, TooLargeError
from pipeline.pictures import opening, tiff_tags

_SIGNATURES = {
    ".png": (b"\x89PNG\r\n\x1a\n",),
    ".jpg": (b"\xff\xd8\xff",),
    ".jpeg": (b"\xff\xd8\xff",),
    ".webp": (b"RIFF",),
    ".tif": (b"II*\x00", b"MM\x00*"),
    ".tiff": (b"II*\x00", b"MM\x00*"),
    ".bmp": (b"BM",),
}
"""How the files that nstpipe writes begin, by their extension."""

_END_OF_JPEG = b"\xff\xd9"

_ZEROS = bytes(64)
"""What a file ends with whose last part was never written."""


def is_damaged(path: Path) -> bool:
    """Whether ``path`` is what a cut or a power failure leaves of a picture of its extension.

    True for an empty file, a file of zeros, and one that begins like a picture and cannot be decoded to its
    end. A file that begins otherwise is another file and counts as whole.

    Raises:
        OSError: it cannot be read.
    """
    data = path.read_bytes()
    if not data.strip(b"\0"):
        return True
    signatures = _SIGNATURES[path.suffix.lower()]
    if not any(data.startswith(start) or start.startswith(data) for start in signatures):
        return False
    if data.startswith(b"\xff\xd8") and data.endswith(_ZEROS):
        # Pillow decodes zeros as if they were pixels.
        return not data.rstrip(b"\0").endswith(_END_OF_JPEG)
    # Pillow reads a TIFF whose colour profile, which stands last, is cut.
    return tiff_tags.mended(data) is not None or not _decodes(path)


def _decodes(path: Path) -> bool:
    try:
        with opening.opened(path) as (image, faults):
            if faults:
                return False
            if image.format == "PNG":
                image.verify()  # the checksums, which loading ignores
        with opening.opened(path) as (image, _):
            image.load()
    except TooLargeError:  # whole, as far as its header says
        return True
    except InputError:
        return False
    return True
