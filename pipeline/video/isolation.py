"""Read and write a clip in a process of its own: what its decoder does there becomes one line about the clip.

FFmpeg is fed files of any origin. A crash, a file without an end, or one that wants all memory must cost that
clip and not the job: see :mod:`pipeline.base.isolated`.
"""

import errno
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import av
import cv2

from pipeline.base import isolated
from pipeline.base.isolated import CrashedError, NoMemoryError, StalledError
from pipeline.base.messages import duration, shown
from pipeline.errors import InputError, TooLargeError

T = TypeVar("T")


def call(clip: Path, function: Callable[..., T], *arguments: Any) -> T:
    """What ``function(*arguments)`` returns in a process of its own.

    Raises:
        InputError: the process crashed, or showed no progress; the message names ``clip``.
        TooLargeError: it needed more memory than is free.
        Exception: what the function raised, see :func:`pipeline.base.isolated.call`.
    """
    with _errors_about(clip):
        return isolated.call(_called, function, *arguments)


def iterate(
    clip: Path,
    function: Callable[..., Iterator[T]],
    *arguments: Any,
    stall_seconds: float = isolated.STALL_SECONDS,
) -> Generator[T, None, None]:
    """What ``function(*arguments)`` yields in a process of its own; errors as those of :func:`call`.

    Args:
        stall_seconds: an item may take so long.
    """
    items = isolated.iterate(_iterated, function, *arguments, stall_seconds=stall_seconds)
    with _errors_about(clip), closing(items):
        yield from items


@contextmanager
def _errors_about(clip: Path) -> Iterator[None]:
    name = shown(clip)
    try:
        yield
    except CrashedError as error:
        raise InputError(f"{name}: {_crash(error.cause)}") from error
    except StalledError as error:
        raise InputError(
            f"{name}: its decoder made no progress for {duration(error.seconds)}; "
            "copy it again, or convert it to MP4 (H.264)"
        ) from error
    except NoMemoryError as error:
        raise TooLargeError(
            f"{name}: decoding it needs more memory than is free; close other programs, or make it smaller"
        ) from error


def _crash(cause: str) -> str:
    if cause == "SIGKILL":  # nothing but the kernel's end of memory, or a person, sends it
        return "its decoder was killed (SIGKILL), perhaps because memory ran out; close other programs"
    return f"its decoder crashed ({cause}); copy it again, or convert it to MP4 (H.264)"


def _called(function: Callable[..., T], *arguments: Any) -> T:
    with _memory_errors():
        return function(*arguments)


def _iterated(function: Callable[..., Iterator[T]], *arguments: Any) -> Iterator[T]:
    with _memory_errors():
        yield from function(*arguments)


@contextmanager
def _memory_errors() -> Iterator[None]:
    """Turn the errors by which OpenCV and FFmpeg say that memory ran out into MemoryError."""
    try:
        yield
    except cv2.error as error:
        if error.code != cv2.Error.StsNoMem:
            raise
        raise MemoryError from error
    except av.FFmpegError as error:
        if error.errno != errno.ENOMEM:
            raise
        raise MemoryError from error
