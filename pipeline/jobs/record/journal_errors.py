"""What is wrong with a journal and what to do, from SQLite's errors."""

import sqlite3
from pathlib import Path

from pipeline.base import atomic
from pipeline.base.messages import LONGEST_VALUE, cut, one_line, shown
from pipeline.errors import DamagedJournalError, NstpipeError, OutputError

_DAMAGED = ("not a readable journal", "--restart starts the job over")

_NO_ACCESS = (
    "the journal cannot be used",
    "check the folder's permissions, or choose another output with -o",
)
_IN_USE = ("the journal is in use", "wait for the other process, then type the same line again")
_PROBLEMS = {
    sqlite3.SQLITE_CANTOPEN: _NO_ACCESS,
    sqlite3.SQLITE_PERM: _NO_ACCESS,
    sqlite3.SQLITE_READONLY: _NO_ACCESS,
    sqlite3.SQLITE_BUSY: _IN_USE,
    sqlite3.SQLITE_LOCKED: _IN_USE,
    sqlite3.SQLITE_PROTOCOL: _IN_USE,
    sqlite3.SQLITE_NOMEM: ("memory ran out", "close other programs, then type the same line again"),
    sqlite3.SQLITE_IOERR: (
        "the journal cannot be read or written",
        "check the disk, then type the same line again, or choose another output with -o",
    ),
    sqlite3.SQLITE_READONLY_DBMOVED: (
        "the job's folder was removed or moved while the job ran",
        "type the same line again",
    ),
    sqlite3.SQLITE_READONLY_ROLLBACK: (
        "a killed process left the journal half written",
        "type the line of its job again: that repairs it",
    ),
}
"""What is wrong and what to do, by SQLite's code; any other code means that the file is damaged."""


def explanation(path: Path, error: sqlite3.Error) -> NstpipeError:
    """An error of SQLite about the journal ``path`` as one of ours."""
    # Errors that the sqlite3 module finds itself, such as text that is not UTF-8, have no code.
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    primary = code & 0xFF  # the higher bits of an extended code say where the error arose
    # SQLite keeps the system's reason to itself: a full disk is an I/O error where it is found while syncing.
    if primary == sqlite3.SQLITE_FULL or (
        primary == sqlite3.SQLITE_IOERR and atomic.has_no_space(path.parent)
    ):
        return atomic.disk_full(path.parent)
    problem = _PROBLEMS.get(code) or _PROBLEMS.get(primary)
    if problem is None:
        return damaged(path, str(error))
    return OutputError(_message(path, problem, str(error)))


def damaged(path: Path, detail: str) -> DamagedJournalError:
    """The error about a journal that cannot be used any more."""
    return DamagedJournalError(_message(path, _DAMAGED, detail))


def _message(path: Path, problem: tuple[str, str], detail: str) -> str:
    what, remedy = problem
    return f"{shown(path)}: {what} ({one_line(cut(' '.join(detail.split()), LONGEST_VALUE))}); {remedy}"
