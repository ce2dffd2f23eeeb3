import io
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from pipeline.errors import InputError
from pipeline.pictures import colour
from pipeline.pictures.images import read
from tests.support.pictures import RED, encoded, noise, quarters, saved, swapped_profile, wide_profile

RAMP = np.linspace(0, 65535, 256).astype(np.uint16).reshape(16, 16)


def read_back(folder: Path, image: Image.Image, kind: str, **options: object) -> np.ndarray:
    return read(saved(folder, "picture", encoded(image, kind, **options))).pixels


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP", "PPM"])
def test_colour_is_kept(tmp_path: Path, kind: str) -> None:
    desired = noise(13, 17)
    actual = read_back(tmp_path, Image.fromarray(desired), kind)
    assert actual.dtype == np.float32
    np.testing.assert_array_equal(actual, desired)


def test_lossless_webp_and_jpeg_2000_are_kept(tmp_path: Path) -> None:
    image = Image.fromarray(noise(40, 33))
    np.testing.assert_array_equal(read_back(tmp_path, image, "WEBP", lossless=True), np.asarray(image))
    np.testing.assert_array_equal(read_back(tmp_path, image, "JPEG2000"), np.asarray(image))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "BMP"])
def test_grey_has_three_equal_channels(tmp_path: Path, kind: str) -> None:
    image = Image.new("L", (9, 7), 77)
    actual = read_back(tmp_path, image, kind)
    np.testing.assert_array_equal(actual, np.full((7, 9, 3), 77))


def test_black_and_white(tmp_path: Path) -> None:
    image = Image.fromarray(np.eye(8, dtype=np.uint8) * 255).convert("1")
    np.testing.assert_array_equal(read_back(tmp_path, image, "PNG")[..., 0], np.eye(8) * 255)


def test_one_pixel(tmp_path: Path) -> None:
    np.testing.assert_array_equal(read_back(tmp_path, Image.new("RGB", (1, 1), RED), "PNG"), [[RED]])


def test_palette(tmp_path: Path) -> None:
    image = Image.fromarray(quarters()).convert("P", palette=Image.Palette.ADAPTIVE, colors=4)
    picture = read(saved(tmp_path, "a.png", encoded(image, "PNG")))
    np.testing.assert_array_equal(picture.pixels, quarters())
    assert picture.alpha is None


@pytest.mark.parametrize("transparency", [0, b"\x00\xff\x80"])
def test_palette_with_transparency(tmp_path: Path, transparency: int | bytes) -> None:
    image = Image.new("P", (3, 1))
    image.putpalette([9, 9, 9, 200, 100, 0, 0, 100, 200])
    image.putdata([0, 1, 2])
    picture = read(saved(tmp_path, "a.png", encoded(image, "PNG", transparency=transparency)))
    third = 255 if transparency == 0 else 0x80
    np.testing.assert_array_equal(picture.alpha, [[0, 255, third]])
    np.testing.assert_array_equal(picture.pixels[0, 1:], [[200, 100, 0], [0, 100, 200]])


def test_one_transparent_colour(tmp_path: Path) -> None:
    image = Image.fromarray(quarters(2, 2))
    picture = read(saved(tmp_path, "a.png", encoded(image, "PNG", transparency=RED)))
    np.testing.assert_array_equal(picture.alpha, [[0, 255], [255, 255]])


def test_alpha_is_returned_and_colour_kept_straight(tmp_path: Path) -> None:
    stored = noise(6, 5, 4)
    stored[..., 3] |= 1  # nowhere fully transparent
    picture = read(saved(tmp_path, "a.png", encoded(Image.fromarray(stored), "PNG")))
    np.testing.assert_array_equal(picture.pixels, stored[..., :3])
    np.testing.assert_array_equal(picture.alpha, stored[..., 3])
    assert picture.alpha is not None and picture.alpha.dtype == np.float32


