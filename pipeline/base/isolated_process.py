"""The parent's side of a process that runs functions: start it, ask it, read what it sends, end it."""

import atexit
import contextlib
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Generator
from typing import IO, Any
from weakref import WeakSet

import numpy as np

from pipeline.base.isolated_child import BEAT, END, ERROR, HEADER, LENGTH, NO_MEMORY, RESULT

POLL_SECONDS = 0.2
"""Time between two checks whether the user wants to stop."""

PIPE_BYTES = 2**20
"""Size of the pipe from the child, where it can be set: fewer switches between the processes."""

END_SECONDS = 5.0
"""How long the thread that reads from a child is waited for, once the child is gone."""

Message = tuple[int, Any]
"""Its kind, see :mod:`pipeline.base.isolated_child`, and what it carries."""


class ChildError(Exception):
    """The process in which the function ran did not come to its end."""


class CrashedError(ChildError):
    """It died; ``cause`` names the signal, or the exit status."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


class StalledError(ChildError):
    """It showed no progress for ``seconds``."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"no progress for {seconds:.0f} s")
        self.seconds = seconds


class NoMemoryError(ChildError):
    """It needed more memory than was free."""


_START = "import sys; sys.path[:] = {}; from pipeline.base import isolated_child; isolated_child.main()"
"""What the child runs; its argument is the list of folders in which modules are found."""


class ChildProcess:
    """One process, and the thread that reads what it sends."""

    def __init__(self) -> None:
        # In a process group of its own a Ctrl-C at the terminal does not reach it.
        group: dict[str, Any] = {"process_group": 0} if os.name == "posix" else {"creationflags": 0x00000200}
        self._process = subprocess.Popen(
            [sys.executable, "-c", _START.format(_search_path())],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            **group,
        )
        _children.add(self)
        _enlarge(self._process.stdout)
        self._received: queue.Queue[Message | None] = queue.Queue(1)
        threading.Thread(target=self._read, daemon=True).start()
        self.has_answered = False
        """Whether a message that is no beat came since the last request."""
        self.is_idle = False
        """Whether it waits for a request."""

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def answers(
        self, request: bytes, stall_seconds: float, on_wait: Callable[[], Callable[[], None] | None]
    ) -> Generator[Message, None, None]:
        """The messages that answer a request; then the child is idle, or ended where anything went wrong.

        Args:
            request: the pickle of a folder, a function and its arguments.
            stall_seconds: without progress for so long, the child is ended.
            on_wait: gives what is called while a message is waited for.

        Raises:
            ChildError, Exception: see :func:`pipeline.base.isolated.call`.
        """
        self.has_answered = self.is_idle = False
        try:
            self._ask(request)
            while not self.is_idle:
                kind, content = self._next(stall_seconds, on_wait)
                if kind == NO_MEMORY:
                    raise NoMemoryError
                self.is_idle = kind in (END, RESULT, ERROR)
                if kind == ERROR:
                    raise content
                if kind != BEAT:
                    self.has_answered = True
                    yield kind, content
        finally:
            if not self.is_idle:
                self.kill()

    def kill(self) -> None:
        """End the process and wait for it; one that is gone already may be ended again."""
        self._process.kill()
        self._process.wait()
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        with contextlib.suppress(queue.Empty):
            while self._received.get(timeout=END_SECONDS) is not None:  # so that the thread reads to the end
                pass
            self._received.put(None)  # for another call

    def _ask(self, request: bytes) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # it is gone: the next read shows that
            rest = memoryview(LENGTH.pack(len(request)) + request)
            while rest:
                rest = rest[self._process.stdin.write(rest) :]

    def _next(self, stall_seconds: float, on_wait: Callable[[], Callable[[], None] | None]) -> Message:
        """The next message. Waits are counted, not a clock: a stopped and continued process loses no time."""
        for _ in range(max(1, round(stall_seconds / POLL_SECONDS))):
            if check := on_wait():
                check()
            with contextlib.suppress(queue.Empty):
                message = self._received.get(timeout=POLL_SECONDS)
                if message is None:
                    self._received.put(None)  # for kill
                    raise CrashedError(_cause(self._process.wait()))
                return message
        raise StalledError(stall_seconds)

    def _read(self) -> None:
        """Put every message into the queue; None is the last, once the process is gone."""
        assert self._process.stdout is not None
        try:
            with self._process.stdout as stdout:
                while True:
                    self._received.put(_read_message(stdout))
        except MemoryError:
            self._process.kill()
            self._received.put((NO_MEMORY, None))
        except (EOFError, OSError):
            pass
        finally:
            self._process.wait()  # an idle one that ended must not stay behind as a zombie
            self._received.put(None)


_children: WeakSet[ChildProcess] = WeakSet()


@atexit.register
def _end_children() -> None:
    """End every child now: later the interpreter stops the threads that read, which ``kill`` waits for."""
    for child in list(_children):
        child.kill()


def _read_message(stdout: IO[Any]) -> Message:
    kind, length, count = HEADER.unpack(_exactly(stdout, HEADER.size))
    data = _exactly(stdout, length)
    sizes = (LENGTH.unpack(_exactly(stdout, LENGTH.size))[0] for _ in range(count))
    buffers = [_exactly(stdout, size) for size in sizes]
    return kind, pickle.loads(data, buffers=buffers)


def _exactly(stdout: IO[Any], size: int) -> memoryview:
    """``size`` bytes, writable.

    Raises:
        EOFError: there are fewer.
    """
    data = np.empty(size, np.uint8).data  # not a bytearray, which is filled with zeros first
    rest = data
    while rest:
        count = stdout.readinto(rest)  # type: ignore[attr-defined]
        if not count:
            raise EOFError
        rest = rest[count:]
    return data


def _enlarge(pipe: Any) -> None:
    with contextlib.suppress(ImportError, AttributeError, OSError):
        import fcntl

        fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, PIPE_BYTES)


def _search_path() -> list[str]:
    return [os.path.abspath(folder) for folder in sys.path]


def _cause(status: int) -> str:
    """The signal that ended a process, or its exit status, in words."""
    if status < 0:
        with contextlib.suppress(ValueError):
            return signal.Signals(-status).name
    return f"exit status {status}"
