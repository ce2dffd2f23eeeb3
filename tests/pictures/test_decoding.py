import os
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from pipeline.errors import InputError, NstpipeError, TooLargeError
from pipeline.pictures import decoding
from pipeline.pictures.images import read, read_size
from tests.support.pictures import encoded, noise, png_header, saved

HEIC = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(200)
AVIF_CUT = b"\x00\x00\x00\x20ftypavif\x00\x00\x00\x00avifmif1" + bytes(20)


def error_of(path: Path, longest_side: int | None = None) -> str:
    with pytest.raises(InputError) as caught:
        read(path, longest_side)
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    return message


def test_missing_file(tmp_path: Path) -> None:
    path = tmp_path / "gone.jpg"
    assert error_of(path) == f"{path}: no such file; check the path"
    with pytest.raises(InputError, match="no such file"):
        read_size(path)


def test_broken_link_and_link_to_itself(tmp_path: Path) -> None:
    (tmp_path / "nothing.png").symlink_to(tmp_path / "gone.png")
    (tmp_path / "itself.png").symlink_to(tmp_path / "itself.png")
    assert "no such file" in error_of(tmp_path / "nothing.png")
    assert "itself.png: no such file (Too many levels of symbolic links)" in error_of(tmp_path / "itself.png")


def test_folder_instead_of_a_file(tmp_path: Path) -> None:
    assert error_of(tmp_path) == f"{tmp_path}: is a folder; name a picture (nstpipe batch takes folders)"


def test_path_below_a_file(tmp_path: Path) -> None:
    file = saved(tmp_path, "a.jpg", b"x")
    assert "a.jpg/b.jpg: no such file (Not a directory)" in error_of(file / "b.jpg")


def test_name_too_long(tmp_path: Path) -> None:
    assert "no such file (File name too long)" in error_of(tmp_path / ("x" * 300 + ".png"))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    assert "is not a file" in error_of(tmp_path / "pipe.png")


def test_zero_bytes(tmp_path: Path) -> None:
    assert "empty.png: is empty (0 bytes)" in error_of(saved(tmp_path, "empty.png", b""))


@pytest.mark.parametrize(
    ("data", "desired"),
    [
        (b"Dear diary,\ntoday I painted.\n", "is not a picture that can be read"),
        (b"\xff\xd8\xff", "is not a picture that can be read, or its header is damaged"),
        (HEIC, "is a HEIC picture, which nstpipe does not read; convert it to PNG or JPEG first"),
        (b"\x00\x00\x00\x18ftypisom" + bytes(100), "is a video"),
        (b"\x00\x00\x00\x18ftypcrx " + bytes(100), "is a raw photograph, which nstpipe does not read"),
        (b"FUJIFILMCCD-RAW 0201", "is a raw photograph"),
        (b"\xff\x0a" + bytes(30), "is a JPEG XL picture"),
        (b"%PDF-1.7\n", "is a PDF document"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "is a PostScript document"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "is an SVG drawing"),
    ],
)
def test_what_is_not_a_picture_but_named_jpg(tmp_path: Path, data: bytes, desired: str) -> None:
    assert desired in error_of(saved(tmp_path, "a.jpg", data))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_cut_short_is_refused_not_filled(tmp_path: Path, kind: str, share: float) -> None:
    data = encoded(Image.fromarray(noise(90, 120)), kind)
    path = saved(tmp_path, "cut.jpg", data[: int(len(data) * share)])
    assert "cut.jpg: is " in error_of(path)
    assert "cut.jpg: is " in error_of(path, longest_side=16)  # the cheap way as well


