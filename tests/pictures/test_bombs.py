"""Small files that claim or unpack to much: a picture or one line, in little memory."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.errors import InputError, TooLargeError
from pipeline.pictures import images
from tests.support.fuzzing import bounded_memory
from tests.support.pictures import encoded

PIXELS = np.full((40, 50, 3), 99, np.uint8)
SIGNATURE, END = b"\x89PNG\r\n\x1a\n", b"IEND"
MEGABYTES = 120


def packed(megabytes: int) -> bytes:
    """Zeros, in a thousandth of their size."""
    packer = zlib.compressobj(9)
    return b"".join(packer.compress(bytes(10**6)) for _ in range(megabytes)) + packer.flush()


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(before: bytes = b"", after: bytes = b"") -> bytes:
    """A PNG with chunks between its header and its pixels, and after these."""
    whole = encoded(Image.fromarray(PIXELS), "PNG")
    end = whole.index(END) - 4
    return whole[:33] + before + whole[33:end] + after + whole[end:]


def claiming(kind: str, position: int) -> bytes:
    """A picture whose header says that both sides are 65535."""
    data = bytearray(encoded(Image.fromarray(PIXELS), kind))
    data[position : position + 4] = b"\xff" * 4
    return bytes(data)


BOMB = packed(300)
METADATA = {
    "text": png(chunk(b"zTXt", b"Comment\0\0" + BOMB)),
    "unicode": png(chunk(b"iTXt", b"Comment\0\1\0\0\0" + BOMB)),
    "profile": png(chunk(b"iCCP", b"x\0\0" + BOMB)),
    "exif": png(after=chunk(b"zTXt", b"Raw profile type exif\0\0" + BOMB)),
    "many": png(b"".join(chunk(b"zTXt", b"%d\0\0" % number + packed(1)) for number in range(300))),
}
HEADER = struct.pack(">IIBBBBB", 50, 40, 8, 2, 0, 0, 0)
PIXEL_BOMB = SIGNATURE + chunk(b"IHDR", HEADER) + chunk(b"IDAT", BOMB) + chunk(END, b"")
JPEG = encoded(Image.fromarray(PIXELS), "JPEG")
SIZES = {"jpg": claiming("JPEG", JPEG.index(b"\xff\xc0") + 5), "gif": claiming("GIF", 6)}


@pytest.mark.parametrize("name", METADATA)
def test_metadata_that_unpack_to_much_take_little_memory(name: str, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(METADATA[name])
    assert path.stat().st_size < 10**6
    with bounded_memory(MEGABYTES), pytest.raises(InputError, match=r"a\.png: .*[Tt]oo"):
        images.read(path)


def test_pixels_beyond_the_size_are_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(PIXEL_BOMB)
    with bounded_memory(MEGABYTES):
        assert (images.read(path).pixels == 0).all()


@pytest.mark.parametrize("suffix", SIZES)
def test_a_size_that_no_machine_can_hold_is_refused(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(SIZES[suffix])
    with bounded_memory(MEGABYTES), pytest.raises(TooLargeError, match="65535 x 65535 pixels need about"):
        images.read(path)
