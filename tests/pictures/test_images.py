import os
import subprocess
import sys
import threading
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

from pipeline.base.resizing import resize, size_to_fit
from pipeline.errors import InputError, OutputError
from pipeline.pictures import writing
from pipeline.pictures.decoding import inspect
from pipeline.pictures.images import read, read_size, read_tags
from pipeline.pictures.writing import write
from tests.support import ROOT
from tests.support.pictures import encoded, noise, quarters, saved, swapped_profile, with_orientation


def floats(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0, 255, (height, width, 3)).astype(np.float32)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_exif_orientation_is_applied(tmp_path: Path, kind: str, orientation: int) -> None:
    path = saved(tmp_path, "a", with_orientation(quarters(32, 48), orientation, kind))
    assert read_size(path) == (32, 48)
    np.testing.assert_allclose(read(path).pixels, quarters(32, 48), atol=3)
    np.testing.assert_allclose(read(path, longest_side=24).pixels, quarters(16, 24), atol=3)


@pytest.mark.parametrize("orientation", [0, 9, 77])
def test_orientation_that_does_not_exist_is_ignored(tmp_path: Path, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = saved(tmp_path, "a.png", encoded(Image.fromarray(quarters()), "PNG", exif=exif))
    np.testing.assert_array_equal(read(path).pixels, quarters())


def test_damaged_exif_is_ignored(tmp_path: Path) -> None:
    data = encoded(Image.fromarray(quarters()), "PNG", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff\x01")
    path = saved(tmp_path, "a.png", data)
    np.testing.assert_array_equal(read(path).pixels, quarters())
    assert read_size(path) == (32, 48)


def test_alpha_is_turned_too(tmp_path: Path) -> None:
    stored = np.dstack([quarters(4, 6), np.full((4, 6), 200, np.uint8)])
    stored[0, 0, 3] = 100
    picture = read(saved(tmp_path, "a.png", with_orientation(stored, 6, "PNG")))
    assert picture.alpha is not None and picture.alpha[0, 0] == 100
    np.testing.assert_array_equal(picture.alpha, stored[..., 3])


def test_size_needs_the_header_alone(tmp_path: Path) -> None:
    data = with_orientation(noise(300, 200), 6, "JPEG")
    path = saved(tmp_path, "cut.jpg", data[:2000])
    assert read_size(path) == (300, 200)
    with pytest.raises(InputError):
        read(path)


def test_small_picture_is_not_enlarged(tmp_path: Path) -> None:
    path = saved(tmp_path, "a.png", encoded(Image.fromarray(quarters(9, 7)), "PNG"))
    np.testing.assert_array_equal(read(path, longest_side=100).pixels, quarters(9, 7))


def test_shrinking_averages_over_areas(tmp_path: Path) -> None:
    stored = noise(40, 60)
    path = saved(tmp_path, "a.png", encoded(Image.fromarray(stored), "PNG"))
    desired = stored.reshape(10, 4, 15, 4, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(read(path, longest_side=15).pixels, desired, atol=0.51)


@pytest.mark.parametrize("size", [(801, 1203), (1203, 801), (1024, 16), (999, 1000)])
@pytest.mark.parametrize("longest_side", [100, 333, 500])
def test_jpeg_drawn_small_is_the_same_picture(
    tmp_path: Path, size: tuple[int, int], longest_side: int
) -> None:
    smooth = np.asarray(Image.fromarray(noise(7, 9)).resize(size[::-1], Image.Resampling.BICUBIC))
    jpeg = saved(tmp_path, "a.jpg", encoded(Image.fromarray(smooth), "JPEG", quality=98, subsampling=0))
    png = saved(tmp_path, "a.png", encoded(Image.fromarray(smooth), "PNG"))
    actual, desired = read(jpeg, longest_side).pixels, read(png, longest_side).pixels
    assert actual.shape[:2] == size_to_fit(size, longest_side)
    assert np.abs(actual - desired).mean() < 1.5


def test_jpeg_drawn_small_is_not_stretched_by_its_padding(tmp_path: Path) -> None:
    ramp = np.broadcast_to(np.linspace(0, 255, 801)[None, :, None], (801, 801, 3)).astype(np.uint8)
    path = saved(tmp_path, "a.jpg", encoded(Image.fromarray(ramp), "JPEG", quality=98))
    desired = resize(ramp.astype(np.float32), (50, 50))
    np.testing.assert_allclose(read(path, longest_side=50).pixels, desired, atol=1)


@pytest.mark.parametrize("name", ["a.png", "a.PNG", "a.tif", "a.tiff", "a.bmp"])
def test_lossless_formats_give_back_the_rounded_levels(tmp_path: Path, name: str) -> None:
    pixels = floats(11, 13)
    write(tmp_path / name, pixels)
    np.testing.assert_array_equal(read(tmp_path / name).pixels, np.rint(pixels))


@pytest.mark.parametrize("name", ["a.jpg", "a.jpeg", "a.webp"])
def test_lossy_formats_come_near(tmp_path: Path, name: str) -> None:
    smooth = resize(floats(4, 4), (64, 48))
    write(tmp_path / name, smooth)
    assert np.abs(read(tmp_path / name).pixels - smooth).mean() < 3


@pytest.mark.parametrize(
    ("name", "desired"),
    [("a.png", "PNG"), ("a.jpg", "JPEG"), ("a.webp", "WEBP"), ("a.tif", "TIFF"), ("a.bmp", "BMP")],
)
def test_extension_decides_the_format(tmp_path: Path, name: str, desired: str) -> None:
    write(tmp_path / name, floats(8, 8))
    with Image.open(tmp_path / name) as image:
        assert image.format == desired


def test_levels_are_rounded_and_clipped(tmp_path: Path) -> None:
    write(tmp_path / "a.png", np.array([[[-40, 0.4, 0.6], [254.6, 255.4, 900]]], np.float32))
    np.testing.assert_array_equal(read(tmp_path / "a.png").pixels, [[[0, 0, 1], [255, 255, 255]]])


def test_jpeg_keeps_the_full_resolution_of_colour(tmp_path: Path) -> None:
    write(tmp_path / "a.jpg", floats(16, 16))
    with Image.open(tmp_path / "a.jpg") as image:
        assert [layer[1:3] for layer in image.layer] == [(1, 1)] * 3
        assert max(image.quantization[0]) <= 12  # quality 95; 90 gives 24


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.webp"])
def test_alpha_is_carried_over(tmp_path: Path, name: str) -> None:
    alpha = np.linspace(1, 255, 64, dtype=np.float32).reshape(8, 8)
    write(tmp_path / name, floats(8, 8), alpha)
    np.testing.assert_array_equal(read(tmp_path / name).alpha, np.rint(alpha))


@pytest.mark.parametrize("name", ["a.jpg", "a.bmp"])
def test_alpha_is_dropped_where_it_cannot_be_held(tmp_path: Path, name: str) -> None:
    write(tmp_path / name, np.full((8, 8, 3), 90, np.float32), np.zeros((8, 8), np.float32))
    picture = read(tmp_path / name)
    assert picture.alpha is None
    np.testing.assert_allclose(picture.pixels, 90, atol=1)


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp", "a.tif", "a.bmp"])
def test_same_pixels_give_the_same_bytes_in_another_process(tmp_path: Path, name: str) -> None:
    there = tmp_path / "there"
    there.mkdir()
    code = (
        "import sys, numpy as np; from pathlib import Path; from pipeline.pictures.writing import write;"
        "pixels = np.random.default_rng(0).uniform(0, 255, (40, 50, 3)).astype(np.float32);"
        "write(Path(sys.argv[1]), pixels, pixels[..., 0], {'style': 'a'})"
    )
    subprocess.run([sys.executable, "-c", code, str(there / name)], check=True, cwd=ROOT)
    pixels = floats(40, 50)
    write(tmp_path / name, pixels, pixels[..., 0], {"style": "a"})
    assert (tmp_path / name).read_bytes() == (there / name).read_bytes()


def test_png_says_that_it_is_srgb(tmp_path: Path) -> None:
    write(tmp_path / "a.png", floats(4, 4))
    with Image.open(tmp_path / "a.png") as image:
        assert image.info["srgb"] == 0


TAGS = {"style": "starry night, 星月夜", "lines": "one\ntwo", "empty": "", "json": '{"steps": 3}'}


def test_tags_are_read_back(tmp_path: Path) -> None:
    write(tmp_path / "a.png", floats(4, 4), tags=TAGS)
    assert read_tags(tmp_path / "a.png") == TAGS


def test_tags_that_are_not_unicode_are_escaped(tmp_path: Path) -> None:
    write(tmp_path / "a.png", floats(4, 4), tags={"style": os.fsdecode(b"caf\xe9")})
    assert read_tags(tmp_path / "a.png") == {"style": "caf\\udce9"}


def test_tags_need_the_header_alone(tmp_path: Path) -> None:
    write(tmp_path / "a.png", floats(64, 64), tags={"style": "wave"})
    data = (tmp_path / "a.png").read_bytes()
    assert read_tags(saved(tmp_path, "cut.png", data[: len(data) // 2])) == {"style": "wave"}


def test_no_tags(tmp_path: Path) -> None:
    write(tmp_path / "a.jpg", floats(4, 4), tags=TAGS)
    write(tmp_path / "a.png", floats(4, 4))
    assert read_tags(tmp_path / "a.jpg") == read_tags(tmp_path / "a.png") == {}
    assert read_tags(tmp_path / "gone.png") == read_tags(saved(tmp_path, "b.png", b"?")) == {}
    profiled = encoded(Image.new("RGB", (2, 2)), "PNG", icc_profile=swapped_profile(), dpi=(72, 72))
    assert read_tags(saved(tmp_path, "c.png", profiled)) == {}


@pytest.mark.parametrize("name", ["a.xyz", "a", "a.heic", ".png", "a.gif"])
def test_unknown_extension(tmp_path: Path, name: str) -> None:
    with pytest.raises(OutputError, match=r"cannot be written; use one of \.png, \.jpg, \.jpeg") as caught:
        write(tmp_path / name, floats(4, 4))
    assert len(str(caught.value).splitlines()) == 1
    with pytest.raises(OutputError):
        writing.check_output(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("name", "side"), [("a.webp", 16384), ("a.jpg", 65501)])
def test_more_than_the_format_holds(tmp_path: Path, name: str, side: int) -> None:
    with pytest.raises(OutputError, match=f"at most {side - 1} pixels a side, not {side}; write a .png"):
        write(tmp_path / name, np.zeros((1, side, 3), np.float32))
    write(tmp_path / name, np.zeros((1, side - 1, 3), np.float32))
    assert read_size(tmp_path / name) == (1, side - 1)


def test_folder_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="gone/a.png: cannot be written"):
        write(tmp_path / "gone" / "a.png", floats(4, 4))


def test_write_replaces_and_leaves_nothing_else(tmp_path: Path) -> None:
    write(tmp_path / "a.png", floats(4, 4))
    write(tmp_path / "a.png", np.zeros((2, 2, 3), np.float32))
    assert read_size(tmp_path / "a.png") == (2, 2)
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


@pytest.mark.parametrize(
    "name",
    [
        "with space.png",
        "two\nlines.png",
        "żółw 亀 🐢.png",
        "-o.png",
        "--force.jpg",
        "'\"$(x).png",
        "x" * 251 + ".png",
    ],
)
def test_names(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path(name)
    write(path, floats(6, 4))
    assert read_size(path) == (6, 4)
    assert read(path).pixels.shape == (6, 4, 3)


@pytest.mark.skipif(sys.platform in ("darwin", "win32"), reason="names are Unicode there")
def test_name_that_is_not_unicode(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9.png")
    write(path, floats(6, 4))
    assert read(path).pixels.shape == (6, 4, 3)
    path.write_bytes(b"")
    with pytest.raises(InputError, match=r"caf\\xe9\.png: is empty"):
        read(path)


def test_pictures_are_read_in_threads(tmp_path: Path) -> None:
    limit = Image.MAX_IMAGE_PIXELS
    path = saved(tmp_path, "a.png", encoded(Image.fromarray(noise(50, 50)), "PNG"))
    sums: list[float] = []
    threads = [
        threading.Thread(target=lambda: sums.append(float(read(path, 25).pixels.sum()))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(sums) == 8 and len(set(sums)) == 1
    assert limit == Image.MAX_IMAGE_PIXELS


def test_size_of_a_png_with_exif_after_its_pixels_needs_the_header_alone(tmp_path: Path) -> None:
    # Pillow's own getexif() would decode all pixels to look for it; damaged ones prove that nobody does.
    data = bytearray(encoded(Image.fromarray(noise(64, 64)), "PNG"))
    place = data.index(b"IDAT") + 4
    data[place : place + 40] = zlib.compress(b"not these pixels")[:10] * 4
    assert read_size(saved(tmp_path, "a.png", bytes(data))) == (64, 64)


@pytest.mark.parametrize("options", [{}, {"compression": "tga_rle"}])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P"])
def test_tga_is_read(tmp_path: Path, mode: str, options: dict[str, str]) -> None:
    stored = Image.fromarray(quarters()).convert(mode)
    picture = read(saved(tmp_path, "a.TGA", encoded(stored, "TGA", **options)))
    np.testing.assert_array_equal(picture.pixels, np.asarray(stored.convert("RGB")))
    assert (picture.alpha is None) == (mode != "RGBA")


def test_tga_has_no_signature_and_is_not_guessed(tmp_path: Path) -> None:
    data = encoded(Image.fromarray(quarters()), "TGA")
    with pytest.raises(InputError, match="is not a picture that can be read"):
        read(saved(tmp_path, "a.jpg", data))
    for length in (10, 100, len(data) - 1000):
        with pytest.raises(InputError):
            read(saved(tmp_path, "a.tga", data[:length]))


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "AVIF"])
def test_of_an_animation_the_first_frame_is_taken_and_told(tmp_path: Path, kind: str) -> None:
    frames = [Image.new("RGB", (32, 24), (80 * number, 0, 0)) for number in range(3)]
    options = {"save_all": True, "append_images": frames[1:], "duration": 40}
    path = saved(tmp_path, "a", encoded(frames[0], kind, **options))
    picture = read(path)
    assert picture.notes == (
        f"{path}: is an animation of 3 frames; its first is taken; nstpipe video takes clips",
    )
    np.testing.assert_allclose(picture.pixels, 0, atol=2)
    assert inspect(path, 512) == picture.notes
    still = saved(tmp_path, "b", encoded(frames[0], kind))
    assert read(still).notes == inspect(still, 512) == ()


def test_of_a_tiff_the_first_page_is_taken_and_told(tmp_path: Path) -> None:
    pages = [Image.new("L", (32, 24), level) for level in (10, 20, 30, 40)]
    path = saved(tmp_path, "a.tif", encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:]))
    assert read(path).notes == (f"{path}: has 4 pages; the first is taken",)
    np.testing.assert_array_equal(read(path).pixels, 10)


def test_a_gif_that_is_cut_in_a_later_frame_or_has_no_end_is_read(tmp_path: Path) -> None:
    frames = [Image.fromarray(noise(24, 32, seed=number)) for number in range(3)]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    whole = read(saved(tmp_path, "a.gif", data)).pixels
    for lacking in (1, 2, 40, 700):
        np.testing.assert_array_equal(read(saved(tmp_path, "b.gif", data[:-lacking])).pixels, whole)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP"])
def test_rubbish_behind_a_picture_does_not_count(tmp_path: Path, kind: str) -> None:
    data = encoded(Image.fromarray(quarters()), kind)
    whole, followed = (read(saved(tmp_path, "a", bytes_)) for bytes_ in (data, data + b"rubbish" * 99))
    np.testing.assert_array_equal(whole.pixels, followed.pixels)
    assert followed.notes == ()


@pytest.mark.parametrize("tag", [{254: 1}, {0xC612: b"\x01\x04\0\0"}])
def test_raw_photographs_are_not_taken_for_the_preview_in_front(
    tmp_path: Path, tag: dict[int, object]
) -> None:
    """As in NEF, ARW and DNG: a TIFF whose first picture is a small copy."""
    info = TiffImagePlugin.ImageFileDirectory_v2()
    for number, value in tag.items():
        info[number] = value
        info.tagtype[number] = 4 if number == 254 else 1
    preview = encoded(Image.fromarray(quarters()), "TIFF", tiffinfo=info)
    plain = encoded(Image.fromarray(quarters()), "TIFF")
    for name, data in (("a.tif", preview), ("a.nef", plain), ("a.CR2", plain)):
        with pytest.raises(InputError, match=f"{name}: is a raw photograph, of which only"):
            read_size(saved(tmp_path, name, data))
    assert read(saved(tmp_path, "b.tif", plain)).pixels.shape == (32, 48, 3)
