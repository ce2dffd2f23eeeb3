"""The lock on a job's folder: one process at a time holds it, and a file in the folder names that process."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import filelock
import psutil

from pipeline.base import atomic
from pipeline.base.messages import shown
from pipeline.errors import LockedError

_LOCK_FILE, _HOLDER_FILE = "lock", "holder.txt"
_HOLDER = "process {} on {}"
"""Number of the process, name of its machine."""


@contextmanager
def held(folder: Path, output: Path) -> Iterator[None]:
    """Hold the job's folder for this process alone; create it if missing. Errors name ``output``.

    Raises:
        LockedError: another process holds it; the message names it.
        OutputError: the folder cannot be made there.
    """
    holder = folder / _HOLDER_FILE
    with atomic.writing(output):
        folder.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(folder / _LOCK_FILE)
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            name = _read(holder) or "another process"
            raise LockedError(
                f"{shown(output)}: its job is held by {shown(name)}; wait for it, or stop it"
            ) from None
    try:
        with atomic.writing(output):
            holder.write_text(_HOLDER.format(os.getpid(), socket.gethostname()))
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def is_held(folder: Path) -> bool:
    """Whether a process holds the job's folder: the one that :func:`held` recorded is alive.

    A process of another machine cannot be looked up: it counts as alive.
    """
    before, between = _HOLDER.split("{}")[:2]
    number, _, host = (_read(folder / _HOLDER_FILE) or "").removeprefix(before).partition(between)
    if not number.isdecimal():
        return False
    with suppress(OverflowError):
        return host != socket.gethostname() or psutil.pid_exists(int(number))
    return False


def _read(holder: Path) -> str | None:
    with suppress(OSError, ValueError):
        return holder.read_text()
    return None
