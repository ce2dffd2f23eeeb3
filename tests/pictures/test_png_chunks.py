"""PNGs with damage that costs no pixel."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.errors import InputError
from pipeline.pictures.images import read, read_size
from tests.support.pictures import encoded, noise, saved, with_chunk

PIXELS = noise(40, 50)


CONTENT = b"Comment\0of no importance"
PNG = encoded(Image.fromarray(PIXELS), "PNG")


@pytest.mark.parametrize("lacking", range(1, 21))
def test_a_png_without_its_end_is_whole_if_its_pixels_are(tmp_path: Path, lacking: int) -> None:
    """The last 20 bytes: checksum of the pixels (4), checksum of the last chunk (4), and the end (12)."""
    picture = read(saved(tmp_path, "a.png", PNG[:-lacking]))
    np.testing.assert_array_equal(picture.pixels, PIXELS)
    if lacking > 4:  # else only the checksum of the empty end chunk
        assert picture.notes == (f"{tmp_path}/a.png: lacks its end marker; every pixel is there",)


def test_a_damaged_end_is_an_end(tmp_path: Path) -> None:
    picture = read(saved(tmp_path, "a.png", PNG[:-1] + b"?"))
    np.testing.assert_array_equal(picture.pixels, PIXELS)


@pytest.mark.parametrize("lacking", [40, 200, 4000])
def test_a_png_that_lacks_pixels_is_refused(tmp_path: Path, lacking: int) -> None:
    with pytest.raises(InputError, match="is damaged or cut short"):
        read(saved(tmp_path, "a.png", PNG[:-lacking]))


@pytest.mark.parametrize("chunk", [b"tEXt", b"pHYs", b"iCCP", b"eXIf", b"prVt"])
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("where", ["content", "checksum"])
def test_a_damaged_chunk_that_is_not_needed_is_ignored(
    tmp_path: Path, chunk: bytes, after: bool, where: str
) -> None:
    data = bytearray(with_chunk(PNG, chunk, CONTENT, after=after))
    data[data.index(CONTENT) + (3 if where == "content" else len(CONTENT))] ^= 0x55
    path = saved(tmp_path, "a.png", bytes(data))
    assert read_size(path) == (40, 50)
    picture = read(path)
    np.testing.assert_array_equal(picture.pixels, PIXELS)
    assert picture.notes == (f"{path}: has a damaged chunk {chunk.decode()}, which is ignored",)


@pytest.mark.parametrize("chunk", [b"IHDR", b"IDAT", b"PLTE", b"NEED"])
def test_a_damaged_chunk_that_is_needed_is_refused(tmp_path: Path, chunk: bytes) -> None:
    """The names of such chunks begin with a capital letter, in later versions of the format as well."""
    whole = encoded(Image.fromarray(PIXELS).convert("P"), "PNG")
    data = bytearray(with_chunk(whole, b"NEED", CONTENT))
    data[data.index(chunk) + 6] ^= 0x01
    with pytest.raises(InputError):
        read(saved(tmp_path, "a.png", bytes(data)))


def test_damaged_pixels_are_refused_though_the_file_is_cut_behind_them(tmp_path: Path) -> None:
    """Without the checksum of their chunk, only that of the compressed data can show it."""
    data = bytearray(encoded(Image.fromarray(np.zeros((40, 50, 3), np.uint8)), "PNG", compress_level=0))
    data[len(data) // 2] ^= 0x40
    with pytest.raises(InputError):
        read(saved(tmp_path, "a.png", bytes(data[:-13])))


def test_rubbish_behind_the_end_does_not_count(tmp_path: Path) -> None:
    picture = read(saved(tmp_path, "a.png", PNG + b"rubbish" * 9))
    assert picture.notes == () and picture.pixels.shape == (40, 50, 3)
