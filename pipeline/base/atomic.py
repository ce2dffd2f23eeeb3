"""Write a file completely or not at all: temporary sibling -> fsync -> rename -> fsync of the folder."""

import contextlib
import errno
import hashlib
import os
import secrets
import socket
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import psutil

from pipeline.base.messages import shown
from pipeline.errors import DiskFullError, NstpipeWarning, OutputError

PARTIAL_PREFIX = ".nstpipe-partial-"
"""How the name of every temporary sibling begins; short, so that long file names still fit."""

DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
"""What the system says where a disk, or the user's share of it, is full."""

CANNOT_SYNC = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}
"""What a file system says that cannot be told to write at once; some network shares are such."""

CANNOT_SYNC_FOLDERS = CANNOT_SYNC | {errno.EACCES, errno.EPERM, errno.EISDIR, errno.EBADF}
"""The same for a folder, which must be readable to be synced, though not to have files renamed in it."""

_PROBE_BYTES = 2**16

_has_warned = False
"""Whether this process has said that a file system cannot sync."""

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
    except OSError as error:
        if error.errno in DISK_FULL:
            raise disk_full(path.parent) from error
        reason = error.strerror or str(error)
        raise OutputError(
            f"{shown(path)}: cannot be written ({reason}); choose another output with -o"
        ) from error


def write_bytes(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path`` atomically."""
    with replacing(path) as partial:
        partial.write_bytes(data)


def open_no_link(path: str, flags: int) -> int:
    """An opener for :func:`open` that fails where ``path`` is a link. Windows has no such flag."""
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), 0o666)


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
    sync(partial)
    os.replace(partial, path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make a rename in ``folder`` durable. Windows has no such call and needs none."""
    if os.name == "posix":
        sync(folder)


def sync(path: Path) -> bool:
    """Have the file or folder written to its disk now; False where its file system cannot do that.

    The file is in its place all the same, and only a power cut could lose it: that is one warning a process.

    Raises:
        OSError: it could not be written.
    """
    is_folder = path.is_dir()
    try:
        # Windows can flush only a file opened for writing; a folder can be opened only for reading.
        descriptor = os.open(path, os.O_RDONLY if is_folder else os.O_RDWR)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno not in (CANNOT_SYNC_FOLDERS if is_folder else CANNOT_SYNC):
            raise
        _warn_once(path, error.strerror or str(error))
        return False
    return True


def _warn_once(path: Path, reason: str) -> None:
    global _has_warned
    if _has_warned:
        return
    _has_warned = True
    warnings.warn(
        f"{shown(path)}: its file system cannot be told to write at once ({reason}): what is finished is "
        "in its place, but a power cut could lose the last of it",
        NstpipeWarning,
        stacklevel=2,
    )


def is_disk_full(error: BaseException | None) -> bool:
    """Whether ``error``, or one that it came from, says that a disk is full."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in DISK_FULL:
            return True
        error = error.__cause__ or error.__context__
    return False


def disk_full(folder: Path) -> DiskFullError:
    """The error about a disk that has no more space in ``folder``."""
    return DiskFullError(f"{shown(folder)}: the disk is full; free some space and type the same line again")


def has_no_space(folder: Path) -> bool:
    """Whether the disk of ``folder`` is full, tried by writing a small file there."""
    probe = folder / f"{_own_prefix(os.getpid())}{secrets.token_hex(4)}"
    try:
        probe.write_bytes(bytes(_PROBE_BYTES))
        sync(probe)
    except OSError as error:
        return is_disk_full(error)
    finally:
        with contextlib.suppress(OSError):
            probe.unlink()
    return False
