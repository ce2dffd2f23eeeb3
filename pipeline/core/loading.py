"""Import TensorFlow, which takes seconds: only where there is something to stylise, and quietly."""

import contextlib
import os
import sys
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pipeline.base import memory

if TYPE_CHECKING:
    from types import ModuleType

    from pipeline.core.stylizer import Stylizer

_one_thread_at_a_time = threading.Lock()


def stylizer_class() -> "type[Stylizer]":
    """:class:`pipeline.core.stylizer.Stylizer`, imported by the first call.

    Raises:
        TooLargeError: a limit on this process's memory is too low for TensorFlow, which would crash.
    """
    with _quietly():
        from pipeline.core.stylizer import Stylizer
    return Stylizer


def backend() -> "ModuleType":
    """:mod:`pipeline.core.backend`, likewise."""
    with _quietly():
        from pipeline.core import backend
    return backend


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    if "tensorflow" not in sys.modules:
        memory.check_limits(for_tensorflow=True)
    with _one_thread_at_a_time, _silent_stderr():
        yield


@contextlib.contextmanager
def _silent_stderr() -> Iterator[None]:
    """Close standard error at its descriptor, unless TensorFlow is imported already.

    TensorFlow's libraries write there while they are loaded, and no setting prevents it. What fails during
    the import is raised, and so still seen. The descriptor is the whole process's: two threads in here would
    save each other's closed one, and it would stay closed.
    """
    if "tensorflow" in sys.modules:
        yield
        return
    try:
        saved = os.dup(2)
    except OSError:  # it is closed already
        yield
        return
    null = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(null)
