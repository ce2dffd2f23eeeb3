"""JPEGs that lack their end: what is whole is taken, and what is not stays refused."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.errors import InputError
from pipeline.pictures.images import Picture, read
from tests.support.pictures import encoded, noise, saved

KINDS = [
    {},
    {"progressive": True},
    {"restart_marker_rows": 1},
    {"restart_marker_blocks": 1},
    {"subsampling": 0, "quality": 95},
]
END = b"\xff\xd9"


def photo(height: int = 240, width: int = 320) -> Image.Image:
    """Smooth, with a little noise, as photographs are."""
    smooth = Image.fromarray(noise(6, 8)).resize((width, height), Image.Resampling.BICUBIC)
    return Image.fromarray((np.asarray(smooth) * 0.8 + noise(height, width) * 0.2).astype(np.uint8))


def cut(folder: Path, data: bytes) -> Picture:
    return read(saved(folder, "cut.jpg", data))


@pytest.mark.parametrize("options", KINDS)
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("lacking", [1, 2])
def test_without_its_end_marker_every_pixel_is_there(
    tmp_path: Path, options: dict[str, object], mode: str, lacking: int
) -> None:
    data = encoded(photo().convert(mode), "JPEG", **options)
    picture, whole = cut(tmp_path, data[:-lacking]), read(saved(tmp_path, "whole.jpg", data))
    np.testing.assert_array_equal(picture.pixels, whole.pixels)
    assert whole.notes == ()
    # A restart marker at the end lets the decoder finish by itself.
    if "restart_marker_rows" not in options:
        assert picture.notes == (f"{tmp_path}/cut.jpg: lacks its end marker; every pixel is there",)


@pytest.mark.parametrize("options", KINDS)
def test_a_few_bytes_short_what_is_whole_is_taken(tmp_path: Path, options: dict[str, object]) -> None:
    """The last 12 bytes hold a part of the last blocks: below row 224, at the right."""
    data = encoded(photo(), "JPEG", **options)
    picture, whole = cut(tmp_path, data[:-12]), read(saved(tmp_path, "whole.jpg", data))
    differs = (picture.pixels != whole.pixels).any(axis=2)
    assert differs.any()
    assert not differs[:223].any() and not differs[:, :240].any()  # colour bleeds by one row
    assert len(picture.notes) == 1 and "cut.jpg: is cut short: the last 0." in picture.notes[0]


@pytest.mark.parametrize("subsampling", [0, 1, 2])
@pytest.mark.parametrize(("size", "lacking"), [((240, 320), 14), ((16, 64), 4)])
def test_missing_blocks_continue_the_pixels_before_them(
    tmp_path: Path, subsampling: int, size: tuple[int, int], lacking: int
) -> None:
    """A grey block blurs the colour of the row above it: what continues it must not be grey, too."""
    height, width = size
    data = encoded(Image.new("RGB", (width, height), (200, 40, 40)), "JPEG", subsampling=subsampling)
    picture = cut(tmp_path, data[:-lacking])
    assert "is cut short" in picture.notes[0]
    np.testing.assert_allclose(picture.pixels, np.broadcast_to((200, 40, 40), (height, width, 3)), atol=3)


def cut_in_scan(data: bytes, share: float) -> bytes:
    """The file without the last ``share`` of what follows its last start of scan."""
    begin = data.rindex(b"\xff\xda")
    return data[: len(data) - int((len(data) - begin) * share)]


@pytest.mark.parametrize("options", [{}, {"restart_marker_rows": 1}, {"restart_marker_blocks": 1}])
@pytest.mark.parametrize(("share", "is_taken"), [(0.02, True), (0.04, True), (0.06, False), (0.5, False)])
def test_the_bound_is_a_twentieth(
    tmp_path: Path, options: dict[str, object], share: float, is_taken: bool
) -> None:
    """The last of 15 rows of blocks holds 7 % of the data."""
    data = cut_in_scan(encoded(photo(), "JPEG", **options), share)
    if is_taken:
        assert cut(tmp_path, data).pixels.shape == (240, 320, 3)
    else:
        with pytest.raises(InputError, match=r"cut.jpg: is damaged or cut short \(the last .* are missing\)"):
            cut(tmp_path, data)


def test_two_rows_of_blocks_are_too_much_in_a_tall_picture(tmp_path: Path) -> None:
    """1.5 of 100 rows are far less than a twentieth, but more than a row; at an eighth the size, too."""
    data = encoded(photo(800, 64), "JPEG", subsampling=0)
    too_short = saved(tmp_path, "cut.jpg", cut_in_scan(data, 0.015))
    for longest_side in (None, 50):
        with pytest.raises(InputError, match="are missing"):
            read(too_short, longest_side)
    assert cut(tmp_path, cut_in_scan(data, 0.004)).notes


def test_of_a_progressive_jpeg_whole_scans_must_not_be_missing(tmp_path: Path) -> None:
    data = encoded(photo(), "JPEG", progressive=True)
    with pytest.raises(InputError, match="lack their finest detail"):
        cut(tmp_path, cut_in_scan(data, 0.3))
    with pytest.raises(InputError, match="is damaged or cut short"):
        cut(tmp_path, data[: data.rindex(b"\xff\xda")])  # the picture looks whole
    picture, whole = cut(tmp_path, data[:-12]), read(saved(tmp_path, "whole.jpg", data))
    assert "lack their finest detail" in picture.notes[0]
    differs = (picture.pixels != whole.pixels).any(axis=2)
    assert not differs[:223].any()
    # What is there of the last blocks is kept: it does not continue the row above.
    assert (picture.pixels[233:240, 304:] != picture.pixels[231, 304:]).any()


def test_of_separate_scans_for_the_colours_none_must_be_missing(tmp_path: Path) -> None:
    """A grey scan alone would decode to a grey picture."""
    data = encoded(photo(), "JPEG", progressive=True)
    baseline = data.replace(b"\xff\xc2", b"\xff\xc0", 1)  # its header claims one scan of everything
    with pytest.raises(InputError):
        cut(tmp_path, baseline[: data.index(b"\xff\xda") + 100])


@pytest.mark.parametrize("options", [kind for kind in KINDS if "progressive" not in kind])
@pytest.mark.parametrize("tail", ["end marker", "zeros", "ones"])
def test_a_bottom_that_is_filled_is_refused_though_the_file_seems_whole(
    tmp_path: Path, options: dict[str, object], tail: str
) -> None:
    """Rescue programs write an end marker; interrupted copies have their full length."""
    data = encoded(photo(), "JPEG", **options)
    half = data[: len(data) // 2]
    rest = {"end marker": END, "zeros": bytes(len(half)), "ones": b"\xff" * len(half)}[tail]
    with pytest.raises(InputError, match=r"are missing\)"):
        cut(tmp_path, half + rest)


def test_between_two_restart_markers_the_rest_is_missed(tmp_path: Path) -> None:
    """At a restart marker the decoder drops data that it does not expect."""
    data = encoded(photo(), "JPEG", restart_marker_rows=1)
    place = data.index(b"\xff\xd4")
    for end in (place, place + 2):
        with pytest.raises(InputError, match=r"are missing\)"):
            cut(tmp_path, data[:end])


@pytest.mark.parametrize("colour", [(128, 128, 128), (127, 127, 127)])
@pytest.mark.parametrize("tail", [b"", bytes(5000), b"\xff" * 100, b"a video of some seconds" * 50])
def test_a_whole_picture_with_a_grey_corner_or_a_tail_is_whole(
    tmp_path: Path, colour: tuple[int, int, int], tail: bytes
) -> None:
    for options in KINDS:
        picture = cut(tmp_path, encoded(Image.new("RGB", (64, 48), colour), "JPEG", **options) + tail)
        assert picture.notes == ()
        np.testing.assert_allclose(picture.pixels, colour[0], atol=1)


def test_second_picture_of_an_mpo_is_not_looked_at(tmp_path: Path) -> None:
    first, second = photo(), Image.new("RGB", (320, 240))
    data = encoded(first, "MPO", save_all=True, append_images=[second])
    assert cut(tmp_path, data).notes == ()
    half = cut(tmp_path, data[: data.rindex(b"\xff\xd8")])
    np.testing.assert_array_equal(half.pixels, cut(tmp_path, data).pixels)


def test_a_small_copy_is_as_tolerant_as_the_whole(tmp_path: Path) -> None:
    data = encoded(photo(480, 640), "JPEG")
    whole = read(saved(tmp_path, "whole.jpg", data), longest_side=64).pixels
    picture = read(saved(tmp_path, "cut.jpg", data[:-2]), longest_side=64)
    np.testing.assert_array_equal(picture.pixels, whole)
    assert picture.notes
    with pytest.raises(InputError, match="are missing"):
        read(saved(tmp_path, "cut.jpg", cut_in_scan(data, 0.2)), longest_side=64)


def test_profile_and_orientation_survive(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encoded(photo(), "JPEG", exif=exif)
    picture = cut(tmp_path, data[:-6])
    assert picture.pixels.shape == (320, 240, 3) and picture.notes
