"""Functions that tests run in a process of its own: well-behaved ones, and each way to fail."""

import contextlib
import ctypes
import errno
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import psutil

from pipeline.base import isolated_child
from pipeline.base.isolated_child import beat, emit
from pipeline.base.memory import free_memory
from pipeline.errors import OutputError


def add(one: int, other: int) -> int:
    return one + other


def process_id() -> int:
    return os.getpid()


def modules() -> list[str]:
    import pipeline.video.writing.encoding  # noqa: F401 - what decoding and encoding need

    return sorted(sys.modules)


def pictures(count: int, size: tuple[int, int] = (4, 6)) -> Iterator[np.ndarray]:
    for number in range(count):
        yield np.full((*size, 3), number % 256, np.uint8)


def marked(count: int, folder: Path) -> Iterator[np.ndarray]:
    """Pictures of 3 MB; a file tells how many were made so far."""
    for number in range(count):
        (folder / "made").write_text(str(number + 1))
        yield np.full((1000, 1000, 3), number, np.uint8)


def emit_pictures(count: int) -> int:
    for number, picture in enumerate(pictures(count)):
        emit((number, picture))
    return count


def emit_one_and_crash() -> None:
    emit(1)
    crash()


def crash() -> None:
    ctypes.string_at(0)


def crash_on(file: Path) -> None:
    crash()


def abort() -> None:
    os.abort()


def die(after: int, number: int = signal.SIGKILL) -> Iterator[int]:
    yield from range(after)
    os.kill(os.getpid(), number)


def leave() -> None:
    os._exit(7)


def crash_if_used(pid: int) -> int:
    """Crash in the process of that number; its own number in any other."""
    if os.getpid() == pid:
        crash()
    return os.getpid()


def sleep(seconds: float) -> None:
    time.sleep(seconds)


def sleep_with_beats(seconds: float, step: float) -> str:
    isolated_child.BEAT_SECONDS = step
    for _ in range(round(seconds / step)):
        time.sleep(step)
        beat()
    return "done"


def end_when_idle_for(seconds: float) -> int:
    isolated_child.IDLE_SECONDS = seconds
    return os.getpid()


def tell_and_sleep(path: Path) -> None:
    path.write_text(str(os.getpid()))
    time.sleep(600)


def refuse() -> None:
    raise OutputError("no room; make some")


def full_disk() -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def fail() -> None:
    raise ZeroDivisionError("a fault")


def hoard(gigabytes: float) -> int:
    return len(bytearray(int(gigabytes * 1e9)))


def chatter() -> None:
    for descriptor in (1, 2):
        os.write(descriptor, b"chatter")
    print("chatter", flush=True)


def ignored_signals() -> str:
    for number in (signal.SIGINT, signal.SIGTERM):
        os.kill(os.getpid(), number)
    return "alive"


def endless_picture() -> None:
    """More than any machine has: OpenCV's error, not Python's."""
    cv2.resize(np.zeros((2, 2), np.uint8), (2**22, 2**22))


def no_memory_in_ffmpeg(*arguments: Any) -> Iterator[int]:
    yield 1
    raise av.FFmpegError(errno.ENOMEM, os.strerror(errno.ENOMEM))


def wrong_type() -> None:
    cv2.cvtColor(np.zeros((2, 2), np.int64), cv2.COLOR_BGR2RGB)


def endless_bytes() -> None:
    bytearray(2**45)


def slow_items(*arguments: Any) -> Iterator[int]:
    time.sleep(600)
    yield 1


def crash_after_one(*arguments: Any) -> Iterator[int]:
    yield 1
    crash()


def wait_after_one(*arguments: Any) -> Iterator[int]:
    """The encoder, which then waits: whoever ends this process finds its file begun."""
    from pipeline.video.writing import encoding

    for number in encoding._write(*arguments):
        yield number
        time.sleep(600)


def isolated_children() -> list[int]:
    """The living processes that run functions for this one."""
    pids = []
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.Error):  # it ended meanwhile
            if "isolated_child" in " ".join(child.cmdline()):
                pids.append(child.pid)
    return pids


def beats_in(function: Callable[..., Any], *arguments: Any) -> int:
    """How often a function shows progress, if every beat is sent; what it yields is dropped."""
    kinds: list[int] = []
    send, least = isolated_child._send, isolated_child.BEAT_SECONDS
    isolated_child.BEAT_SECONDS = -1.0
    isolated_child._send = lambda kind, content=None: kinds.append(kind)
    try:
        result = function(*arguments)
        if isinstance(result, Iterator):
            deque(result, maxlen=0)
    finally:
        isolated_child._send, isolated_child.BEAT_SECONDS = send, least
    return kinds.count(isolated_child.BEAT)


def room_for_data() -> tuple[int, int]:
    """Bytes that the limit on data leaves to this process, and those that are free."""
    import resource

    used = int(psutil.Process().memory_info().data)
    return resource.getrlimit(resource.RLIMIT_DATA)[0] - used, free_memory()


def leave_room_for_data(size: int) -> None:
    import resource

    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    resource.setrlimit(resource.RLIMIT_DATA, (int(psutil.Process().memory_info().data) + size, hard))
