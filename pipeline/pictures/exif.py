"""EXIF that stays true of a pastiche: parsed from a picture's file, written to the pastiche's.

EXIF is a small TIFF file: directories of entries (tag, type, count, value). Entries are copied byte by byte,
so that no text or fraction changes. Copied are those of :data:`KEPT_MAIN`, :data:`KEPT_PHOTO` and
:data:`KEPT_GPS`; not those that describe the old file: its size, its thumbnail, its colour space, and the
maker's notes, whose offsets are those of the old file.
"""

import mmap
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from types import MappingProxyType

from pipeline.pictures.tiff_tags import TYPE_BYTES

Data = bytes | mmap.mmap

PREFIX = b"Exif\0\0"
"""Before the EXIF in a JPEG; other formats have it or not."""

KEPT_MAIN = frozenset(
    {
        0x010E,  # ImageDescription
        0x010F,  # Make
        0x0110,  # Model
        0x011A,  # XResolution
        0x011B,  # YResolution
        0x0128,  # ResolutionUnit
        0x0132,  # DateTime
        0x013B,  # Artist
        0x4746,  # Rating
        0x8298,  # Copyright
        *range(0x9C9B, 0x9CA0),  # title, comment, author, keywords, subject, as Windows writes them
    }
)
KEPT_PHOTO = frozenset(
    {
        0x829A,  # ExposureTime
        0x829D,  # FNumber
        0x8822,  # ExposureProgram
        0x8827,  # PhotographicSensitivity
        0x8830,  # SensitivityType
        0x9000,  # ExifVersion
        0x9003,  # DateTimeOriginal
        0x9004,  # DateTimeDigitized
        *range(0x9010, 0x9013),  # OffsetTime…
        *range(0x9201, 0x920B),  # ShutterSpeedValue to FocalLength
        0x9286,  # UserComment
        *range(0x9290, 0x9293),  # SubSecTime…
        *range(0xA402, 0xA407),  # ExposureMode to SceneCaptureType
        0xA430,  # CameraOwnerName
        *range(0xA432, 0xA435),  # LensSpecification, LensMake, LensModel
    }
)
KEPT_GPS = frozenset(range(32))

LARGEST = 60_000
"""Bytes of all that is copied; a JPEG holds 65,533."""

_PHOTO, _GPS = 0x8769, 0x8825
_ORIENTATION, _COLOUR_SPACE = 0x0112, 0xA001
_X_RESOLUTION, _Y_RESOLUTION, _RESOLUTION_UNIT = 0x011A, 0x011B, 0x0128
_SHORT, _LONG, _RATIONAL = 3, 4, 5
_RESOLUTION_TYPES = (_RATIONAL, _RATIONAL, _SHORT)
_BYTES_TO_SWAP = TYPE_BYTES | {5: 4, 10: 4}
"""A rational is two whole numbers."""


@dataclass(frozen=True)
class Entry:
    """An entry; ``data`` is little-endian."""

    type: int
    data: bytes

    @property
    def count(self) -> int:
        """How many values it has."""
        return len(self.data) // TYPE_BYTES[self.type]


Entries = Mapping[int, Entry]


@dataclass(frozen=True)
class Exif:
    """The kept entries {tag: entry} of the three directories."""

    main: Entries = field(default_factory=dict)
    photo: Entries = field(default_factory=dict)
    gps: Entries = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.main or self.photo or self.gps)


def parsed(data: Data) -> Exif:
    """What is to be kept of EXIF, or of a whole TIFF file; what is damaged is left out."""
    data = data.removeprefix(PREFIX) if isinstance(data, bytes) else data
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(bytes(data[:4]))
    if order is None:
        return Exif()
    main = dict(_entries(data, order, _offset(data, order, 4), KEPT_MAIN | {_PHOTO, _GPS}))
    photo, gps = (
        dict(_entries(data, order, int.from_bytes(pointer.data[:4], "little"), kept)) if pointer else {}
        for pointer, kept in ((main.pop(_PHOTO, None), KEPT_PHOTO), (main.pop(_GPS, None), KEPT_GPS))
    )
    return _bounded(Exif(main, photo, gps))


def with_resolution(exif: Exif, dpi: tuple[float, float]) -> Exif:
    """``exif`` with the resolution (x, y) in dots per inch."""
    x, y = (Fraction(value).limit_denominator(1000) for value in dpi)
    resolution = {
        _X_RESOLUTION: Entry(_RATIONAL, struct.pack("<II", *x.as_integer_ratio())),
        _Y_RESOLUTION: Entry(_RATIONAL, struct.pack("<II", *y.as_integer_ratio())),
        _RESOLUTION_UNIT: Entry(_SHORT, struct.pack("<H", 2)),
    }
    return Exif({**exif.main, **resolution}, exif.photo, exif.gps)


