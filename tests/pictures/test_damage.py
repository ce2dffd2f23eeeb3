"""What a cut or a power failure leaves of a picture is told from a whole file of others."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.pictures import images
from pipeline.pictures.damage import is_damaged
from tests.support.pictures import noise

SUFFIXES = [".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp"]


@pytest.fixture(params=SUFFIXES)
def path(request: pytest.FixtureRequest) -> Path:
    path = Path("a" + request.param)
    images.write(path, noise(64, 96).astype(np.float32))
    return path


def test_whole_pictures_are_not_damaged(path: Path) -> None:
    assert not is_damaged(path)
    images.write(path, np.zeros((64, 96, 3), np.float32))
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


def test_a_jpeg_with_something_after_its_end_is_whole() -> None:
    images.write(Path("a.jpg"), noise(64, 96).astype(np.float32))
    with Path("a.jpg").open("ab") as file:
        file.write(bytes(999))
    assert not is_damaged(Path("a.jpg"))


def test_a_png_with_a_wrong_checksum_is_damaged() -> None:
    """Pillow loads it without a word."""
    images.write(Path("a.png"), noise(64, 96).astype(np.float32))
    data = bytearray(Path("a.png").read_bytes())
    data[-13] ^= 1  # the last byte before IEND, which has 12
    Path("a.png").write_bytes(data)
    assert is_damaged(Path("a.png"))
