"""Write pictures: the formats, what each of them holds, and the hash of what is written."""

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, PngImagePlugin

from pipeline.base import atomic
from pipeline.base.arrays import FloatArray, Size
from pipeline.base.messages import shown
from pipeline.errors import OutputError
from pipeline.pictures import colour, decoding, exif
from pipeline.pictures.images import Picture
from pipeline.pictures.metadata import NONE as NO_METADATA
from pipeline.pictures.metadata import Metadata

JPEG_QUALITY = 95
"""Of JPEG and WebP. JPEG keeps the full colour resolution (4:4:4): a pastiche is full of saturated edges."""

PNG_LEVEL = 1
"""Compression level of zlib, 0..9."""


@dataclass(frozen=True)
class _Output:
    format: str
    options: Mapping[str, Any]
    alpha: bool = False
    largest_side: int | None = None


_JPEG = _Output("JPEG", {"quality": JPEG_QUALITY, "subsampling": 0}, largest_side=65500)
_TIFF = _Output("TIFF", {"compression": "tiff_adobe_deflate"}, alpha=True)
_OUTPUTS = {
    ".png": _Output("PNG", {"compress_level": PNG_LEVEL}, alpha=True),
    ".jpg": _JPEG,
    ".jpeg": _JPEG,
    ".webp": _Output("WEBP", {"quality": JPEG_QUALITY}, alpha=True, largest_side=16383),
    ".tif": _TIFF,
    ".tiff": _TIFF,
    ".bmp": _Output("BMP", {}),
}


def check_output(path: Path, size: Size | None = None) -> None:
    """Check that :func:`write` can write a picture of ``size`` (height, width) to ``path``.

    Raises:
        OutputError: unknown extension, or too large for the format.
    """
    if not can_write(path):
        extensions = ", ".join(_OUTPUTS)
        ending = f"pictures of type {shown(path.suffix)}" if path.suffix else "pictures without an extension"
        raise OutputError(f"{shown(path)}: {ending} cannot be written; use one of {extensions}")
    output = _OUTPUTS[path.suffix.lower()]
    if size is not None and output.largest_side is not None and max(size) > output.largest_side:
        raise OutputError(
            f"{shown(path)}: {output.format} holds at most {output.largest_side} pixels a side,"
            f" not {max(size)}; write a .png"
        )


def can_write(path: Path) -> bool:
    """Whether the extension of ``path`` is one that :func:`write` knows."""
    return path.suffix.lower() in _OUTPUTS


def keeps_transparency(path: Path) -> bool:
    """Whether :func:`write` stores alpha in a file with the extension of ``path``, which can be written."""
    return _OUTPUTS[path.suffix.lower()].alpha


def can_tag(path: Path) -> bool:
    """Whether :func:`write` stores tags in a file with the extension of ``path``."""
    return path.suffix.lower() == ".png"


def write(
    path: Path,
    pixels: FloatArray,
    alpha: FloatArray | None = None,
    tags: Mapping[str, str] = MappingProxyType({}),
    metadata: Metadata = NO_METADATA,
) -> None:
    """Write a picture atomically, see :func:`encoded`; an existing file is replaced.

    Raises:
        OutputError: see :func:`encoded`; or the folder cannot be written.
        DiskFullError: the disk is full.
    """
    atomic.write_bytes(path, encoded(path, pixels, alpha, tags, metadata))


def encoded(
    path: Path,
    pixels: FloatArray,
    alpha: FloatArray | None = None,
    tags: Mapping[str, str] = MappingProxyType({}),
    metadata: Metadata = NO_METADATA,
) -> bytes:
    """A picture in the format that the extension names; same input gives the same bytes.

    Every format but BMP says that the colours are sRGB.

    Args:
        path: of the file that the bytes are for.
        pixels: (H, W, 3), RGB 0..255, rounded to the nearest of 256 levels.
        alpha: (H, W), 0..255; dropped where the format cannot hold it (JPEG, BMP).
        tags: text that is stored in a PNG for ``images.read_tags``; other formats drop it.
        metadata: of the content; BMP holds the resolution alone.

    Raises:
        OutputError: unknown extension, or too large for the format.
    """
    check_output(path, pixels.shape[:2])
    output = _OUTPUTS[path.suffix.lower()]
    file = io.BytesIO()  # not directly to the file: Pillow loses the error number of a full disk
    options = {**output.options, **_options(output.format, metadata, tags)}
    _to_image(pixels, alpha if output.alpha else None).save(file, output.format, **options)
    if output.format == "TIFF" and metadata.exif:
        # Pillow would write each entry anew, with a question mark for every letter that is not ASCII.
        return exif.added_to_tiff(file.getvalue(), metadata.exif)
    return file.getvalue()


def levels_hash(pixels: FloatArray, alpha: FloatArray | None = None) -> str:
    """SHA-256 (hex) of the 256 levels that :func:`write` stores of a picture in a PNG, and of its size.

    Args:
        pixels, alpha: as for :func:`encoded`.
    """
    return _hash(_to_image(pixels, alpha))


def stored_levels_hash(path: Path) -> str:
    """:func:`levels_hash` of the picture in a file, as it is stored: no profile or orientation is applied.

    Raises:
        InputError: see :func:`pipeline.pictures.images.read`.
    """
    with decoding.open_picture(path) as image:
        image.load()
        return _hash(image)


def losses(path: Path, picture: Picture) -> tuple[str, ...]:
    """What the format of ``path`` cannot hold of ``picture``, each in one line, the same for all files."""
    extension = path.suffix.lower()
    lost = []
    if picture.alpha is not None and not _OUTPUTS[extension].alpha and picture.alpha.min() < 255:
        lost.append("transparency: it is lost; write .png to keep it")
    if picture.metadata.exif and extension == ".bmp":
        lost.append("date, camera, place, author and rights: they are lost; write .png to keep them")
    return tuple(f"{extension} files cannot hold {what}" for what in lost)


def _hash(image: Image.Image) -> str:
    shape = f"{image.mode} {image.width}x{image.height} "
    return hashlib.sha256(shape.encode() + image.tobytes()).hexdigest()


def _to_image(pixels: FloatArray, alpha: FloatArray | None) -> Image.Image:
    image = Image.fromarray(_bytes(pixels))
    if alpha is not None:
        image.putalpha(Image.fromarray(_bytes(alpha)))
    return image


def _bytes(levels: FloatArray) -> npt.NDArray[np.uint8]:
    return np.clip(np.rint(levels), 0, 255).astype(np.uint8)


def _options(kind: str, metadata: Metadata, tags: Mapping[str, str]) -> dict[str, Any]:
    """The options of Pillow's writer of a format that depend on the picture."""
    kept = metadata.exif
    options: dict[str, Any] = {} if metadata.dpi is None else {"dpi": metadata.dpi}
    if kind == "WEBP" and metadata.dpi is not None:  # which has no other place for it
        kept = exif.with_resolution(kept, metadata.dpi)
    if kept and kind in ("PNG", "JPEG", "WEBP"):
        options["exif"] = exif.serialised(kept)
    if kind == "PNG":
        options["pnginfo"] = _chunks(tags)
    elif kind != "BMP":
        options["icc_profile"] = colour.srgb_profile()
    return options


def _chunks(tags: Mapping[str, str]) -> PngImagePlugin.PngInfo:
    chunks = PngImagePlugin.PngInfo()
    chunks.add(b"sRGB", b"\x00")  # perceptual
    for name, text in tags.items():
        chunks.add_itxt(name, text.encode(errors="backslashreplace").decode())
    return chunks
