"""PNGs with damage that costs no pixel: a missing end, or a damaged chunk of text, profile or date."""

import struct
import zlib
from collections.abc import Iterator

SIGNATURE = b"\x89PNG\r\n\x1a\n"

_END = b"IEND"
_PIXELS = b"IDAT"


def mended(data: bytes) -> tuple[bytes, tuple[str, ...]] | None:
    """A PNG without its damaged chunks and with an end; None where that does not help.

    Pixels that are cut off are for the decoder to find.

    Args:
        data: the file.

    Returns:
        a file, and what was wrong with the one given, in a few words each.
    """
    kept, faults = [SIGNATURE], []
    names: list[bytes] = []
    for name, content, is_whole, is_right in _chunks(data):
        is_cut_in_the_pixels = name == _PIXELS and not is_whole
        if is_right or is_cut_in_the_pixels:
            kept.append(_chunk(name, content))
            names.append(name)
        elif name == _END:
            break
        elif _is_necessary(name):
            return None
        else:
            faults.append(f"has a damaged chunk {name.decode('ascii')}, which is ignored")
    if _END not in names:
        kept.append(_chunk(_END, b""))
        faults.append("lacks its end marker; every pixel is there")
    return (b"".join(kept), tuple(faults)) if faults else None


def is_whole(data: bytes) -> bool:
    """Whether every chunk of a PNG has the checksum that it says, and the last is its end."""
    chunks = list(_chunks(data))
    return all(is_right for *_, is_right in chunks) and bool(chunks) and chunks[-1][0] == _END


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes, bool, bool]]:
    """For each chunk: its name and content, whether all of it is there, whether its checksum is right."""
    place = len(SIGNATURE)
    while place + 8 <= len(data):
        length, name = struct.unpack_from(">I4s", data, place)
        if not name.isalpha():  # not a name: what follows is no PNG any more
            return
        end = place + 8 + length
        content, stored = data[place + 8 : end], data[end : end + 4]
        is_right = stored == struct.pack(">I", zlib.crc32(name + content))
        yield name, content, end + 4 <= len(data), is_right
        if name == _END:
            return
        place = end + 4


def _is_necessary(name: bytes) -> bool:
    return name[:1].isupper()


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
