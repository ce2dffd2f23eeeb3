"""Builders of odd picture files."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms
from PIL.TiffImagePlugin import IFDRational

Bytes = npt.NDArray[np.uint8]

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def quarters(height: int = 32, width: int = 48) -> Bytes:
    """Red and green above blue and white; (height, width, 3)."""
    pixels = np.empty((height, width, 3), np.uint8)
    pixels[: height // 2, : width // 2], pixels[: height // 2, width // 2 :] = RED, GREEN
    pixels[height // 2 :, : width // 2], pixels[height // 2 :, width // 2 :] = BLUE, WHITE
    return pixels


def noise(height: int, width: int, channels: int = 3, seed: int = 0) -> Bytes:
    """Random levels (height, width, channels)."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, channels), np.uint8)


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    """The bytes of a file of ``kind`` (PNG, JPEG, …)."""
    data = io.BytesIO()
    image.save(data, kind, **options)
    return data.getvalue()


def turned(pixels: Bytes, orientation: int) -> Bytes:
    """What a camera that reports ``orientation`` stores of an upright scene.

    By the words of the EXIF standard: where the scene's top row and left column lie in what is stored.
    """
    return {
        1: lambda scene: scene,
        2: np.fliplr,
        3: lambda scene: np.rot90(scene, 2),
        4: np.flipud,
        5: lambda scene: np.swapaxes(scene, 0, 1),
        6: lambda scene: np.rot90(scene, 1),  # stored lies on its side; turned clockwise it is upright
        7: lambda scene: np.rot90(np.swapaxes(scene, 0, 1), 2),
        8: lambda scene: np.rot90(scene, -1),
    }[orientation](pixels)


def with_orientation(pixels: Bytes, orientation: int, kind: str) -> bytes:
    """The upright scene ``pixels``, stored turned, with the EXIF tag that says how."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"quality": 100, "subsampling": 0} if kind == "JPEG" else {}
    options |= {"lossless": True} if kind == "WEBP" else {}
    return encoded(
        Image.fromarray(np.ascontiguousarray(turned(pixels, orientation))), kind, exif=exif, **options
    )


def camera_exif(orientation: int = 6, endian: str = "<", *, width: int = 4000) -> bytes:
    """EXIF as a camera writes it: what stays true of a pastiche, and what does not, such as the width."""
    exif = Image.Exif()
    exif.endian = endian
    exif[0x010F], exif[0x0110], exif[0x0112] = "Maker", "Model 5", orientation
    exif[0x011A], exif[0x011B], exif[0x0128] = IFDRational(240), IFDRational(240), 2
    exif[0x0132] = "2021:03:04 05:06:07"
    exif[0x013B], exif[0x8298] = "José".encode(), b"(c) Jos\xc3\xa9"  # bytes, or Pillow writes "Jos?"
    exif[0x0100], exif[0x0131] = width, "Firmware 1.0"
    photo = exif.get_ifd(0x8769)
    photo[0x9003], photo[0x9011] = "2020:01:02 03:04:05", "+02:00"
    photo[0x829A], photo[0x9204], photo[0x8827] = IFDRational(1, 250), IFDRational(-1, 3), 400
    photo[0x927C], photo[0xA002], photo[0xA003], photo[0xA001] = b"MAKERNOTE" * 20, 4000, 3000, 65535
    gps = exif.get_ifd(0x8825)
    gps[1], gps[2], gps[3], gps[4] = "S", (33.0, 51.0, 35.9), "E", (151.0, 12.0, 40.0)
    gps[5], gps[6] = b"\0", IFDRational(5851, 100)
    return exif.tobytes()


def png_header(width: int, height: int) -> bytes:
    """A PNG of that size without its pixels."""
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        + (_chunk(b"IDAT", zlib.compress(b"\x00" * 64)) + _chunk(b"IEND", b""))
    )


def with_chunk(png: bytes, name: bytes, content: bytes, *, after: bool = False) -> bytes:
    """The PNG with one more chunk, before its pixels or after them."""
    place = len(png) - 12 if after else 33  # the end takes 12 bytes, signature and header 33
    return png[:place] + _chunk(name, content) + png[place:]


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def swapped_profile() -> bytes:
    """An ICC profile like sRGB, but with its red and blue primaries swapped."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = struct.unpack_from(">I", profile, 128)[0]
    places = {bytes(profile[at : at + 4]): at for at in range(132, 132 + 12 * count, 12)}
    red, blue = places[b"rXYZ"], places[b"bXYZ"]
    profile[red : red + 4], profile[blue : blue + 4] = b"bXYZ", b"rXYZ"
    return bytes(profile)


def wide_profile() -> bytes:
    """An ICC profile like sRGB, but with the primaries of Adobe RGB, whose green is wider."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = struct.unpack_from(">I", profile, 128)[0]
    adobe = {
        b"rXYZ": (0.60974, 0.31111, 0.01947),
        b"gXYZ": (0.20528, 0.62567, 0.06087),
        b"bXYZ": (0.14919, 0.06322, 0.74457),
    }
    for at in range(132, 132 + 12 * count, 12):
        name, offset = bytes(profile[at : at + 4]), struct.unpack_from(">I", profile, at + 4)[0]
        if name in adobe:
            struct.pack_into(">3i", profile, offset + 8, *(round(value * 65536) for value in adobe[name]))
    return bytes(profile)


def saved(folder: Path, name: str, data: bytes) -> Path:
    """Write ``data`` to a file; its path."""
    path = folder / name
    path.write_bytes(data)
    return path
