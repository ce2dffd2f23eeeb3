"""Read and write clips in a process of its own: a fault of a decoder or encoder is one line about the file.

FFmpeg is fed files of any origin. A crash, a file without an end, or one that wants all memory must cost that
clip and not the job: see :mod:`pipeline.base.isolated`.
"""

import errno
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import av
import cv2

from pipeline.base import isolated
from pipeline.base.isolated import CrashedError, NoMemoryError, StalledError
from pipeline.base.messages import duration, shown
from pipeline.errors import InputError, NstpipeError, OutputError, TooLargeError

T = TypeVar("T")


@dataclass(frozen=True)
class Operation:
    """What the process does with a file, in the words of messages.

    Attributes:
        name: ``decoding``.
        program: what does it, such as ``decoder``.
        remedy: what the user can do where it crashes or makes no progress.
        error: the kind of error that this is.
    """

    name: str
    program: str
    remedy: str
    error: type[NstpipeError]


DECODING = Operation("decoding", "decoder", "copy it again, or convert it to MP4 (H.264)", InputError)
ENCODING = Operation(
    "encoding", "encoder", "type the same line again, or choose another output with -o", OutputError
)


def call(
    clip: Path,
    function: Callable[..., T],
    *arguments: Any,
    on_item: Callable[[Any], None] = lambda item: None,
) -> T:
    """What ``function(*arguments)``, which decodes ``clip``, returns in a process of its own.

    ``on_item`` is called with what it gives to ``isolated_child.emit``.

    Raises:
        InputError: the process crashed, or showed no progress; the message names ``clip``.
        TooLargeError: it needed more memory than is free.
        Exception: what the function raised, see :func:`pipeline.base.isolated.call`.
    """
    with _errors_about(clip, DECODING):
        return isolated.call(_called, function, *arguments, on_item=on_item)


def iterate(
    file: Path,
    function: Callable[..., Iterator[T]],
    *arguments: Any,
    operation: Operation = DECODING,
    stall_seconds: float = isolated.STALL_SECONDS,
) -> Generator[T, None, None]:
    """What ``function(*arguments)`` yields in a process of its own.

    Errors are those of :func:`call`, but ``operation.error`` takes the place of InputError.

    Args:
        file: what the messages name.
        operation: what the function does with ``file``.
        stall_seconds: an item may take so long.
    """
    items = isolated.iterate(_iterated, function, *arguments, stall_seconds=stall_seconds)
    with _errors_about(file, operation), closing(items):
        yield from items


@contextmanager
def _errors_about(file: Path, operation: Operation) -> Iterator[None]:
    name = shown(file)
    try:
        yield
    except CrashedError as error:
        raise operation.error(f"{name}: {_crash(error.cause, operation)}") from error
    except StalledError as error:
        raise operation.error(
            f"{name}: its {operation.program} made no progress for {duration(error.seconds)}; "
            f"{operation.remedy}"
        ) from error
    except NoMemoryError as error:
        raise TooLargeError(
            f"{name}: {operation.name} it needs more memory than is free; "
            "close other programs, or make it smaller"
        ) from error


def _crash(cause: str, operation: Operation) -> str:
    if cause == "SIGKILL":  # only the out-of-memory killer, or a person, sends it
        return (
            f"its {operation.program} was killed (SIGKILL), perhaps because memory ran out; "
            "close other programs"
        )
    return f"its {operation.program} crashed ({cause}); {operation.remedy}"


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
