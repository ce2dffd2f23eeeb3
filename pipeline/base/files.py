"""Check, before any work, that a path names a file or a folder that can be read. Nothing is opened."""

import errno
import os
import stat
from pathlib import Path

from pipeline.base.messages import shown
from pipeline.errors import InputError

_NAMES_NOTHING = {errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP}
"""Errors that mean: no file has this path. Others, such as EACCES, say only that it cannot be seen."""


def check_file(path: Path, what: str) -> None:
    """Check that ``path`` is a file, or a link to one, that is not empty and may be read.

    Args:
        what: what the file should hold, with its article, for the message: ``a picture``.

    Raises:
        InputError: missing, a folder, a pipe or a device, empty, or not readable.
    """
    status = _status(path, "file")
    if stat.S_ISDIR(status.st_mode):
        raise InputError(f"{shown(path)}: is a folder; name {what} (nstpipe batch takes folders)")
    if not stat.S_ISREG(status.st_mode):  # opening a pipe would wait for ever, and a device never ends
        raise InputError(f"{shown(path)}: is not a file; name {what}")
    if status.st_size == 0:
        raise InputError(f"{shown(path)}: is empty (0 bytes); get an intact copy")
    _check_readable(path)


def check_folder(path: Path) -> None:
    """Check that ``path`` is a folder, or a link to one, that may be read.

    Raises:
        InputError: missing, not a folder, or not readable.
    """
    if not stat.S_ISDIR(_status(path, "folder").st_mode):
        raise InputError(f"{shown(path)}: is not a folder; nstpipe image takes single pictures")
    _check_readable(path)


def current_folder() -> str:
    """The folder to which relative paths belong.

    Raises:
        InputError: it was removed, or cannot be read.
    """
    try:
        return os.getcwd()
    except OSError as error:
        raise InputError(
            f"the current folder cannot be read ({error.strerror}); change to a folder that exists"
        ) from error


def _status(path: Path, kind: str) -> os.stat_result:
    try:
        return path.stat()
    except ValueError as error:  # a null character in the name
        raise InputError(f"{shown(path)}: no such {kind}; check the path") from error
    except OSError as error:
        if error.errno not in _NAMES_NOTHING:
            raise _unreadable(path, error.strerror) from error
        reason = "" if error.errno == errno.ENOENT else f" ({error.strerror})"
        raise InputError(f"{shown(path)}: no such {kind}{reason}; check the path") from error


def _check_readable(path: Path) -> None:
    if not os.access(path, os.R_OK):
        raise _unreadable(path, os.strerror(errno.EACCES))


def _unreadable(path: Path, reason: str | None) -> InputError:
    return InputError(f"{shown(path)}: cannot be read ({reason}); check its permissions")
