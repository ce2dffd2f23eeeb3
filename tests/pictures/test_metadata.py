"""What a pastiche keeps of its content's file beside the pixels. Pillow's reader of EXIF is the witness."""

import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from pipeline.errors import InputError
from pipeline.pictures import exif, metadata, writing
from pipeline.pictures.images import read
from pipeline.pictures.writing import write
from tests.support.pictures import camera_exif, encoded, noise, saved, wide_profile, with_chunk

PIXELS = noise(24, 32)
MAIN = {0x010F: "Maker", 0x0110: "Model 5", 0x0112: 1, 0x0132: "2021:03:04 05:06:07"}
PHOTO = {0x9003: "2020:01:02 03:04:05", 0x9011: "+02:00", 0x829A: 1 / 250, 0x9204: -1 / 3, 0x8827: 400}
GPS = {1: "S", 2: (33.0, 51.0, 35.9), 3: "E", 4: (151.0, 12.0, 40.0), 5: b"\0", 6: 58.51}
KINDS = ("JPEG", "PNG", "WEBP", "TIFF", "AVIF")


def source(folder: Path, kind: str, data: bytes | None = None, **options: object) -> Path:
    whole = encoded(Image.fromarray(PIXELS), kind, exif=data or camera_exif(width=32), **options)
    return saved(folder, f"source.{kind.lower()}", whole)


def rewritten(path: Path, extension: str) -> tuple[Path, dict[str, Any], Any]:
    """The picture in ``path`` written anew; what Pillow reads of it beside the pixels, and its EXIF."""
    picture = read(path)
    output = path.with_name("out" + extension)
    write(output, picture.pixels, metadata=picture.metadata)
    with Image.open(output) as image:
        image.load()
        return output, dict(image.info), Image.Image.getexif(image)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("extension", [".png", ".jpg", ".webp", ".tif"])
def test_date_camera_place_and_rights_are_kept_from_every_format_in_every_format(
    tmp_path: Path, kind: str, extension: str
) -> None:
    output, _, kept = rewritten(source(tmp_path, kind), extension)
    assert {tag: kept.get(tag, 1) for tag in MAIN} == MAIN  # 1, upright, is the default of the orientation
    photo, gps = kept.get_ifd(0x8769), kept.get_ifd(0x8825)
    assert {tag: photo[tag] for tag in PHOTO} == pytest.approx(PHOTO)
    assert gps.keys() == GPS.keys()
    assert all(gps[tag] == pytest.approx(value) for tag, value in GPS.items())
    assert not {0x0100, 0x0131} & kept.keys() or extension == ".tif"
    assert photo[0xA001] == 1  # sRGB; it was "uncalibrated"
    assert not {0x927C, 0xA002, 0xA003} & photo.keys()
    assert read(output).pixels.shape == (32, 24, 3)  # upright, and turned once


@pytest.mark.parametrize("extension", [".png", ".jpg", ".webp", ".tif"])
@pytest.mark.parametrize("endian", ["<", ">"])
def test_letters_that_are_not_ascii_are_kept_to_the_byte(tmp_path: Path, extension: str, endian: str) -> None:
    output, *_ = rewritten(source(tmp_path, "JPEG", camera_exif(endian=endian)), extension)
    data = output.read_bytes()
    assert "José\0".encode() in data and "(c) José\0".encode() in data


def test_the_order_of_bytes_does_not_matter() -> None:
    little, big = (exif.parsed(camera_exif(endian=endian)) for endian in "<>")
    assert little == big and little.gps


@pytest.mark.parametrize("extension", [".png", ".jpg", ".tif", ".bmp"])
def test_dots_per_inch_are_kept(tmp_path: Path, extension: str) -> None:
    for options, desired in (({"dpi": (300, 150)}, (300, 150)), ({}, (240, 240))):  # else those of the EXIF
        path = source(tmp_path, "JPEG", **options)
        assert rewritten(path, extension)[1]["dpi"] == pytest.approx(desired, abs=0.02)


def test_dots_per_inch_that_only_the_exif_of_a_webp_says_are_kept(tmp_path: Path) -> None:
    assert rewritten(source(tmp_path, "WEBP"), ".png")[1]["dpi"] == pytest.approx((240, 240), abs=0.02)


