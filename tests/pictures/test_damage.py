"""What a cut or a power failure leaves of a picture is told from a whole file of others."""

import errno
import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.pictures import opening, writing
from pipeline.pictures.damage import is_damaged
from tests.support.pictures import noise

SUFFIXES = [".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp"]


@pytest.fixture(params=SUFFIXES)
def path(request: pytest.FixtureRequest) -> Path:
    path = Path("a" + request.param)
    writing.write(path, noise(64, 96).astype(np.float32))
    return path


def test_whole_pictures_are_not_damaged(path: Path) -> None:
    assert not is_damaged(path)
    writing.write(path, np.zeros((64, 96, 3), np.float32))
    assert not is_damaged(path)


@pytest.mark.parametrize("cut", [0, 1, 3, 20, 0.3, 0.6, 0.99])
def test_a_cut_is_damage(path: Path, cut: float) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: int(cut * len(data)) if isinstance(cut, float) else cut])
    assert is_damaged(path)


def test_zeros_are_damage(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(bytes(len(data)))
    assert is_damaged(path)
    if path.suffix in (".png", ".jpg", ".jpeg"):  # the others have no end or checksum that would tell
        path.write_bytes(data[: len(data) // 2] + bytes(len(data) - len(data) // 2))
        assert is_damaged(path)


def test_an_edited_picture_and_files_of_other_kinds_are_whole(path: Path) -> None:
    with Image.open(path) as image:
        image.rotate(90).save(path)
    assert not is_damaged(path)
    for data in (b"my notes", b"my notes " * 999, b"8BPS\x00\x01" + bytes(99)):
        path.write_bytes(data)
        assert not is_damaged(path)
    other = io.BytesIO()
    Image.new("RGB", (9, 9)).save(other, "GIF")
    path.write_bytes(other.getvalue())
    assert not is_damaged(path)


def with_tag(data: bytes, tag: int, value: int) -> bytes:
    """A little-endian TIFF in which a tag that has one short number has another one."""
    place = int.from_bytes(data[4:8], "little")
    count = int.from_bytes(data[place : place + 2], "little")
    rows = range(place + 2, place + 2 + 12 * count, 12)
    at = next(row for row in rows if int.from_bytes(data[row : row + 2], "little") == tag)
    return data[: at + 8] + value.to_bytes(2, "little") + data[at + 10 :]


@pytest.mark.parametrize(
    ("tag", "value"),
    [(259, 34712), (259, 34887), (259, 50000)],
    ids=["JPEG 2000", "LERC", "Zstd"],
)
def test_a_whole_tiff_of_a_kind_that_is_not_read_is_whole_and_cut_it_is_damaged(tag: int, value: int) -> None:
    path = Path("a.tif")
    writing.write(path, noise(64, 96).astype(np.float32))
    data = with_tag(path.read_bytes(), tag, value)
    path.write_bytes(data)
    assert not is_damaged(path)
    path.write_bytes(data[: len(data) // 2])
    assert is_damaged(path)


def test_other_whole_files_with_the_signature_of_a_picture_are_whole() -> None:
    """A sound file, an iPhone's PNG, a lossless JPEG."""
    writing.write(Path("a.png"), noise(9, 9).astype(np.float32))
    png = Path("a.png").read_bytes()
    chunk = b"CgBI" + bytes(4)
    apple = png[:8] + struct.pack(">I", 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) + png[8:]
    files = {
        "b.webp": b"RIFF" + (36).to_bytes(4, "little") + b"WAVEfmt " + bytes(range(28)),
        "b.png": apple,
        "b.jpg": b"\xff\xd8\xff\xc3\x00\x0b\x08\x00\x10\x00\x10\x01\x01\x11\x00" + b"\x7f" * 99 + b"\xff\xd9",
    }
    for name, data in files.items():
        Path(name).write_bytes(data)
        assert not is_damaged(Path(name)), name


def test_a_disk_that_cannot_be_read_is_no_damage(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*arguments: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    path.write_bytes(path.read_bytes()[:-9])
    monkeypatch.setattr(opening, "header", fails)
    if path.suffix not in (".png", ".tif", ".tiff"):  # these are not decoded where their tags or chunks tell
        assert not is_damaged(path)
    monkeypatch.setattr(Path, "read_bytes", fails)
    with pytest.raises(OSError, match="Input/output error"):
        is_damaged(path)


def test_a_jpeg_with_something_after_its_end_is_whole() -> None:
    writing.write(Path("a.jpg"), noise(64, 96).astype(np.float32))
    with Path("a.jpg").open("ab") as file:
        file.write(bytes(999))
    assert not is_damaged(Path("a.jpg"))


def test_a_png_with_a_wrong_checksum_is_damaged() -> None:
    """Pillow loads it without a word."""
    writing.write(Path("a.png"), noise(64, 96).astype(np.float32))
    data = bytearray(Path("a.png").read_bytes())
    data[-13] ^= 1  # the last byte before IEND, which has 12
    Path("a.png").write_bytes(data)
    assert is_damaged(Path("a.png"))
