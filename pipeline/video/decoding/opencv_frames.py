"""The frames of a clip as OpenCV decodes them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import cv2

from pipeline.base.arrays import Frame
from pipeline.base.isolated_child import beat
from pipeline.base.messages import shown
from pipeline.errors import InputError
from pipeline.video.decoding import formats


@contextmanager
def open_capture(path: Path) -> Iterator[Any]:
    """Open a clip to decode the frames of its first video stream, turned upright by OpenCV.

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


def can_read(path: Path) -> bool:
    """Whether OpenCV can read a clip's first frame; it has no decoder for AV1."""
    try:
        with open_capture(path) as capture:
            return bool(capture.grab())
    except InputError:
        return False


def read(path: Path, start: int = 0) -> Iterator[Frame]:
    """The frames from number ``start`` on: uint8 RGB (height, width, 3), upright, of the first one's size.

    Frames before ``start`` are decoded and dropped: seeking ends at another frame in some files.

    Raises:
        InputError: OpenCV cannot open the clip.
    """
    with open_capture(path) as capture:
        for _ in range(start):
            if not capture.grab():
                return
            beat()
        while True:
            is_read, frame = capture.read()
            if not is_read:
                return
            yield cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep OpenCV and its own FFmpeg from writing to the terminal while a clip is open."""
    # Read by OpenCV when it opens its first clip; -8 is FFmpeg's AV_LOG_QUIET.
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    formats.restrict_opencv()
    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        yield
    finally:
        with suppress(cv2.error):
            cv2.utils.logging.setLogLevel(level)