def test_a_webp_keeps_dots_per_inch_in_its_exif(tmp_path: Path) -> None:
    path = saved(tmp_path, "a.png", encoded(Image.fromarray(PIXELS), "PNG", dpi=(300, 150)))
    _, _, kept = rewritten(path, ".webp")
    assert (kept[0x011A], kept[0x011B], kept[0x0128]) == pytest.approx((300, 150, 2), abs=0.02)


@pytest.mark.parametrize("dpi", [(0, 0), (1e9, 72), (float("nan"), 72), (72,), "72", None])
def test_dots_per_inch_that_make_no_sense_are_dropped(dpi: object) -> None:
    image = Image.new("RGB", (4, 4))
    image.info["dpi"] = dpi
    assert metadata.of(image, Path("a.png")) == metadata.NONE


@pytest.mark.parametrize("extension", [".jpg", ".webp", ".tif"])
def test_the_profile_is_srgb_and_changes_no_pixel(tmp_path: Path, extension: str) -> None:
    path = saved(tmp_path, "a.png", encoded(Image.fromarray(PIXELS), "PNG", icc_profile=wide_profile()))
    output, info, _ = rewritten(path, extension)
    profile = ImageCms.ImageCmsProfile(io.BytesIO(info["icc_profile"]))
    assert "sRGB" in ImageCms.getProfileDescription(profile)
    untagged = Image.open(output).convert("RGB")
    np.testing.assert_array_equal(read(output).pixels, np.asarray(untagged))


def test_without_anything_to_keep_nothing_is_written(tmp_path: Path) -> None:
    plain = saved(tmp_path, "a.png", encoded(Image.fromarray(PIXELS), "PNG"))
    assert not read(plain).metadata
    _, info, kept = rewritten(plain, ".png")
    assert info.keys() == {"srgb"} and not kept


def test_exif_behind_the_pixels_of_a_png_is_found(tmp_path: Path) -> None:
    data = with_chunk(
        encoded(Image.fromarray(PIXELS), "PNG"), b"eXIf", camera_exif().removeprefix(exif.PREFIX), after=True
    )
    assert rewritten(saved(tmp_path, "a.png", data), ".jpg")[2][0x010F] == "Maker"


def test_exif_in_hexadecimal_text_is_found(tmp_path: Path) -> None:
    """As ImageMagick wrote it before PNG had a chunk for it."""
    data = camera_exif()
    lines = "\n".join(data.hex()[at : at + 72] for at in range(0, 2 * len(data), 72))
    text = f"Raw profile type exif\0\nexif\n{len(data):8}\n{lines}\n".encode()
    path = saved(tmp_path, "a.png", with_chunk(encoded(Image.fromarray(PIXELS), "PNG"), b"tEXt", text))
    assert rewritten(path, ".jpg")[2][0x010F] == "Maker"


def huge() -> bytes:
    """EXIF of 60 texts of 4,000 bytes; and a description that no marker of a JPEG could hold."""
    main = {0x010E: exif.Entry(2, b"x" * 90_000)}
    photo = {tag: exif.Entry(7, b"y" * 4000) for tag in sorted(exif.KEPT_PHOTO)}
    return exif.serialised(exif.Exif({**main, 0x010F: exif.Entry(2, b"Maker\0")}, photo))


@pytest.mark.parametrize("extension", [".png", ".jpg", ".webp", ".tif"])
def test_huge_exif_is_shortened_to_what_every_format_holds(tmp_path: Path, extension: str) -> None:
    path = saved(tmp_path, "a.png", encoded(Image.fromarray(PIXELS), "PNG", exif=huge()))
    output, _, kept = rewritten(path, extension)
    assert kept[0x010F] == "Maker" and 0x010E not in kept
    assert 50_000 < output.stat().st_size < 70_000
    assert len(exif.serialised(read(path).metadata.exif)) <= 60_000


TIFF = encoded(Image.fromarray(PIXELS), "TIFF")


@settings(max_examples=150, deadline=None)
@given(place=st.integers(0, 10_000), patch=st.binary(min_size=1, max_size=8), endian=st.sampled_from("<>"))
def test_damaged_exif_gives_exif_that_can_be_read_or_none(place: int, patch: bytes, endian: str) -> None:
    data = bytearray(camera_exif(1, endian))
    place = len(exif.PREFIX) + place % (len(data) - len(exif.PREFIX))
    data[place : place + len(patch)] = patch
    kept = exif.parsed(bytes(data))
    written = Image.Exif()
    written.load(exif.serialised(kept))
    assert written.keys() - {0x0112, 0x8769, 0x8825} == kept.main.keys()
    assert written.get_ifd(0x8825).keys() == kept.gps.keys()
    with Image.open(io.BytesIO(exif.added_to_tiff(TIFF, kept))) as image:
        np.testing.assert_array_equal(np.asarray(image), PIXELS)


