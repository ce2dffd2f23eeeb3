"""What is asked of the machine: linear algebra on one thread, free memory."""

import contextlib
import functools
import importlib.metadata
from typing import Any

import psutil
import threadpoolctl


def one_blas_thread() -> contextlib.AbstractContextManager[Any]:
    """Limit BLAS to one thread while it is entered.

    On the small products outside the network more threads are no faster, and where processes share the
    cores they wait for each other, ten times slower. It also makes results the same for any number of cores.
    """
    import scipy.linalg  # noqa: F401 - SciPy brings a BLAS of its own: it must be there to be limited

    limiter: contextlib.AbstractContextManager[Any] = _controller().limit(limits=1, user_api="blas")
    return limiter


@functools.cache
def _controller() -> threadpoolctl.ThreadpoolController:
    return threadpoolctl.ThreadpoolController()


def free_memory() -> int:
    """Bytes that can be had without swapping."""
    return int(psutil.virtual_memory().available)


LIBRARIES = ("tensorflow", "keras", "numpy", "scipy", "opencv-python-headless", "pillow", "av")
"""The libraries that decide the last bits of a pixel, or a file's bytes."""


def library_versions() -> dict[str, str]:
    """The installed version of each of :data:`LIBRARIES` that is installed."""
    versions = {}
    for name in LIBRARIES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions[name] = importlib.metadata.version(name)
    return versions
