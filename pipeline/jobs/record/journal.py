"""The SQLite record of a job; it alone says what is done.

Rollback journal and synchronous=FULL: a committed mark survives a power cut, on network file systems too.
"""

import contextlib
import json
import os
import sqlite3
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pipeline.base.messages import shown
from pipeline.errors import DamagedJournalError, DiskFullError, NstpipeError, OutputError
from pipeline.jobs.record.entries import Entry, Facts

FILE_NAME = "journal.sqlite3"

_SCHEMA = """
BEGIN;
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS items (
    name BLOB PRIMARY KEY, state TEXT NOT NULL, reason TEXT, sha256 TEXT, content TEXT,
    steps INTEGER, loss REAL, seconds REAL, ended_at REAL NOT NULL
);
COMMIT;
"""

_COLUMNS = "name, state, reason, sha256, content, steps, loss, seconds, ended_at"

_DAMAGED = ("not a readable journal", "--restart starts the job over")
_OTHERWISE = (
    "the journal cannot be used",
    "check the folder's permissions, or choose another output with -o",
)
_PROBLEMS = {
    sqlite3.SQLITE_NOTADB: _DAMAGED,
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_BUSY: (
        "the journal is in use",
        "wait for the other process, then type the same line again",
    ),
    sqlite3.SQLITE_READONLY_ROLLBACK: (
        "a killed process left the journal half written",
        "type the line of its job again: that repairs it",
    ),
}
"""What is wrong and what to do, by SQLite's code."""

_KEYS = {field.name: field.name for field in fields(Facts)} | {
    "weights_origin": "weights origin",
    "output_sha256": "output",
}
"""The key in the file for each field of :class:`Facts`."""


class Journal:
    """The journal in ``folder``, created where there is none. Use it as a context manager.

    Every method raises DiskFullError where the disk is full, OutputError where the file cannot be used.
    """

    def __init__(self, folder: Path, *, read_only: bool = False) -> None:
        """Open it; ``read_only``: create and change nothing.

        Raises:
            OutputError: the file is not a journal, or cannot be opened.
        """
        self.path = folder / FILE_NAME
        with self._explained():
            uri = f"{self.path.absolute().as_uri()}?mode={'ro' if read_only else 'rwc'}"
            self.connection = sqlite3.connect(uri, uri=True, isolation_level=None)
            """SQLite's; every statement commits by itself."""
        try:
            self._prepare(read_only)
        except BaseException:
            self.connection.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.connection.close()

    def facts(self) -> Facts | None:
        """What was recorded about the job as a whole; None where no job was begun."""
        rows = {name: json.loads(value) for name, value in self._rows("SELECT name, value FROM facts")}
        values = {name: rows[key] for name, key in _KEYS.items() if key in rows}
        if "parts" not in values:
            return None
        shots, gains = values.get("shots"), values.get("gains")
        typed = {
            "shots": None if shots is None else tuple(shots),
            "gains": None if gains is None else {int(number): gain for number, gain in gains.items()},
        }
        return Facts(**values | typed)

    def begin(self, facts: Facts) -> None:
        """Replace everything in the journal by the facts of a new job, in one transaction."""
        with self._transaction():
            self.connection.execute("DELETE FROM items")
            self.connection.execute("DELETE FROM facts")
            self._put(asdict(facts))

    def update(self, **changes: Any) -> None:
        """Record other values for some fields of :class:`Facts`, all or none."""
        unknown = changes.keys() - _KEYS.keys()
        if unknown:
            raise TypeError(f"Facts has no field {', '.join(sorted(unknown))}")
        with self._transaction():
            self._put(changes)

    def entries(self) -> dict[str, Entry]:
        """Every item that ended, by name."""
        rows = self._rows(f"SELECT {_COLUMNS} FROM items")
        return {os.fsdecode(row[0]): Entry(os.fsdecode(row[0]), *row[1:]) for row in rows}

    def entry(self, name: str) -> Entry | None:
        """One item, if it ended."""
        rows = self._rows(f"SELECT {_COLUMNS} FROM items WHERE name = ?", os.fsencode(name))
        return Entry(name, *rows[0][1:]) if rows else None

    def mark(self, entry: Entry) -> None:
        """Record that an item ended. Its file must already be in its place, whole and synced."""
        row = (
            os.fsencode(entry.name),
            entry.state,
            entry.reason,
            entry.sha256,
            entry.content,
            entry.steps,
            entry.loss,
            entry.seconds,
            entry.ended_at or time.time(),
        )
        self._rows(f"INSERT OR REPLACE INTO items ({_COLUMNS}) VALUES ({','.join('?' * len(row))})", *row)

    def forget(self, name: str) -> None:
        """Forget an item, so that it is done again."""
        self._rows("DELETE FROM items WHERE name = ?", os.fsencode(name))

    def _prepare(self, read_only: bool) -> None:
        with self._explained():
            if not read_only:
                self.connection.execute("PRAGMA journal_mode=DELETE")
                self.connection.execute("PRAGMA synchronous=FULL")
                self.connection.executescript(_SCHEMA)
            elif not self._rows("SELECT name FROM sqlite_master"):  # another process is just creating it
                self.connection.close()
                self.connection = sqlite3.connect(":memory:", isolation_level=None)
                self.connection.executescript(_SCHEMA)
        # Damaged pages are looked for here, where --restart still helps; in the middle of a job it would not.
        result = self._rows("PRAGMA quick_check(1)")[0][0]
        if result != "ok":
            raise DamagedJournalError(self._message(_DAMAGED, " ".join(result.split())))

    def _rows(self, statement: str, *values: Any) -> list[Any]:
        with self._explained():
            return self.connection.execute(statement, values).fetchall()

    def _put(self, facts: Mapping[str, Any]) -> None:
        rows = [(_KEYS[name], json.dumps(value)) for name, value in facts.items()]
        self.connection.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?)", rows)

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        # The connection commits, or rolls back what SQLite has not rolled back by itself.
        with self._explained(), self.connection:
            self.connection.execute("BEGIN IMMEDIATE")
            yield

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise self._explanation(error) from error

    def _explanation(self, error: sqlite3.Error) -> NstpipeError:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
        if code == sqlite3.SQLITE_FULL:
            return DiskFullError(
                f"{shown(self.path)}: the disk is full; free some space and type the same line again"
            )
        primary = code & 0xFF  # the higher bits of an extended code say where the error arose
        problem = _PROBLEMS.get(code) or _PROBLEMS.get(primary, _OTHERWISE)
        kind = DamagedJournalError if problem is _DAMAGED else OutputError
        return kind(self._message(problem, str(error)))

    def _message(self, problem: tuple[str, str], detail: str) -> str:
        what, remedy = problem
        return f"{shown(self.path)}: {what} ({detail}); {remedy}"


def remove(folder: Path) -> None:
    """Remove the journal in ``folder``, with what SQLite would roll back from it into the next one."""
    for name in (FILE_NAME + "-journal", FILE_NAME):
        (folder / name).unlink(missing_ok=True)


def present(folder: Path) -> bool:
    """Whether ``folder`` holds a journal."""
    return (folder / FILE_NAME).is_file()