@pytest.mark.parametrize(
    "data", [b"no exif", b"MM\0*\xff\xff\xff\xff", b"II*\0\x08\0\0\0\xff\xff" + b"\xff" * 90]
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_damaged_exif_never_costs_the_picture(tmp_path: Path, kind: str, data: bytes) -> None:
    whole = read(saved(tmp_path, "a", encoded(Image.fromarray(PIXELS), kind)))
    picture = read(source(tmp_path, kind, exif.PREFIX + data))
    np.testing.assert_array_equal(picture.pixels, whole.pixels)
    assert not picture.metadata.exif and picture.notes == ()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"II*\0",
        b"MM\0*\xff\xff\xff\xff",
        b"II*\0\x08\0\0\0\xff\xff",
        # A directory that is its own: of the pictures' and of the places'.
        b"II*\0\x08\0\0\0\x02\0" + struct.pack("<HHIIHHII", 0x8769, 4, 1, 8, 0x8825, 4, 1, 8),
        b"II*\0\x08\0\0\0\x01\0" + struct.pack("<HHII", 0x010F, 2, 0xFFFFFFFF, 8),
    ],
)
def test_exif_without_sense_is_nothing(data: bytes) -> None:
    assert not exif.parsed(data) and not exif.parsed(exif.PREFIX + data)


@pytest.mark.parametrize("tag", [0x0110, 0x8298])  # before the tag that says where the pixels are, and after
@pytest.mark.parametrize("compression", ["raw", "tiff_adobe_deflate", "tiff_lzw"])
def test_a_tiff_with_a_broken_tag_is_read_and_keeps_the_others(
    tmp_path: Path, tag: int, compression: str
) -> None:
    plain = encoded(Image.fromarray(PIXELS), "TIFF", compression=compression)
    data = bytearray(exif.added_to_tiff(plain, exif.parsed(camera_exif())))
    at = data.index(struct.pack("<HH", tag, 2)) + 8
    data[at : at + 4] = b"\xff\xff\xff\x7f"  # its value lies far outside the file
    path = saved(tmp_path, "a.tif", bytes(data))
    np.testing.assert_array_equal(read(path).pixels, PIXELS)
    _, _, kept = rewritten(path, ".png")
    assert kept[0x010F] == "Maker" and tag not in kept
    if tag == 0x0110:
        assert read(path).notes == (f"{path}: has a broken tag (272), which is ignored",)


@pytest.mark.parametrize("tag", [0x0101, 0x0111])
def test_a_tiff_without_a_necessary_tag_is_refused(tmp_path: Path, tag: int) -> None:
    data = bytearray(encoded(Image.fromarray(noise(800, 32)), "TIFF"))
    at = data.index(struct.pack("<H", tag), data.index(struct.pack("<HH", 0x0100, 4)))
    data[at + 4 : at + 12] = b"\xff" * 8
    with pytest.raises(InputError):
        read(saved(tmp_path, "a.tif", bytes(data)))


@pytest.mark.parametrize(
    ("name", "alpha", "desired"),
    [
        ("a.jpg", 100, ["transparency: it is lost; write .png to keep it"]),
        ("a.jpg", 255, []),
        ("a.png", 100, []),
        ("a.webp", 100, []),
        (
            "a.bmp",
            100,
            [
                "transparency: it is lost; write .png to keep it",
                "date, camera, place, author and rights: they are lost; write .png to keep them",
            ],
        ),
    ],
)
def test_what_a_format_cannot_hold_is_told(tmp_path: Path, name: str, alpha: int, desired: list[str]) -> None:
    image = Image.fromarray(PIXELS)
    image.putalpha(alpha)
    picture = read(saved(tmp_path, "b.png", encoded(image, "PNG", exif=camera_exif())))
    assert list(writing.losses(Path(name), picture)) == [
        f"{name[1:]} files cannot hold {line}" for line in desired
    ]
