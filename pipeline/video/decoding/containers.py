"""Open a clip's file with PyAV; take its packets and frames, past damaged ones."""

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from pipeline.base.files import check_file
from pipeline.base.isolated_child import beat
from pipeline.base.messages import shown
from pipeline.errors import InputError, OutputError
from pipeline.video.decoding import decoder_memory, formats

CONTAINERS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska"}
"""Suffix -> FFmpeg's name of its container; all of them take H.264 and sound."""

ARBITRARY_START = 0x0200
"""FFmpeg's AVFMT_TS_DISCONT: the container's clock starts anywhere (MPEG-TS, MPEG-PS)."""


def check_output(path: Path) -> str:
    """FFmpeg's name of the container for the suffix of ``path``.

    Raises:
        OutputError: nstpipe does not write videos with that suffix.
    """
    container = CONTAINERS.get(path.suffix.lower())
    if container is None:
        what = f"{shown(path.suffix)} files" if path.suffix else "files without a suffix"
        suffixes = ", ".join(CONTAINERS)
        raise OutputError(
            f"{shown(path)}: {what} cannot be written; end the output's name in one of {suffixes}, "
            "or write a sequence of pictures, such as %04d.png"
        )
    return container


PICTURES = ("image2", "tty", "_pipe")
"""Endings of FFmpeg's names for pictures and plain text, which it reads as clips of one frame."""


@contextmanager
def open_container(path: Path) -> Iterator[InputContainer]:
    """Open a clip with PyAV, to demux it.

    Raises:
        InputError: it is missing, a folder, empty, cut short, or not a video.
    """
    check_file(path, "a clip")
    try:
        # An absolute path, so that FFmpeg takes `-x.mp4` and `a:b.mp4` for files. Bytes of tags that are not
        # UTF-8 become surrogates, as in paths: such a title does no harm, and can be told apart.
        name = os.path.abspath(path)
        container = av.open(name, "r", metadata_errors="surrogateescape", options=formats.OPTIONS)
    except OSError as error:
        raise InputError(f"{shown(path)}: cannot be read ({error.strerror or error})") from error
    except (av.FFmpegError, ValueError) as error:
        if formats.is_playlist(path):
            raise InputError(
                f"{shown(path)}: is a playlist, which names other files; name the clip itself"
            ) from error
        raise InputError(
            f"{shown(path)}: is not a video that can be read, or is cut short; play it, or copy it again"
        ) from error
    with container:
        if container.format.name.endswith(PICTURES):
            raise InputError(
                f"{shown(path)}: is not a video; nstpipe image takes a picture, %04d.png names a sequence"
            )
        yield container


def video_stream(container: InputContainer, path: Path) -> VideoStream:
    """The clip's video stream: the first that is marked as the default, else the first; no cover picture.

    Raises:
        InputError: there is none.
        TooLargeError: decoding it needs more memory than is free.
    """
    streams = [one for one in container.streams.video if not one.disposition & Disposition.attached_pic]
    if not streams:
        raise InputError(f"{shown(path)}: has no video stream; name another clip")
    stream = next((one for one in streams if one.disposition & Disposition.default), streams[0])
    decoder_memory.check(path, stream)
    return stream


def demuxed(
    container: InputContainer, streams: Sequence[Stream], damage: list[str]
) -> Iterator["Packet[Any]"]:
    """The packets of ``streams`` up to the end, or up to a fault, which is appended to ``damage``."""
    packets = container.demux(*streams)
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            return
        except (av.FFmpegError, ValueError) as error:
            damage.append(reason(error))
            return
        beat()
        yield packet


def decoded(packet: "Packet[Any]", damage: list[str]) -> list[av.VideoFrame]:
    """The frames of a packet; none if it is damaged, and a line in ``damage``."""
    try:
        return [frame for frame in packet.decode() if isinstance(frame, av.VideoFrame)]
    except (av.FFmpegError, ValueError) as error:
        damage.append(reason(error))
        return []


@contextmanager
def skipping_damage() -> Iterator[None]:
    """Leave the block where a file is damaged; but memory that runs out is an error, see :func:`reason`."""
    try:
        yield
    except (av.FFmpegError, ValueError) as error:
        reason(error)


def reason(error: Exception) -> str:
    """The first line of an error's own message.

    Raises:
        MemoryError: the error says that memory ran out, which is no fault of the file.
    """
    if isinstance(error, av.FFmpegError) and error.errno == errno.ENOMEM:
        raise MemoryError from error
    return str(getattr(error, "strerror", None) or error).splitlines()[0]
