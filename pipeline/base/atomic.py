"""Write a file completely or not at all: temporary sibling -> fsync -> rename -> fsync of the folder."""

import contextlib
import errno
import hashlib
import os
import secrets
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from pipeline.base.messages import shown
from pipeline.errors import DiskFullError, NstpipeError, OutputError

PARTIAL_PREFIX = ".nstpipe-partial-"
"""How the name of every temporary sibling begins; short, so that long file names still fit."""

FOREIGN_DAYS = 1
"""A temporary file of another machine is left over at this age: one in use is written all the time."""


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary sibling of ``path`` (same suffix) and rename it to ``path`` when the block ends.

    If the block raises, the sibling is removed and ``path`` is unchanged.

    Raises:
        DiskFullError: the disk is full.
        OutputError: the folder cannot be written.
    """
    partial = path.with_name(f"{_own_prefix(os.getpid())}{secrets.token_hex(4)}{path.suffix}")
    try:
        with writing(path):
            yield partial
            move(partial, path)
    finally:
        with contextlib.suppress(OSError):
            partial.unlink()


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn an ``OSError`` of the block into a one-line error about writing ``path``."""
    try:
        yield
    except NstpipeError:
        raise
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFullError(
                f"{shown(path.parent)}: the disk is full; free some space and type the same line again"
            ) from error
        reason = error.strerror or str(error)
        raise OutputError(
            f"{shown(path)}: cannot be written ({reason}); choose another output with -o"
        ) from error


def write_bytes(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path`` atomically."""
    with replacing(path) as partial:
        partial.write_bytes(data)


def sweep(folder: Path) -> None:
    """Remove the temporary siblings that killed processes left in ``folder`` (not below it).

    Those of living processes stay; those of another machine, in a shared folder, are removed after a day.
    """
    for partial in folder.glob(f"{PARTIAL_PREFIX}*"):
        with contextlib.suppress(OSError):  # removed meanwhile, or another user's: no reason to stop a job
            if _is_left_over(partial):
                partial.unlink()


def _is_left_over(partial: Path) -> bool:
    host, _, rest = partial.name.removeprefix(PARTIAL_PREFIX).partition("-")
    process = rest.partition("-")[0]
    if host == _host() and process.isdecimal():
        return not psutil.pid_exists(int(process))
    return time.time() - partial.stat().st_mtime > FOREIGN_DAYS * 24 * 3600


def _own_prefix(process: int) -> str:
    """How the names of the temporary siblings of a process on this machine begin."""
    return f"{PARTIAL_PREFIX}{_host()}-{process}-"


def _host() -> str:
    return hashlib.blake2s(socket.gethostname().encode(), digest_size=4).hexdigest()


def move(partial: Path, path: Path) -> None:
    """Rename the complete file ``partial`` to ``path``, in the same file system, durably."""
    _fsync(partial)
    os.replace(partial, path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make a rename in ``folder`` durable. Windows has no such call and needs none."""
    if os.name == "posix":
        _fsync(folder)


def _fsync(path: Path) -> None:
    # Windows can flush only a file opened for writing; a folder can be opened only for reading.
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
