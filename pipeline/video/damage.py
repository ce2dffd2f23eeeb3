"""Tell a video file that was damaged after it was written from a whole file with other content."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import av
from av.packet import Packet

from pipeline.base.isolated_child import beat
from pipeline.errors import InputError, TooLargeError
from pipeline.video import isolation
from pipeline.video.decoding.containers import open_container

START_BYTES = 256
"""Of a video, by which it is known: the lengths of its parts are among them."""

_ZEROS = bytes(64)
"""More zeros in a row than H.264 allows within a packet: it escapes the third."""

_EBML, _SEGMENT = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67"
"""The first two elements of a Matroska file."""


def start_of(path: Path) -> bytes:
    """The first :data:`START_BYTES` of a file.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return file.read(START_BYTES)


def is_damaged(path: Path, start: bytes) -> bool:
    """Whether ``path`` is what a cut or a power failure leaves of an MP4, MOV or Matroska file with H.264.

    True for an empty file, a file of zeros, and one that begins like the one that was written and is shorter
    than its boxes say, or has holes. A file that begins otherwise is another file and counts as whole, as one
    does that cannot be read for another reason: an error of the disk, too little memory, a crash.

    Args:
        start: :func:`start_of` the file that was written; empty where it is not known.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        first = file.read(START_BYTES)
        if not first.strip(b"\0"):
            return not any(chunk.strip(b"\0") for chunk in iter(lambda: file.read(2**20), b""))
        if not start.startswith(first):
            return False
        ends = _ends_of_elements(file) if first.startswith(_EBML[: len(first)]) else _ends_of_boxes(file)
        length = file.seek(0, 2)
        if length < len(start) or any(end > length for end in ends):
            return True
    try:
        return isolation.call(path, has_holes, path)
    except (InputError, TooLargeError):
        return False


def _ends_of_boxes(file: BinaryIO) -> Iterator[int]:
    """Where each box at the top of an MP4 should end (ISO/IEC 14496-12, 4.2)."""
    at = 0
    while file.seek(at) == at and len(header := file.read(16)) >= 8:
        size = int.from_bytes(header[:4], "big")
        if size == 1:
            size = int.from_bytes(header[8:], "big")
        if size < 8:  # 0: the box goes to the end of the file
            return
        at += size
        yield at


def _ends_of_elements(file: BinaryIO) -> Iterator[int]:
    """Where the header and the segment of a Matroska file should end (RFC 8794, 4 and 5)."""
    at = 0
    for name in (_EBML, _SEGMENT):
        file.seek(at)
        header = file.read(12)
        if len(header) < 5 or not header.startswith(name) or not header[4]:
            return
        width = 9 - header[4].bit_length()
        size = int.from_bytes(header[4 : 4 + width], "big") - (1 << 7 * width)
        if size == (1 << 7 * width) - 1:  # unknown
            return
        at += 4 + width + size
        yield at


def has_holes(path: Path) -> bool:
    """Whether FFmpeg finds data that are not valid, or H.264 with more zeros in a row than it can have.

    Raises:
        InputError: it cannot be opened for another reason.
        av.FFmpegError: it cannot be read for another reason.
    """
    try:
        with open_container(path) as container:
            return any(map(_is_damaged, container.demux(*container.streams.video, *container.streams.audio)))
    except av.InvalidDataError:
        return True
    except InputError as error:
        if isinstance(error.__cause__, av.InvalidDataError):
            return True
        raise


def _is_damaged(packet: "Packet[Any]") -> bool:
    beat()
    return packet.is_corrupt or (packet.stream.codec.name == "h264" and _ZEROS in bytes(packet))
