"""How much memory decoding a clip takes: by the size of its frames, not by that of its file."""

import os
from pathlib import Path

from av.video.stream import VideoStream

from pipeline.base.arrays import Size
from pipeline.base.memory import free_memory
from pipeline.base.messages import shown
from pipeline.errors import TooLargeError

BYTES_PER_PIXEL = 28
"""Measured while probing 8-bit H.264, HEVC and MPEG-4 of 3000x3000 on one thread: the frames that the decoder
refers to, and copies in RGB in this process and in the decoder's."""

BYTES_PER_PIXEL_AND_THREAD = 1.5
"""Each thread of FFmpeg's decoder works at a frame of its own, 8-bit YUV 4:2:0."""

MAX_THREADS = 16
"""FFmpeg starts no more threads than that by itself."""

BASE_BYTES = 150 * 2**20
"""Memory of the decoder's process before it has opened a clip."""


def needed(size: Size) -> int:
    """Bytes that decoding frames of ``size`` (height, width) takes, the decoder's process included."""
    threads = min(os.cpu_count() or 1, MAX_THREADS)
    return BASE_BYTES + int(size[0] * size[1] * (BYTES_PER_PIXEL + BYTES_PER_PIXEL_AND_THREAD * threads))


def check(path: Path, stream: VideoStream) -> None:
    """Check by its header that a clip can be decoded in the memory that is free, before any of it is decoded.

    Raises:
        TooLargeError: it cannot.
    """
    size = stream.codec_context.height, stream.codec_context.width
    # The check runs in the decoder's process, whose own memory is not free any more.
    need, free = needed(size) - BASE_BYTES, free_memory()
    if need > free:
        raise TooLargeError(
            f"{shown(path)}: frames of {size[1]}x{size[0]} pixels need about {need / 1e9:.1f} GB to decode, "
            f"{free / 1e9:.1f} GB are free; make the clip smaller, or close other programs"
        )