def resolution(exif: Exif) -> tuple[float, float] | None:
    """The resolution (x, y) in dots per inch, if ``exif`` has it."""
    entries = [exif.main.get(tag) for tag in (_X_RESOLUTION, _Y_RESOLUTION, _RESOLUTION_UNIT)]
    if not all(entry and entry.type == kind for entry, kind in zip(entries, _RESOLUTION_TYPES, strict=True)):
        return None
    x_above, x_below, y_above, y_below, unit = struct.unpack("<IIIIH", b"".join(e.data for e in entries if e))
    inches = {2: 1.0, 3: 2.54}.get(unit, 0.0)
    if not (inches and x_below and y_below):
        return None
    return inches * x_above / x_below, inches * y_above / y_below


def serialised(exif: Exif) -> bytes:
    """The bytes of ``exif``, with the prefix; upright and in sRGB, as every pastiche is."""
    upright = {**exif.main, _ORIENTATION: Entry(_SHORT, struct.pack("<H", 1))}
    return PREFIX + b"II*\0" + struct.pack("<I", 8) + _directories(Exif(upright, exif.photo, exif.gps), 8)


def added_to_tiff(tiff: bytes, exif: Exif) -> bytes:
    """A little-endian TIFF file with the entries of ``exif`` that it lacks: its directory is written anew."""
    if not tiff.startswith(b"II*\0"):  # nstpipe writes no others on the machines that it runs on
        return tiff
    own = _raw_directory(tiff, struct.unpack_from("<I", tiff, 4)[0])
    added = Exif({tag: entry for tag, entry in exif.main.items() if tag not in own}, exif.photo, exif.gps)
    tiff += bytes(len(tiff) % 2)
    place = len(tiff)
    return tiff[:4] + struct.pack("<I", place) + tiff[8:] + _directories(added, place, own)


def _directories(exif: Exif, place: int, raw: Mapping[int, bytes] = MappingProxyType({})) -> bytes:
    """The main directory at ``place``, its values, and behind it the two others.

    ``raw`` are entries of 12 bytes that go in as they are.
    """
    photo = {**exif.photo, _COLOUR_SPACE: Entry(_SHORT, struct.pack("<H", 1))}
    pointer = Entry(_LONG, bytes(4))
    main = {**exif.main, _PHOTO: pointer} | ({_GPS: pointer} if exif.gps else {})
    at = place + len(_directory(main, place, raw))
    behind = b""
    for tag, entries in ((_PHOTO, photo), (_GPS, exif.gps)):
        if entries:
            main[tag] = Entry(_LONG, struct.pack("<I", at + len(behind)))
            behind += _directory(entries, at + len(behind))
    return _directory(main, place, raw) + behind


def _directory(entries: Entries, place: int, raw: Mapping[int, bytes] = MappingProxyType({})) -> bytes:
    """A directory at ``place`` and, behind it, the values that do not fit in their entries."""
    rows, values = dict(raw), b""
    begin = place + 2 + 12 * (len(rows) + len(entries)) + 4
    for tag, entry in sorted(entries.items()):
        value = entry.data.ljust(4, b"\0")
        if len(value) > 4:
            value, offset = struct.pack("<I", begin + len(values)), len(entry.data)
            values += entry.data + bytes(offset % 2)
        rows[tag] = struct.pack("<HHI", tag, entry.type, entry.count) + value
    return struct.pack("<H", len(rows)) + b"".join(row for _, row in sorted(rows.items())) + bytes(4) + values


def _raw_directory(data: bytes, place: int) -> dict[int, bytes]:
    count = struct.unpack_from("<H", data, place)[0]
    rows = [data[at : at + 12] for at in range(place + 2, place + 2 + 12 * count, 12)]
    return {struct.unpack_from("<H", row)[0]: row for row in rows}


def _entries(data: Data, order: str, place: int, kept: Iterable[int]) -> Iterator[tuple[int, Entry]]:
    """The directory's entries whose tags are ``kept``; none where it lies outside the data."""
    rows = bytes(data[place : place + 2])
    count = struct.unpack(order + "H", rows)[0] if len(rows) == 2 else 0
    for at in range(place + 2, min(place + 2 + 12 * count, len(data) - 11), 12):
        tag, kind, values = struct.unpack(order + "HHI", data[at : at + 8])
        size = values * TYPE_BYTES.get(kind, 0)
        if tag in kept and 0 < size <= LARGEST:
            begin = at + 8 if size <= 4 else _offset(data, order, at + 8)
            value = bytes(data[begin : begin + size])
            if len(value) == size:
                yield tag, Entry(kind, value if order == "<" else _swapped(value, _BYTES_TO_SWAP[kind]))


def _offset(data: Data, order: str, place: int) -> int:
    return int(struct.unpack(order + "I", bytes(data[place : place + 4]).ljust(4, b"\0"))[0])


def _swapped(value: bytes, size: int) -> bytes:
    return b"".join(value[at : at + size][::-1] for at in range(0, len(value), size))


def _bounded(exif: Exif) -> Exif:
    """``exif`` without its largest entries, so that it fits in a JPEG."""
    while len(serialised(exif)) > LARGEST:
        directories = [dict(exif.main), dict(exif.photo), dict(exif.gps)]
        every = [(len(entry.data), tag, part) for part in directories for tag, entry in part.items()]
        _, tag, largest = max(every, key=lambda one: one[0])
        del largest[tag]
        exif = Exif(*directories)
    return exif