def test_grey_with_alpha(tmp_path: Path) -> None:
    image = Image.merge("LA", (Image.new("L", (4, 3), 50), Image.new("L", (4, 3), 99)))
    picture = read(saved(tmp_path, "a.png", encoded(image, "PNG")))
    np.testing.assert_array_equal(picture.pixels, np.full((3, 4, 3), 50))
    np.testing.assert_array_equal(picture.alpha, np.full((3, 4), 99))


def test_hidden_colour_is_replaced_by_the_mean_of_the_visible(tmp_path: Path) -> None:
    stored = np.zeros((2, 2, 4), np.uint8)
    stored[0] = [[10, 20, 30, 255], [30, 40, 50, 128]]
    stored[1] = [[255, 0, 255, 0], [0, 255, 0, 0]]
    picture = read(saved(tmp_path, "a.png", encoded(Image.fromarray(stored), "PNG")))
    np.testing.assert_allclose(picture.pixels[1], [[20, 30, 40], [20, 30, 40]])


def test_wholly_transparent_picture_keeps_its_colour(tmp_path: Path) -> None:
    stored = noise(4, 4, 4)
    stored[..., 3] = 0
    picture = read(saved(tmp_path, "a.png", encoded(Image.fromarray(stored), "PNG")))
    np.testing.assert_array_equal(picture.pixels, stored[..., :3])


def test_hidden_colour_does_not_bleed_into_a_shrunk_picture(tmp_path: Path) -> None:
    stored = np.zeros((30, 30, 4), np.uint8)
    stored[:, :, 1], stored[:, :14, 3] = 255, 255  # hidden: green
    stored[:, :14, :3] = RED
    picture = read(saved(tmp_path, "a.png", encoded(Image.fromarray(stored), "PNG")), longest_side=10)
    np.testing.assert_array_equal(picture.pixels, np.full((10, 10, 3), RED))
    np.testing.assert_array_equal(picture.alpha, np.tile([255.0] * 4 + [170] + [0] * 5, (10, 1)))


def test_cmyk_jpeg_with_the_inverted_marker(tmp_path: Path) -> None:
    image = Image.fromarray(quarters()).convert("CMYK")
    data = encoded(image, "JPEG", quality=100, subsampling=0)
    assert b"Adobe" in data  # the marker: the levels in the file are inverted
    actual = read(saved(tmp_path, "a.jpg", data)).pixels
    np.testing.assert_allclose(actual, quarters(), atol=4)


def test_cmyk_shrinks(tmp_path: Path) -> None:
    data = encoded(Image.fromarray(quarters(64, 96)).convert("CMYK"), "JPEG", quality=100, subsampling=0)
    actual = read(saved(tmp_path, "a.jpg", data), longest_side=48).pixels
    np.testing.assert_allclose(actual, quarters(32, 48), atol=6)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_16_bit_grey_is_scaled_not_clipped(tmp_path: Path, kind: str) -> None:
    actual = read_back(tmp_path, Image.fromarray(RAMP), kind)
    np.testing.assert_allclose(actual[..., 1], RAMP / 257.0, atol=0.5)
    np.testing.assert_array_equal(actual[..., 0], actual[..., 2])


def test_16_bit_grey_tiff_of_the_other_byte_order(tmp_path: Path) -> None:
    data = _big_endian_tiff(RAMP)
    with Image.open(io.BytesIO(data)) as image:
        assert image.mode == "I;16B"
    actual = read(saved(tmp_path, "a.tif", data)).pixels
    np.testing.assert_allclose(actual[..., 0], RAMP / 257.0, atol=0.5)


def _big_endian_tiff(levels: np.ndarray) -> bytes:
    height, width = levels.shape
    pixels = levels.astype(">u2").tobytes()
    short, long = 3, 4
    entries = [
        (256, short, width << 16),
        (257, short, height << 16),
        (258, short, 16 << 16),
        (259, short, 1 << 16),
        (262, short, 1 << 16),
        (273, long, 8),
        (277, short, 1 << 16),
        (278, short, height << 16),
        (279, long, len(pixels)),
    ]
    directory = struct.pack(">H", len(entries))
    directory += b"".join(struct.pack(">HHII", tag, kind, 1, value) for tag, kind, value in entries)
    return struct.pack(">2sHI", b"MM", 42, 8 + len(pixels)) + pixels + directory + bytes(4)


