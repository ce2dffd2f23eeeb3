"""Tell a picture file that was damaged after it was written from a whole file with other content."""

from pathlib import Path

from pipeline.errors import InputError, TooLargeError
from pipeline.pictures import opening, png_chunks, tiff_tags
from pipeline.pictures.jpeg_ends import END_MARKER

_JPEG, _WEBP, _BMP = b"\xff\xd8\xff", b"RIFF", b"BM"
_TIFF = (b"II*\x00", b"MM\x00*")
_SIGNATURES = {
    ".png": (png_chunks.SIGNATURE,),
    ".jpg": (_JPEG,),
    ".jpeg": (_JPEG,),
    ".webp": (_WEBP,),
    ".tif": _TIFF,
    ".tiff": _TIFF,
    ".bmp": (_BMP,),
}
"""How the files that nstpipe writes begin, by their extension."""

_ZEROS = bytes(64)
"""What a file ends with whose last part was never written."""


def is_damaged(path: Path) -> bool:
    """Whether ``path`` is what a cut or a power failure leaves of a picture of its extension.

    True for an empty file, a file of zeros, and one that begins like a picture and by its own format lacks a
    part. A file that begins otherwise counts as whole; so does a picture of a kind that cannot be decoded
    here, such as a TIFF with JPEG 2000 in it: the user's programs may write what nstpipe does not read.

    Raises:
        OSError: it cannot be read.
    """
    data = path.read_bytes()
    if not data.strip(b"\0"):
        return True
    for signature in _SIGNATURES[path.suffix.lower()]:
        if data.startswith(signature):
            return _lacks_a_part(data, signature, path)
        if signature.startswith(data):
            return True
    return False


def _lacks_a_part(data: bytes, signature: bytes, path: Path) -> bool:
    if signature == png_chunks.SIGNATURE:
        return not png_chunks.is_whole(data)
    if signature in _TIFF:
        # Pillow reads a TIFF whose colour profile, which stands last, is cut.
        return tiff_tags.lacks_directory(data) or (tiff_tags.lacks_pixels(data) and _is_undecodable(path))
    if signature == _JPEG and data.endswith(_ZEROS):
        # Pillow decodes zeros as if they were pixels.
        return not data.rstrip(b"\0").endswith(END_MARKER)
    return _lacks_its_end(data, signature) and _is_undecodable(path)


def _lacks_its_end(data: bytes, signature: bytes) -> bool:
    """Whether a JPEG does not end with its marker, or the length in the header is more than the file has."""
    if signature == _JPEG:
        return not data.rstrip(b"\0").endswith(END_MARKER)
    if signature == _WEBP:
        return b"WEBP".startswith(data[8:12]) and 8 + int.from_bytes(data[4:8], "little") > len(data)
    return len(data) < 6 or int.from_bytes(data[2:6], "little") > len(data)


def _is_undecodable(path: Path) -> bool:
    """Whether decoding finds a fault. Memory that ran out, or a disk that cannot be read, is none."""
    try:
        with opening.opened(path) as (image, _):
            image.load()
    except TooLargeError:
        return False
    except InputError as error:
        cause = error.__cause__
        return not (isinstance(cause, OSError) and cause.errno is not None)
    return False
