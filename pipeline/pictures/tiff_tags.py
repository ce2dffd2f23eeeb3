"""TIFFs with broken tags: those of the first picture whose values lie outside the file are left out."""

import struct

TYPE_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
"""Number of a TIFF type -> bytes of one value of it. EXIF is a TIFF."""

_INTEGERS = {3: "H", 4: "I"}

_PLACES, _SIZES = (273, 324), (279, 325)
"""The tags for where strips and tiles lie, and for their bytes."""


def mended(data: bytes) -> tuple[bytes, tuple[str, ...]] | None:
    """A TIFF without its broken tags; None where it has none.

    Without a tag that is necessary, the decoder finds that it cannot read the picture.

    Args:
        data: the file.

    Returns:
        a file of the same length, and what was wrong with the one given, in a few words each.
    """
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(data[:4])
    try:
        place = struct.unpack_from(f"{order}I", data, 4)[0] if order else 0
        count = struct.unpack_from(f"{order}H", data, place)[0] if order else 0
    except struct.error:
        return None
    rows = [data[at : at + 12] for at in range(place + 2, place + 2 + 12 * count, 12)]
    whole = [row for row in rows if len(row) == 12 and _is_inside(row, order or "<", len(data))]
    if len(whole) == len(rows):
        return None
    end = place + 2 + 12 * count
    following = data[end : end + 4]
    directory = struct.pack(f"{order}H", len(whole)) + b"".join(whole) + following
    kept = data[:place] + directory.ljust(end + 4 - place, b"\0") + data[end + 4 :]
    broken = [struct.unpack(f"{order}H", row[:2])[0] for row in rows if row not in whole and len(row) > 1]
    return kept, tuple(f"has a broken tag ({tag}), which is ignored" for tag in broken)


def lacks_directory(data: bytes) -> bool:
    """Whether a TIFF's list of tags, or a value of one, lies outside the file, or zeros are in its place."""
    try:
        _, _, count = _directory(data)
    except struct.error:
        return True
    return not count or mended(data) is not None


def lacks_pixels(data: bytes) -> bool:
    """Whether strips or tiles lie outside the file, whose tags are whole."""
    order, place, count = _directory(data)
    values = {}
    for at in range(place + 2, place + 2 + 12 * count, 12):
        tag, kind, number = struct.unpack_from(f"{order}HHI", data, at)
        if tag in _PLACES + _SIZES and kind in _INTEGERS:
            inside = number * TYPE_BYTES[kind] <= 4
            start = at + 8 if inside else struct.unpack_from(f"{order}I", data, at + 8)[0]
            values[tag] = struct.unpack_from(f"{order}{number}{_INTEGERS[kind]}", data, start)
    pairs = zip(_PLACES, _SIZES, strict=True)
    return any(
        start + size > len(data)
        for places, sizes in pairs
        for start, size in zip(values.get(places, ()), values.get(sizes, ()), strict=False)
    )


def _directory(data: bytes) -> tuple[str, int, int]:
    """The byte order of a TIFF, where its list of tags lies, and how many they are.

    Raises:
        struct.error: the list lies outside the file.
    """
    order = {b"II*\0": "<", b"MM\0*": ">"}[data[:4]]
    place = struct.unpack_from(f"{order}I", data, 4)[0]
    return order, place, struct.unpack_from(f"{order}H", data, place)[0]


def _is_inside(row: bytes, order: str, length: int) -> bool:
    _, kind, count, place = struct.unpack(order + "HHII", row)
    size = count * TYPE_BYTES.get(kind, 1)
    return size <= 4 or place + size <= length
