"""The machine and what is installed on it: its processor, BLAS threads, versions of libraries."""

import contextlib
import functools
import importlib.metadata
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import threadpoolctl

LIBRARIES = ("tensorflow", "keras", "numpy", "scipy", "opencv-python-headless", "pillow", "av")
"""The distributions whose version can change the pixels or bytes of a result."""


CPU_INFO = Path("/proc/cpuinfo")
"""Where Linux tells what the processor can do."""

BFLOAT16_FLAGS = {"avx512_bf16", "amx_bf16"}
"""Linux' names of the instructions that multiply bfloat16 numbers and that TensorFlow uses."""


def multiplies_bfloat16() -> bool:
    """Whether the processor multiplies bfloat16 numbers in hardware; False where it cannot be asked."""
    try:
        flags = re.search(r"^flags\s*:(.*)$", CPU_INFO.read_text(), re.MULTILINE)
    except OSError:
        return False
    return flags is not None and not BFLOAT16_FLAGS.isdisjoint(flags[1].split())


def one_blas_thread() -> contextlib.AbstractContextManager[Any]:
    """A context in which BLAS uses one thread.

    The products outside the network are small: more threads are no faster, and where processes share the
    cores the threads wait for each other, ten times slower. One thread also gives the same results on any
    number of cores.
    """
    import scipy.linalg  # noqa: F401 - SciPy has a BLAS of its own, which has to be loaded to be limited

    return _shared_limit()


@functools.cache
def _controller() -> threadpoolctl.ThreadpoolController:
    return threadpoolctl.ThreadpoolController()


def library_versions() -> dict[str, str]:
    """The version of each of :data:`LIBRARIES`, without importing it; one that is absent is left out."""
    versions = {}
    for name in LIBRARIES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions[name] = importlib.metadata.version(name)
    return versions


_lock = threading.Lock()
_threads_inside = 0
_limit: Any = None


@contextlib.contextmanager
def _shared_limit() -> Iterator[None]:
    """The limit holds for the whole process: where several threads are inside, the last to leave lifts it."""
    global _threads_inside, _limit
    with _lock:
        if _threads_inside == 0:
            _limit = _setter().submit(_controller().limit, limits=1, user_api="blas").result()
        _threads_inside += 1
    try:
        yield
    finally:
        with _lock:
            _threads_inside -= 1
            if _threads_inside == 0:
                _setter().submit(_limit.restore_original_limits).result()


@functools.cache
def _setter() -> ThreadPoolExecutor:
    """The thread that sets the limit for all: threadpoolctl lets only the thread that set it lift it."""
    return ThreadPoolExecutor(1, "blas-limit")
