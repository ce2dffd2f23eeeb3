"""Convert a picture that Pillow has loaded to RGB in sRGB: modes, sizes and colour profiles."""

import functools
import io
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageCms

from pipeline.base.messages import shown
from pipeline.errors import InputError

_MODES_OF_PROFILES = {"GRAY": "L", "RGB ": "RGB", "CMYK": "CMYK"}
"""Colour space of an ICC profile -> Pillow's mode for it."""


def plain(image: Image.Image, path: Path) -> Image.Image:
    """``image`` in one of the modes L, RGB, RGBA and CMYK, 8 bits a channel.

    Raises:
        InputError: the picture has 32 bits a channel.
    """
    if image.mode.startswith("I;16") or (image.mode == "I" and image.format == "PPM"):
        # Pillow's own conversion clips 16 bits at 255, to white.
        wide = np.asarray(image).astype(np.uint16, copy=False)
        return Image.fromarray(cv2.convertScaleAbs(wide, alpha=255 / 65535))
    if image.mode in ("I", "F"):
        raise InputError(
            f"{shown(path)}: has 32-bit {'integer' if image.mode == 'I' else 'floating-point'} values,"
            " whose black and white are unknown; convert it to 8 or 16 bits first"
        )
    if image.mode != "RGBA" and image.has_transparency_data:
        return image.convert("RGBA")
    if image.mode in ("L", "RGB", "RGBA", "CMYK"):
        return image
    return image.convert("L" if image.mode == "1" else "RGB")


def shrunk(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """``image``, from :func:`plain`, shrunk to ``size`` (height, width) by averaging over areas."""
    height, width = size
    if image.size == (width, height):
        return image
    # Alpha is premultiplied, so that the arbitrary colour of transparent pixels does not enter the averages.
    image = image.convert("RGBa") if image.mode == "RGBA" else image
    small = cv2.resize(np.asarray(image), (width, height), interpolation=cv2.INTER_AREA)
    image = Image.frombytes(image.mode, (width, height), small.tobytes())
    return image.convert("RGBA") if image.mode == "RGBa" else image


@functools.cache
def srgb_profile() -> bytes:
    """The ICC profile of sRGB; always the same bytes."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[24:36] = bytes(12)  # the time at which it was made
    return bytes(profile)


def to_srgb(image: Image.Image, stored: Image.Image) -> Image.Image:
    """The colour of ``image``, from :func:`plain`, as RGB in sRGB.

    ``stored`` is the picture as it was loaded, with its profile. A profile that is damaged, or made for other
    channels than the picture has, is ignored.
    """
    data = stored.info.get("icc_profile")
    if not data:
        return image.convert("RGB")
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(data))
        mode = _MODES_OF_PROFILES[profile.profile.xcolor_space]
        if not _fits(stored.mode, mode):
            return image.convert("RGB")
        srgb = ImageCms.createProfile("sRGB")
        converted = ImageCms.profileToProfile(image.convert(mode), profile, srgb, outputMode="RGB")
    except (OSError, KeyError, TypeError, ValueError, ImageCms.PyCMSError):
        converted = None
    return image.convert("RGB") if converted is None else converted


def _fits(stored_mode: str, profile_mode: str) -> bool:
    grey = stored_mode in ("1", "L", "LA") or stored_mode.startswith("I")
    if profile_mode == "L":
        return grey
    return (stored_mode == "CMYK") == (profile_mode == "CMYK")
