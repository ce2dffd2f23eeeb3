"""Run a function in a process of its own: a crash, a hang or too much memory in it ends that process alone.

It guards against faults, not against an attacker who takes over the child. The child is a new interpreter
that imports only what the function needs; it dies with this process. An idle one is kept for some seconds,
since starting one takes a third of a second.
"""

import contextlib
import pickle
from collections.abc import Callable, Generator, Iterator
from contextvars import ContextVar
from typing import Any, TypeVar

from pipeline.base.files import current_folder
from pipeline.base.isolated_child import ITEM, RESULT
from pipeline.base.isolated_process import (
    ChildError,
    ChildProcess,
    CrashedError,
    Message,
    NoMemoryError,
    StalledError,
)

__all__ = ["ChildError", "CrashedError", "NoMemoryError", "StalledError", "call", "iterate", "while_waiting"]

STALL_SECONDS = 120.0
"""A child that shows no progress for so long, while it is waited for, is ended."""

T = TypeVar("T")

_on_wait: ContextVar[Callable[[], None] | None] = ContextVar("on_wait", default=None)


@contextlib.contextmanager
def while_waiting(check: Callable[[], None]) -> Iterator[None]:
    """Call ``check`` several times a second while this block waits for a child; it may raise to stop."""
    token = _on_wait.set(check)
    try:
        yield
    finally:
        _on_wait.reset(token)


def call(
    function: Callable[..., T],
    *arguments: Any,
    stall_seconds: float = STALL_SECONDS,
    on_item: Callable[[Any], None] = lambda item: None,
) -> T:
    """What ``function(*arguments)`` returns in a process of its own.

    Args:
        function: of a module, not of ``__main__``; it calls ``isolated_child.beat`` to show progress.
        arguments: can be pickled, as the result can.
        stall_seconds: without progress for so long, the child is ended.
        on_item: called with what the function gives to ``isolated_child.emit``, while it works on.

    Raises:
        ChildError: the child crashed, stalled, or ran out of memory.
        InputError: the current folder was removed.
        Exception: what the function raised: errors of nstpipe and ``OSError`` as they are, others as
            ``RuntimeError``.
    """
    with contextlib.closing(_messages(function, arguments, stall_seconds)) as messages:
        for kind, content in messages:
            if kind == RESULT:
                return content
            if kind == ITEM:
                on_item(content)
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
    request = pickle.dumps((current_folder(), function, arguments), protocol=5)
    child = _take_idle()
    if child is not None:
        try:
            yield from _answers(child, request, stall_seconds)
            return
        except CrashedError:
            if child.has_answered:
                raise
    yield from _answers(ChildProcess(), request, stall_seconds)


def _answers(child: ChildProcess, request: bytes, stall_seconds: float) -> Generator[Message, None, None]:
    try:
        yield from child.answers(request, stall_seconds, _on_wait.get)
    finally:
        if child.is_idle:
            _keep_idle(child)


_idle: list[ChildProcess] = []
"""At most one child that waits for a request."""


def _take_idle() -> ChildProcess | None:
    with contextlib.suppress(IndexError):
        child = _idle.pop()
        if child.is_alive:
            return child
        child.kill()
    return None


def _keep_idle(child: ChildProcess) -> None:
    _idle.append(child)
    while len(_idle) > 1:
        with contextlib.suppress(IndexError):
            _idle.pop(0).kill()
