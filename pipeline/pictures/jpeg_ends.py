"""JPEGs that lack their end: find out how many pixels are missing, and take those with hardly any.

A decoder fills what is missing, so the picture alone does not show it. It is decoded again with random data
in place of the missing data: the pixels that differ are those that depend on it.
"""

import io
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

LARGEST_MISSING_SHARE = 0.05
"""Of the pixels, and no more than the last row of blocks (8 or 16 pixels high): at the bottom border of a
pastiche nobody sees it. In a small picture, where one block is a larger share, two blocks may be missing."""

BLOCKS_ALLOWED = 2

PADDING = 16
"""Bytes of zeros or ones at the end of a file that make its end doubtful."""

END_MARKER = b"\xff\xd9"

FILLINGS = 3
"""Random data may by chance decode to the pixels that a decoder fills in, but not three times."""

_FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_START_OF_SCAN, _END = 0xDA, 0xD9
_END_OF_SCAN = re.compile(rb"\xff+[^\x00\xd0-\xd7\xff]")
"""The next marker. In coded data 0xFF is followed by 0, and D0 to D7 are restart markers."""

_FILLED_LEVELS = (127, 128)
"""The grey of blocks without data."""


@dataclass(frozen=True)
class Missing:
    """What a picture lacks, counted in the decoded pixels.

    Attributes:
        row, column: where the missing blocks begin, in the order in which blocks are stored.
        bleed: how many pixels before them are blurred with them: at full size, colour is interpolated.
        share: of all pixels, 0..1.
        is_small: whether it is little enough to use the picture.
        is_detail: whether only the last bits of their detail are missing (in a progressive JPEG).
    """

    row: int
    column: int
    bleed: int
    share: float
    is_small: bool
    is_detail: bool

    def __str__(self) -> str:
        what = "lack their finest detail" if self.is_detail else "are missing"
        return f"the last {100 * self.share:.1f} % of its pixels {what}"


def decoded(data: bytes, prepare: Callable[[Image.Image], Any]) -> tuple[Image.Image, Missing | None] | None:
    """The picture of a JPEG without its end marker; None where whole scans are missing.

    Where few pixels are missing, they continue those above them.

    Args:
        data: the file.
        prepare: called with the opened picture before it is decoded, to choose a smaller size.

    Returns:
        the loaded picture, and what it lacks: None where every pixel is there.

    Raises:
        OSError: it cannot be decoded.
    """
    scans = _scans(data)
    if scans is None or not scans.are_complete:
        return None
    kept = data[: scans.end]
    return _examined(kept, scans, _loaded(kept + END_MARKER, prepare), prepare)


def examined(
    path: Path, image: Image.Image, prepare: Callable[[Image.Image], Any]
) -> tuple[Image.Image, Missing | None]:
    """As :func:`decoded`, for ``image``, the picture in ``path``, which was decoded without an error.

    It is examined only where its last block has the grey of missing ones, or where the file is padded:
    others cost no time.
    """
    corner = image.crop((image.width - 1, image.height - 1, *image.size))
    if not np.isin(np.asarray(corner), _FILLED_LEVELS).all() and not _is_padded(path):
        return image, None
    data = path.read_bytes()
    scans = _scans(data)
    return (image, None) if scans is None else _examined(data[: scans.end], scans, image, prepare)


def _examined(
    kept: bytes, scans: "_Scans", image: Image.Image, prepare: Callable[[Image.Image], Any]
) -> tuple[Image.Image, Missing | None]:
    missing = _missing(kept, image, prepare, is_detail=scans.is_progressive and scans.are_complete)
    continues = missing is not None and missing.is_small and not missing.is_detail
    return (_continued(image, missing) if missing and continues else image), missing


def _is_padded(path: Path) -> bool:
    """Whether the file ends with zeros or ones, as incomplete copies do that have their full length."""
    with path.open("rb") as file:
        file.seek(-min(PADDING, file.seek(0, io.SEEK_END)), io.SEEK_END)
        return not file.read().strip(b"\x00\xff")