def test_16_bit_grey_pgm(tmp_path: Path) -> None:
    data = b"P5 16 16 65535\n" + RAMP.astype(">u2").tobytes()
    actual = read(saved(tmp_path, "a.pgm", data)).pixels
    np.testing.assert_allclose(actual[..., 0], RAMP / 257.0, atol=0.5)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("channels", [3, 4])
def test_16_bit_colour(tmp_path: Path, suffix: str, channels: int) -> None:
    import cv2

    stored = np.random.default_rng(1).integers(256, 65536, (12, 10, channels), np.uint16)
    path = tmp_path / f"a{suffix}"
    assert cv2.imwrite(str(path), stored)  # BGR
    picture = read(path)
    np.testing.assert_allclose(picture.pixels, stored[..., 2::-1] / 257.0, atol=1)
    if channels == 4:
        np.testing.assert_allclose(picture.alpha, stored[..., 3] / 257.0, atol=1)


@pytest.mark.parametrize(("mode", "desired"), [("F", "floating-point"), ("I", "integer")])
def test_tiff_of_32_bits_is_refused(tmp_path: Path, mode: str, desired: str) -> None:
    path = saved(tmp_path, "a.tif", encoded(Image.new(mode, (4, 4), 1), "TIFF"))
    with pytest.raises(InputError, match=rf"a\.tif: has 32-bit {desired} values, .*convert"):
        read(path)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP"])
def test_profile_is_converted_to_srgb(tmp_path: Path, kind: str) -> None:
    image = Image.new("RGB", (16, 16), (200, 30, 60))
    actual = read_back(tmp_path, image, kind, icc_profile=swapped_profile())
    np.testing.assert_allclose(actual, np.full((16, 16, 3), (60, 30, 200)), atol=5)


def test_wider_gamut_agrees_with_the_matrices(tmp_path: Path) -> None:
    levels = (120, 130, 110)
    actual = read_back(tmp_path, Image.new("RGB", (2, 2), levels), "PNG", icc_profile=wide_profile())
    np.testing.assert_allclose(actual[0, 0], _adobe_primaries_to_srgb(np.array(levels)), atol=1)


