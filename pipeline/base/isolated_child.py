"""The child's side of :mod:`pipeline.base.isolated`: run functions, send what they return or yield.

The process keeps its three standard streams for itself: whatever a library prints goes nowhere.
"""

import contextlib
import os
import pickle
import queue
import signal
import struct
import threading
import time
import traceback
from collections.abc import Iterator
from typing import Any, BinaryIO

from pipeline.base.memory import limit_data_to_free_memory
from pipeline.base.stop_signals import STOP_SIGNALS
from pipeline.errors import NstpipeError

IDLE_SECONDS = 5.0
"""A child that gets no request for so long ends: the next request starts another."""

BEAT_SECONDS = 1.0
"""Least time between two messages that say only that there is progress."""

BEAT, ITEM, RESULT, END, ERROR, NO_MEMORY = range(6)
"""Kinds of messages: progress; an item; a result; no more items; an exception; memory ran out."""

HEADER = struct.Struct("<BQH")
"""Of a message: its kind, the length of its pickle, the number of buffers that follow."""

LENGTH = struct.Struct("<Q")

_sending: BinaryIO | None = None
_last_beat = 0.0


def beat() -> None:
    """Say that there is progress: without an item or a beat for long, the parent ends the child.

    Call it in every loop over what a file holds. It does nothing outside a child.
    """
    global _last_beat
    if _sending is not None and time.monotonic() > _last_beat + BEAT_SECONDS:
        _last_beat = time.monotonic()
        _send(BEAT)


def emit(item: Any) -> None:
    """Send an item to the parent before the result; it waits where the parent is slower.

    It does nothing outside a child.
    """
    if _sending is not None:
        _send(ITEM, item)


def main() -> None:
    """Serve requests until the parent is gone, or asks nothing for :data:`IDLE_SECONDS`."""
    global _sending
    receiving, _sending = _take_pipes()
    _prepare()
    requests: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(receiving, requests), daemon=True).start()
    with contextlib.suppress(queue.Empty, OSError):  # OSError: the parent is gone
        while True:
            _serve(requests.get(timeout=IDLE_SECONDS))
    os._exit(0)  # without waiting for the thread


def _take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """The pipes that the parent gave as standard input and output, which become the null device."""
    pipes = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb", buffering=0)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(nowhere, descriptor)
    return pipes


def _prepare() -> None:
    """Leave signals to the parent; write no core file; let the kernel end it first when memory runs out."""
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")


def _receive(receiving: BinaryIO, requests: "queue.SimpleQueue[bytes]") -> None:
    """Read requests; end the process as soon as the parent is gone, whatever it is doing."""
    while True:
        header = receiving.read(LENGTH.size)
        if len(header) < LENGTH.size:
            os._exit(0)
        requests.put(receiving.read(LENGTH.unpack(header)[0]))


def _serve(request: bytes) -> None:
    limit_data_to_free_memory()
    try:
        folder, function, arguments = pickle.loads(request)
        os.chdir(folder)
        result = function(*arguments)
        if isinstance(result, Iterator):
            for item in result:
                _send(ITEM, item)
            _send(END)
        else:
            _send(RESULT, result)
    except BrokenPipeError:
        raise
    except MemoryError:
        _send(NO_MEMORY)
    except Exception as error:
        _send(ERROR, _portable(error))


def _portable(error: Exception) -> Exception:
    """The error in a form that can be pickled and keeps its one line, its number and where it arose."""
    if isinstance(error, NstpipeError):
        return error
    if isinstance(error, OSError) and error.errno is not None:
        return OSError(error.errno, error.strerror)
    portable = RuntimeError(f"{type(error).__name__}: {error}")
    portable.add_note("".join(traceback.format_exception(error)))
    return portable


def _send(kind: int, content: Any = None) -> None:
    """Send a message; the pixels of arrays go out of the pickle, so that they are not copied here."""
    assert _sending is not None
    buffers: list[pickle.PickleBuffer] = []
    data = pickle.dumps(content, protocol=5, buffer_callback=buffers.append)
    _write(HEADER.pack(kind, len(data), len(buffers)) + data)
    for buffer in buffers:
        with buffer.raw() as raw:
            _write(LENGTH.pack(raw.nbytes))
            _write(raw)


def _write(data: bytes | memoryview) -> None:
    assert _sending is not None
    rest = memoryview(data)
    while rest:
        rest = rest[_sending.write(rest) :]