def _missing(
    kept: bytes, image: Image.Image, prepare: Callable[[Image.Image], Any], *, is_detail: bool
) -> Missing | None:
    """What ``image`` lacks, if ``kept`` is all the coded data that there is."""
    depends = np.zeros((image.height, image.width), bool)
    for seed in range(FILLINGS):
        other = _loaded(kept + _filling(kept, seed) + END_MARKER, prepare)
        depends |= _differs(image, other)
    if not depends.any():
        return None
    height, width, bleed = _blocks(other)
    row = (int(np.flatnonzero(depends.any(axis=1))[0]) + bleed) // height * height
    columns = np.flatnonzero(depends[row : row + height].any(axis=0))
    column = (int(columns[0]) + bleed) // width * width if len(columns) else 0
    pixels = (image.height - row) * image.width - min(height, image.height - row) * column
    share = pixels / (image.width * image.height)
    is_in_last_row, blocks = row + height >= image.height, -(-(image.width - column) // width)
    is_small = is_in_last_row and (share <= LARGEST_MISSING_SHARE or blocks <= BLOCKS_ALLOWED)
    return Missing(row, column, bleed, share, is_small, is_detail)


def _continued(image: Image.Image, missing: Missing) -> Image.Image:
    """``image`` with its missing blocks continuing the pixels above or, in the first row, those beside."""
    pixels = np.array(image)
    row, column = max(0, missing.row - missing.bleed), max(0, missing.column - missing.bleed)
    if row:
        pixels[row:, column:] = pixels[row - 1, column:]
    elif column:
        pixels[:, column:] = pixels[:, column - 1 : column]
    continued = Image.frombytes(image.mode, image.size, pixels.tobytes())
    continued.info, continued.format = image.info, image.format
    return continued


def _differs(image: Image.Image, other: Image.Image) -> npt.NDArray[np.bool_]:
    """(H, W): where two pictures of one size differ."""
    first = np.asarray(image).reshape(image.height, image.width, -1)
    different: npt.NDArray[np.bool_] = (first != np.asarray(other).reshape(first.shape)).any(axis=2)
    return different


def _blocks(image: Any) -> tuple[int, int, int]:
    """The (height, width) in decoded pixels of the blocks in which a JPEG is stored; and by how many pixels
    one changes those before it."""
    shrink = round(max(image.full_size) / max(image.size))
    height, width = (8 * max(layer[side] for layer in image.layer) for side in (2, 1))
    return max(1, height // shrink), max(1, width // shrink), int(shrink == 1 and max(height, width) > 8)


def _loaded(data: bytes, prepare: Callable[[Image.Image], Any]) -> Image.Image:
    image: Any = Image.open(io.BytesIO(data), formats=["JPEG"])
    full_size = image.size
    prepare(image)
    image.load()
    image.full_size = full_size
    loaded: Image.Image = image
    return loaded


def _filling(kept: bytes, seed: int) -> bytes:
    """Random coded data, with the restart markers that come next."""
    source = random.Random(seed)
    restarts = len(re.findall(rb"\xff[\xd0-\xd7]", kept[kept.rfind(b"\xff\xda") :]))
    parts = []
    for number in range(restarts, restarts + 8):
        parts.append(bytes(source.randrange(255) for _ in range(256)))
        parts.append(bytes((0xFF, 0xD0 + number % 8)))
    return b"".join(parts)


@dataclass
class _Scans:
    """The scans of a JPEG. ``end`` is where its coded data ends."""

    is_progressive: bool = False
    components: dict[int, list[int | None]] = field(default_factory=dict)
    end: int = 0

    @property
    def are_complete(self) -> bool:
        """Whether the last bit of every coefficient has been coded in one of the scans, if only in part."""
        return bool(self.components) and all(
            missing_bits == 0 for bits in self.components.values() for missing_bits in bits
        )

    def begin_frame(self, marker: int, segment: bytes) -> None:
        self.is_progressive = marker in (0xC2, 0xCA)
        self.components = {segment[at]: [None] * 64 for at in range(6, len(segment) - 2, 3)}

    def add(self, segment: bytes) -> None:
        count = segment[0]
        first, last, bits = segment[1 + 2 * count : 4 + 2 * count]
        for component in segment[1 : 1 + 2 * count : 2]:
            self.components[component][first : last + 1] = [bits & 15] * (last + 1 - first)


def _scans(data: bytes) -> _Scans | None:
    """The scans of a JPEG, or None where it cannot be parsed that far."""
    # The padding of an incomplete copy: zeros on most disks, ones on flash memory.
    data = data.rstrip(b"\x00\xff")
    scans, place = _Scans(), 2
    try:
        while data[place] == 0xFF and data[place + 1] != _END:
            if data[place + 1] == 0xFF:  # markers may be preceded by any number of these
                place += 1
                continue
            marker, begin = data[place + 1], place + 4
            end = place + 2 + int.from_bytes(data[place + 2 : begin])
            if end > len(data):
                break
            if marker in _FRAME_HEADERS:
                scans.begin_frame(marker, data[begin:end])
            elif marker == _START_OF_SCAN:
                scans.add(data[begin:end])
                following = _END_OF_SCAN.search(data, end)
                end = scans.end = following.start() if following else len(data)
            place = end
    except IndexError:  # the data ends where a marker should be
        pass
    except (KeyError, ValueError):
        return None
    return scans if scans.end else None