def _adobe_primaries_to_srgb(levels: np.ndarray) -> np.ndarray:
    adobe = [[0.60974, 0.20528, 0.14919], [0.31111, 0.62567, 0.06322], [0.01947, 0.06087, 0.74457]]
    srgb = [[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]]
    signal = levels / 255
    linear = np.where(signal <= 0.04045, signal / 12.92, ((signal + 0.055) / 1.055) ** 2.4)
    linear = np.clip(np.linalg.solve(np.array(srgb), np.array(adobe) @ linear), 0, 1)
    return 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def test_srgb_profile_changes_nothing(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    stored = noise(20, 20)
    actual = read_back(tmp_path, Image.fromarray(stored), "PNG", icc_profile=profile)
    np.testing.assert_allclose(actual, stored, atol=1)


def test_profile_with_alpha_and_shrinking(tmp_path: Path) -> None:
    image = Image.new("RGBA", (40, 20), (200, 30, 60, 128))
    data = encoded(image, "PNG", icc_profile=swapped_profile())
    picture = read(saved(tmp_path, "a.png", data), longest_side=10)
    np.testing.assert_allclose(picture.pixels, np.full((5, 10, 3), (60, 30, 200)), atol=2)
    np.testing.assert_array_equal(picture.alpha, np.full((5, 10), 128))


def test_profile_of_a_jpeg_drawn_small(tmp_path: Path) -> None:
    data = encoded(Image.new("RGB", (802, 401), (200, 30, 60)), "JPEG", icc_profile=swapped_profile())
    actual = read(saved(tmp_path, "a.jpg", data), longest_side=50).pixels
    np.testing.assert_allclose(actual, np.full((25, 50, 3), (60, 30, 200)), atol=5)


def test_profile_of_a_palette(tmp_path: Path) -> None:
    image = Image.new("P", (4, 4))
    image.putpalette([200, 30, 60])
    actual = read_back(tmp_path, image, "PNG", icc_profile=swapped_profile())
    np.testing.assert_allclose(actual[0, 0], (60, 30, 200), atol=1)


@pytest.mark.parametrize(
    "profile",
    [b"no profile", swapped_profile()[:200], swapped_profile()[:128] + bytes(400), b"\xff" * 3000],
)
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP"])
def test_broken_profile_is_ignored(tmp_path: Path, kind: str, profile: bytes) -> None:
    actual = read_back(tmp_path, Image.new("RGB", (8, 8), (90, 90, 90)), kind, icc_profile=profile)
    np.testing.assert_allclose(actual, np.full((8, 8, 3), 90), atol=1)


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_profile_of_other_channels_is_ignored_or_harmless(tmp_path: Path, mode: str) -> None:
    image = Image.new("RGB", (8, 8), (90, 90, 90)).convert(mode)
    actual = read_back(tmp_path, image, "TIFF", icc_profile=swapped_profile())
    np.testing.assert_allclose(actual, np.full((8, 8, 3), 90), atol=1)


def test_grey_profile_is_converted(tmp_path: Path) -> None:
    image = Image.new("L", (8, 8), 128)
    actual = read_back(tmp_path, image, "PNG", icc_profile=_linear_grey_profile())
    linear = 128 / 255
    np.testing.assert_allclose(actual, 255 * (1.055 * linear ** (1 / 2.4) - 0.055), atol=1)


def test_grey_profile_in_a_colour_picture_is_ignored(tmp_path: Path) -> None:
    actual = read_back(tmp_path, Image.new("RGB", (8, 8), RED), "PNG", icc_profile=_linear_grey_profile())
    np.testing.assert_array_equal(actual, np.full((8, 8, 3), RED))


def _linear_grey_profile() -> bytes:
    white = struct.pack(">4sI3i", b"XYZ ", 0, 63190, 65536, 54061)  # D50
    curve = struct.pack(">4sII", b"curv", 0, 0)  # identity
    offset = 128 + 4 + 2 * 12
    tags = struct.pack(">I", 2) + struct.pack(">4sII", b"wtpt", offset, len(white))
    tags += struct.pack(">4sII", b"kTRC", offset + len(white), len(curve))
    size = offset + len(white) + len(curve)
    header = struct.pack(
        ">I4sI4s4s4s12s4s", size, bytes(4), 0x02400000, b"mntr", b"GRAY", b"XYZ ", bytes(12), b"acsp"
    )
    header = header.ljust(68, b"\0") + struct.pack(">3i", 63190, 65536, 54061)
    return header.ljust(128, b"\0") + tags + white + curve


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_first_frame_of_several(tmp_path: Path, kind: str) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue", "lime")]
    lossless = {"lossless": True} if kind == "WEBP" else {}
    actual = read_back(tmp_path, frames[0], kind, save_all=True, append_images=frames[1:], **lossless)
    np.testing.assert_array_equal(actual, np.full((8, 8, 3), RED))


def test_transparent_gif(tmp_path: Path) -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([0, 0, 0, 200, 100, 0])
    image.putdata([0, 1])
    picture = read(saved(tmp_path, "a.gif", encoded(image, "GIF", transparency=0)))
    np.testing.assert_array_equal(picture.alpha, [[0, 255]])
    np.testing.assert_array_equal(picture.pixels[0, 1], [200, 100, 0])


def test_the_profile_of_outputs_does_not_say_when_it_was_made() -> None:
    """Else the same picture would have other bytes a minute later."""
    assert colour.srgb_profile()[24:36] == bytes(12)
