"""Run a function in a process of its own, so that a crash, a hang or greed in it ends that process alone.

It guards against faults, not against an attacker who takes over the child. The child is a new interpreter
that imports only what the function needs; it dies with this process. An idle one is kept for some seconds,
since starting one takes a third of a second.
"""

import atexit
import contextlib
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Generator, Iterator
from contextvars import ContextVar
from typing import IO, Any, TypeVar

import numpy as np

from pipeline.base.isolated_child import BEAT, END, ERROR, HEADER, ITEM, LENGTH, NO_MEMORY, RESULT

POLL_SECONDS = 0.2
"""Time between two checks whether the user wants to stop."""

STALL_SECONDS = 120.0
"""A child that shows no progress for so long, while it is waited for, is ended."""

PIPE_BYTES = 2**20
"""Size of the pipe from the child, where it can be set: fewer switches between the processes."""

T = TypeVar("T")
Message = tuple[int, Any]

_on_wait: ContextVar[Callable[[], None] | None] = ContextVar("on_wait", default=None)


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


@contextlib.contextmanager
def while_waiting(check: Callable[[], None]) -> Iterator[None]:
    """Call ``check`` several times a second while this block waits for a child; it may raise to stop."""
    token = _on_wait.set(check)
    try:
        yield
    finally:
        _on_wait.reset(token)


def call(function: Callable[..., T], *arguments: Any, stall_seconds: float = STALL_SECONDS) -> T:
    """What ``function(*arguments)`` returns in a process of its own.

    Args:
        function: of a module, not of ``__main__``; it calls ``isolated_child.beat`` to show progress.
        arguments: can be pickled, as the result can.
        stall_seconds: without progress for so long, the child is ended.

    Raises:
        ChildError: the child crashed, stalled, or ran out of memory.
        Exception: what the function raised: errors of nstpipe and ``OSError`` as they are, others as
            ``RuntimeError``.
    """
    with contextlib.closing(_messages(function, arguments, stall_seconds)) as messages:
        for kind, content in messages:
            if kind == RESULT:
                return content
    raise TypeError("the function is an iterator; use iterate")


def iterate(
    function: Callable[..., Iterator[T]], *arguments: Any, stall_seconds: float = STALL_SECONDS
) -> Generator[T, None, None]:
    """What the iterator ``function(*arguments)`` yields in a process of its own.

    The child works ahead by two items or three, so memory stays flat. Arrays are not copied but by the pipe
    between the processes, and are writable. Arguments and errors: see :func:`call`.
    """
    with contextlib.closing(_messages(function, arguments, stall_seconds)) as messages:
        for kind, content in messages:
            if kind == ITEM:
                yield content


def _messages(
    function: Callable[..., Any], arguments: tuple[Any, ...], stall_seconds: float
) -> Generator[Message, None, None]:
    """The messages of one request that are no beats, to its end.

    A child that served another request before may have ended meanwhile, or carry damage that an earlier file
    did: if it dies before its first message, the request is made again to a new child.
    """
    request = pickle.dumps((os.getcwd(), function, arguments), protocol=5)
    child = _take_idle()
    if child is not None:
        try:
            yield from child.answers(request, stall_seconds)
            return
        except CrashedError:
            if child.has_answered:
                raise
    yield from _Child().answers(request, stall_seconds)


_START = "import sys; sys.path[:] = {}; from pipeline.base import isolated_child; isolated_child.main()"
"""What the child runs; its argument is the list of folders in which modules are found."""


class _Child:
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
        _enlarge(self._process.stdout)
        self._received: queue.Queue[Message | None] = queue.Queue(1)
        threading.Thread(target=self._read, daemon=True).start()
        self.has_answered = False

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def answers(self, request: bytes, stall_seconds: float) -> Generator[Message, None, None]:
        """The messages that answer a request; then the child is idle, or ended where anything went wrong.

        Raises:
            ChildError, Exception: see :func:`call`.
        """
        self.has_answered = is_done = False
        try:
            self._ask(request)
            while not is_done:
                kind, content = self._next(stall_seconds)
                if kind == NO_MEMORY:
                    raise NoMemoryError
                is_done = kind in (END, RESULT, ERROR)
                if kind == ERROR:
                    raise content
                if kind != BEAT:
                    self.has_answered = True
                    yield kind, content
        finally:
            if is_done:
                _keep_idle(self)
            else:
                self.kill()

    def kill(self) -> None:
        """End the process and wait for it."""
        self._process.kill()
        self._process.wait()
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        while self._received.get() is not None:  # so that the thread reads to the end
            pass

    def _ask(self, request: bytes) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # it is gone: the next read shows that
            rest = memoryview(LENGTH.pack(len(request)) + request)
            while rest:
                rest = rest[self._process.stdin.write(rest) :]

    def _next(self, stall_seconds: float) -> Message:
        """The next message. Waits are counted, not a clock: a stopped and continued process loses no time."""
        for _ in range(max(1, round(stall_seconds / POLL_SECONDS))):
            if check := _on_wait.get():
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


_idle: list[_Child] = []
"""At most one child that waits for a request."""


def _take_idle() -> _Child | None:
    with contextlib.suppress(IndexError):
        child = _idle.pop()
        if child.is_alive:
            return child
        child.kill()
    return None


def _keep_idle(child: _Child) -> None:
    _idle.append(child)
    while len(_idle) > 1:
        with contextlib.suppress(IndexError):
            _idle.pop(0).kill()


@atexit.register
def _end_idle() -> None:
    while _idle:
        _idle.pop().kill()
