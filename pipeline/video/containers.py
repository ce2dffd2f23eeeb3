"""Open a clip's file: with PyAV for its times and sound, with OpenCV for its pictures."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import av
import cv2
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from pipeline.base.files import check_file
from pipeline.base.messages import shown
from pipeline.errors import InputError, OutputError

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
            f"{shown(path)}: {what} cannot be written; end the output's name in one of {suffixes}"
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
        # An absolute path, so that FFmpeg takes `-x.mp4` and `a:b.mp4` for files. Errors in tags are ignored:
        # a title that is not UTF-8 does no harm.
        container = av.open(os.path.abspath(path), "r", metadata_errors="ignore")
    except OSError as error:
        raise InputError(f"{shown(path)}: cannot be read ({error.strerror or error})") from error
    except (av.FFmpegError, ValueError) as error:
        raise InputError(
            f"{shown(path)}: is not a video that can be read, or is cut short; play it, or copy it again"
        ) from error
    with container:
        if container.format.name.endswith(PICTURES):
            raise InputError(f"{shown(path)}: is not a video; nstpipe image takes pictures")
        yield container


@contextmanager
def open_capture(path: Path) -> Iterator[Any]:
    """Open a clip with OpenCV, to decode the frames of its first video stream, upright.

    Raises:
        InputError: OpenCV cannot open it.
    """
    # Bytes: OpenCV crashes on a name that is not UTF-8 given as a string. Any: its stubs lack bytes.
    name: Any = os.fsencode(os.path.abspath(path))
    with _quiet():
        capture = cv2.VideoCapture(name, cv2.CAP_FFMPEG)
        try:
            if not capture.isOpened():
                raise InputError(f"{shown(path)}: OpenCV cannot read its frames; convert it to MP4 (H.264)")
            capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)
            yield capture
        finally:
            capture.release()


def video_stream(container: InputContainer, path: Path) -> VideoStream:
    """The clip's first video stream, which is the one that OpenCV reads.

    Raises:
        InputError: there is none, or it is a cover picture.
    """
    covers = [stream.disposition & Disposition.attached_pic for stream in container.streams.video]
    if all(covers):
        raise InputError(f"{shown(path)}: has no video stream; name another clip")
    if covers[0]:
        raise InputError(
            f"{shown(path)}: OpenCV reads its cover picture instead of its frames; convert it without one"
        )
    return container.streams.video[0]


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
        yield packet


def reason(error: Exception) -> str:
    """The first line of an error's own message."""
    return str(getattr(error, "strerror", None) or error).splitlines()[0]


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep OpenCV and its own FFmpeg from writing to the terminal while a clip is open."""
    # Read by OpenCV when it opens its first clip; -8 is FFmpeg's AV_LOG_QUIET.
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        yield
    finally:
        with suppress(cv2.error):
            cv2.utils.logging.setLogLevel(level)