def test_progressive_jpeg_cut_short_is_refused(tmp_path: Path) -> None:
    data = encoded(Image.fromarray(noise(90, 120)), "JPEG", progressive=True)
    assert "is damaged or cut short" in error_of(saved(tmp_path, "cut.jpg", data[: len(data) // 2]))


def test_cut_avif_is_one_line(tmp_path: Path) -> None:
    error_of(saved(tmp_path, "cut.avif", AVIF_CUT))


def test_message_stays_one_line_whatever_the_name(tmp_path: Path) -> None:
    assert "a\\nb.png: is empty" in error_of(saved(tmp_path, "a\nb.png", b""))


def test_header_that_no_machine_can_hold(tmp_path: Path) -> None:
    path = saved(tmp_path, "bomb.png", png_header(900_000, 900_000))
    with pytest.raises(TooLargeError, match=r"bomb.png: 900000 x 900000 pixels need about \d+"):
        read(path, longest_side=512)


def test_need_is_compared_with_free_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved(tmp_path, "large.png", png_header(60_000, 60_000))
    monkeypatch.setattr(decoding, "free_memory", lambda: 8 * 10**9)
    with pytest.raises(TooLargeError) as caught:
        read(path, longest_side=512)
    assert "60000 x 60000 pixels need about 57.6 GB to open, 8.0 GB are free" in str(caught.value)
    assert read_size(path) == (60_000, 60_000)  # a header costs nothing


def test_more_pixels_than_pillow_allows_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)  # stands for a picture of 180 million pixels
    path = saved(tmp_path, "large.png", encoded(Image.fromarray(noise(60, 60)), "PNG"))
    with pytest.raises(Image.DecompressionBombError):
        Image.open(path)
    assert read(path).pixels.shape == (60, 60, 3)
    assert read_size(path) == (60, 60)
    assert Image.MAX_IMAGE_PIXELS == 1000


def test_two_threads_read_at_once_without_limit_and_warnings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    path = saved(tmp_path, "large.png", encoded(Image.fromarray(noise(60, 60)), "PNG"))
    filters = list(warnings.filters)
    both_are_open, first_is_closed = threading.Barrier(2, timeout=20), threading.Event()

    def first() -> None:
        with decoding.open_picture(path):
            both_are_open.wait()
        first_is_closed.set()

    def second() -> None:
        with decoding.open_picture(path):
            both_are_open.wait()
            assert first_is_closed.wait(20)
            warnings.warn("from the reader of a format", stacklevel=1)  # an error outside
            assert read(path).pixels.shape == (60, 60, 3)

    with ThreadPoolExecutor(2) as threads:
        for reading in [threads.submit(first), threads.submit(second)]:
            reading.result()

    assert Image.MAX_IMAGE_PIXELS == 1000
    assert warnings.filters == filters


def test_large_jpeg_needs_little_memory_to_be_drawn_small(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = saved(tmp_path, "large.jpg", encoded(Image.new("RGB", (2000, 2000)), "JPEG"))
    monkeypatch.setattr(decoding, "free_memory", lambda: 4 * 10**6)
    assert read(path, longest_side=100).pixels.shape == (100, 100, 3)
    with pytest.raises(TooLargeError):
        read(path)
    progressive = encoded(Image.new("RGB", (2000, 2000)), "JPEG", progressive=True)
    with pytest.raises(TooLargeError):  # its coefficients are held at full size
        read(saved(tmp_path, "progressive.jpg", progressive), longest_side=100)


def test_memory_that_runs_out_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(*arguments: object) -> None:
        raise MemoryError

    path = saved(tmp_path, "a.png", encoded(Image.new("RGB", (9, 9)), "PNG"))
    monkeypatch.setattr(Image.core, "new", exhausted)
    with pytest.raises(TooLargeError, match=r"a\.png: memory ran out"):
        read(path)


def test_files_are_closed(tmp_path: Path) -> None:
    good = saved(tmp_path, "a.gif", encoded(Image.new("P", (9, 9)), "GIF", save_all=True))
    bad = saved(tmp_path, "b.png", png_header(9, 9)[:50])
    before = os.listdir("/proc/self/fd") if Path("/proc/self/fd").exists() else []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read(good)
        read_size(good)
        error_of(bad)
    after = os.listdir("/proc/self/fd") if before else []
    assert len(after) == len(before)


KINDS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "PPM")
WHOLE = {kind: encoded(Image.fromarray(noise(24, 20)), kind) for kind in KINDS}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kind=st.sampled_from(KINDS),
    place=st.integers(0, 10_000),
    patch=st.binary(min_size=1, max_size=8),
)
def test_damage_gives_a_picture_or_one_line(tmp_path: Path, kind: str, place: int, patch: bytes) -> None:
    data = bytearray(WHOLE[kind])
    place %= len(data)
    data[place : place + len(patch)] = patch
    path = saved(tmp_path, "patched", bytes(data))
    try:
        picture = read(path, longest_side=16)
    except NstpipeError as error:
        assert len(str(error).splitlines()) == 1
    else:
        assert max(picture.pixels.shape[:2]) <= 16


def test_a_png_with_one_wrong_byte_in_its_pixels_is_refused(tmp_path: Path) -> None:
    data = bytearray(encoded(Image.fromarray(noise(64, 64)), "PNG"))
    data[len(data) // 2] ^= 0x40
    path = saved(tmp_path, "flipped.png", bytes(data))
    with pytest.raises(InputError, match="flipped.png: is damaged"):
        decoding.decode(path, None)


def test_a_png_whose_checksum_is_wrong_is_damaged_though_its_pixels_can_be_loaded(tmp_path):
    """Pillow loads the pixels of a chunk without comparing its checksum."""
    data = bytearray(encoded(Image.fromarray(noise(20, 30)), "PNG"))
    end_of_pixels = data.index(b"IEND") - 4
    data[end_of_pixels - 1] ^= 0xFF  # the last byte of the last IDAT's checksum
    path = tmp_path / "a.png"
    path.write_bytes(data)
    with pytest.raises(InputError, match="a.png: is damaged or cut short"):
        decoding.decode(path, None)
