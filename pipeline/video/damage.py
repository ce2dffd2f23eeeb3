"""Tell a video file that was damaged after it was written from a whole file with other content."""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import av

from pipeline.errors import InputError
from pipeline.video.containers import open_container

_ZEROS = bytes(64)
"""More zeros in a row than H.264 allows within a packet: it escapes the third."""

_EBML, _SEGMENT = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67"
"""The first two elements of a Matroska file."""


def is_damaged(path: Path) -> bool:
    """Whether ``path`` is what a cut or a power failure leaves of an MP4, MOV or Matroska file with H.264.

    True for an empty file, a file of zeros, and one that begins like those and is shorter than its boxes
    say, cannot be opened, or has holes. A file that begins otherwise is another file and counts as whole.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        start = file.read(len(_ZEROS))
        if not start.strip(b"\0"):
            return not any(chunk.strip(b"\0") for chunk in iter(lambda: file.read(2**20), b""))
        if start[4:8] == b"ftyp":
            ends = _ends_of_boxes(file)
        elif start.startswith(_EBML):
            ends = _ends_of_elements(file)
        else:
            return b"ftyp".startswith(start[4:8]) and len(start) < 8
        length = file.seek(0, 2)
        if any(end > length for end in ends):
            return True
    return _has_holes(path)


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


def _has_holes(path: Path) -> bool:
    try:
        with open_container(path) as container:
            streams = [*container.streams.video, *container.streams.audio]
            return any(
                packet.is_corrupt or (packet.stream.codec.name == "h264" and _ZEROS in bytes(packet))
                for packet in container.demux(*streams)
            )
    except (InputError, av.FFmpegError, ValueError):
        return True
