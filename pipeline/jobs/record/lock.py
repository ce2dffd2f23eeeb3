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
from pipeline.jobs.record import folder_files, journal_files
from pipeline.jobs.record.folder_files import CLAIMS, HOLDER, LOCK

LOCK_SECONDS = 0.3
"""Seconds to wait for a lock: others may try it for a moment, see :func:`is_locked`."""

_HOLDER = "process {} on {}"
"""Number of the process, name of its machine."""


@contextmanager
def held(folder: Path, output: Path) -> Iterator[None]:
    """Hold the job's folder for this process alone; create it if missing. Errors name ``output``.

    A folder that holds no journal at the end, and no file of others, is removed.

    Raises:
        LockedError: another process holds it; the message names it.
        OutputError: the folder cannot be made there, or it is a link.
    """
    folder_files.refuse_links(folder)
    with atomic.writing(output):
        folder.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(folder / LOCK)
        try:
            lock.acquire(timeout=LOCK_SECONDS)
        except filelock.Timeout:
            raise LockedError(
                f"{shown(output)}: its job is held by {shown(holder_of(folder))}; wait for it, or stop it"
            ) from None
    try:
        with atomic.writing(output):
            _write(folder / HOLDER, _HOLDER.format(os.getpid(), socket.gethostname()))
        yield
    finally:
        try:
            for name in (HOLDER, CLAIMS):
                with suppress(OSError):  # once the process is gone, what they say counts no more
                    (folder / name).unlink()
            if not journal_files.present(folder):
                folder_files.remove_lock(folder)
        finally:
            lock.release()


def is_locked(folder: Path) -> bool:
    """Whether a process holds the job's folder: its lock is tried for a moment. Nothing is created."""
    if not os.path.isfile(folder / LOCK):
        return False
    lock = filelock.FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        return True
    except OSError:  # another user's folder
        return is_held(folder)
    lock.release()
    return False


def holder_of(folder: Path) -> str:
    """The process that holds the job's folder, in words."""
    return _read(folder / HOLDER) or "another process"


def is_held(folder: Path) -> bool:
    """Whether a process holds the job's folder: the one that :func:`held` recorded is alive.

    A process of another machine cannot be looked up: it counts as alive.
    """
    before, between = _HOLDER.split("{}")[:2]
    number, _, host = (_read(folder / HOLDER) or "").removeprefix(before).partition(between)
    if not number.isdecimal():
        return False
    with suppress(OverflowError):
        return host != socket.gethostname() or psutil.pid_exists(int(number))
    return False


def _write(holder: Path, text: str) -> None:
    with open(holder, "w", encoding="utf-8", opener=atomic.open_no_link) as file:
        file.write(text)


def _read(holder: Path) -> str | None:
    with suppress(OSError, ValueError):
        return holder.read_text()
    return None
