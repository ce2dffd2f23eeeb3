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
"""FFmpeg's name of the container that each suffix stands for; all of them take H.264 and sound."""

ARBITRARY_START = 0x0200
"""FFmpeg's AVFMT_TS_DISCONT: the container's clock starts anywhere (MPEG-TS, MPEG-PS)."""


def check_output(path: Path) -> str:
    """FFmpeg's name of the container that ``path`` stands for.

    Raises:
        OutputError: a video with that suffix is not one that we write.
    """
    container = CONTAINERS.get(path.suffix.lower())
    if container is None:
        what = f"{path.suffix} files are" if path.suffix else "a file without a suffix is"
        known = ", ".join(CONTAINERS)
        raise OutputError(f"{shown(path)}: {what} not written; end the output's name in one of {known}")
    return container


PICTURES = ("image2", "tty", "_pipe")
"""Ends of FFmpeg's names for what it can show as a clip of one frame: pictures, and plain text."""


@contextmanager
def open_container(path: Path) -> Iterator[InputContainer]:
    """The clip's file, demuxed by PyAV.

    Raises:
        InputError: it is missing, a folder, empty, cut short, or no video file.
    """
    check_file(path, "a clip")
    try:
        # An absolute path, so that FFmpeg takes neither `-x.mp4` nor `a:b.mp4` for anything but a file;
        # ignored errors in tags: a title that is not UTF-8 harms nobody.
        container = av.open(os.path.abspath(path), "r", metadata_errors="ignore")
    except OSError as error:
        raise InputError(f"{shown(path)}: cannot be read ({error.strerror or error})") from error
    except (av.FFmpegError, ValueError) as error:
        raise InputError(
            f"{shown(path)}: is no video that can be read, or was cut short; play it to see, or copy it anew"
        ) from error
    with container:
        if container.format.name.endswith(PICTURES):
            raise InputError(f"{shown(path)}: is no video; nstpipe image takes pictures")
        yield container


@contextmanager
def open_capture(path: Path) -> Iterator[Any]:
    """The pictures of the clip's first video stream, decoded by OpenCV, upright.

    Raises:
        InputError: OpenCV cannot open it.
    """
    # Bytes: OpenCV dies of a name that is not UTF-8 when it is given as a string.
    name: Any = os.fsencode(os.path.abspath(path))
    with _quiet():
        capture = cv2.VideoCapture(name, cv2.CAP_FFMPEG)
        try:
            if not capture.isOpened():
                raise InputError(f"{shown(path)}: OpenCV cannot read its pictures; convert it to MP4 (H.264)")
            capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)
            yield capture
        finally:
            capture.release()


def video_stream(container: InputContainer, path: Path) -> VideoStream:
    """The clip's pictures: its first video stream, which is the one that OpenCV takes.

    Raises:
        InputError: there is none, or it is a cover picture.
    """
    covers = [stream.disposition & Disposition.attached_pic for stream in container.streams.video]
    if all(covers):
        raise InputError(f"{shown(path)}: holds no video; give a clip that has pictures")
    if covers[0]:
        raise InputError(
            f"{shown(path)}: OpenCV takes its cover picture for the clip; convert it without one"
        )
    return container.streams.video[0]


def demuxed(
    container: InputContainer, streams: Sequence[Stream], damage: list[str]
) -> Iterator["Packet[Any]"]:
    """The packets of ``streams`` up to the end, or to where the file breaks: then ``damage`` says so."""
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
    """What went wrong, in FFmpeg's few words."""
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
