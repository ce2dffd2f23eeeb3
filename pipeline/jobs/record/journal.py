"""The SQLite record of a job; it alone says what is done.

Rollback journal and synchronous=FULL: a committed mark survives a power cut, on network file systems too.
"""

import contextlib
import json
import os
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pydantic_core import from_json

from pipeline.base import atomic
from pipeline.jobs.record.entries import Entry, Facts, valid_entry, valid_facts
from pipeline.jobs.record.journal_errors import damaged, explanation
from pipeline.jobs.record.journal_files import FILE_NAME
from pipeline.jobs.record.journal_schema import FIELDS, KEYS, SCHEMA, earlier_tables, empty, tables

_ENTRY_FIELDS = [field.name for field in fields(Entry)]
_COLUMNS = ", ".join(_ENTRY_FIELDS)


class Journal:
    """The journal in ``folder``, created where there is none. Use it as a context manager.

    Every method raises DiskFullError where the disk is full, OutputError where the file cannot be used.
    """

    def __init__(self, folder: Path, *, read_only: bool = False) -> None:
        """Open it; ``read_only``: create and change nothing.

        Raises:
            DamagedJournalError: the file is not a journal, or one of its values is not valid.
            OutputError: it cannot be opened.
        """
        self.path = folder / FILE_NAME
        self._syncs = read_only or _can_sync(self.path)
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
        rows = self._rows("SELECT name, value FROM facts")
        if not rows:
            return None
        try:
            return valid_facts({FIELDS.get(key, key): _from_json(key, value) for key, value in rows})
        except (ValueError, TypeError) as error:
            raise damaged(self.path, str(error)) from error

    def begin(self, facts: Facts) -> None:
        """Replace items and facts by the facts of a new job, in one transaction."""
        with self._transaction():
            self.connection.execute("DELETE FROM items")
            self.connection.execute("DELETE FROM facts")
            self._put(asdict(facts))

    def update(self, **changes: Any) -> None:
        """Record other values for some fields of :class:`Facts`, all or none."""
        unknown = changes.keys() - KEYS.keys()
        if unknown:
            raise TypeError(f"Facts has no field {', '.join(sorted(unknown))}")
        with self._transaction():
            self._put(changes)

    def entries(self) -> dict[str, Entry]:
        """Every item that ended, by name."""
        entries = map(self._entry, self._rows(f"SELECT {_COLUMNS} FROM items"))
        return {entry.name: entry for entry in entries}

    def entry(self, name: str) -> Entry | None:
        """One item, if it ended."""
        rows = self._rows(f"SELECT {_COLUMNS} FROM items WHERE name = ?", os.fsencode(name))
        return self._entry(rows[0]) if rows else None

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
        with self._transaction():
            places = ",".join("?" * len(row))
            self.connection.execute(f"INSERT OR REPLACE INTO items ({_COLUMNS}) VALUES ({places})", row)
            if entry.state == "done":
                self.connection.execute("DELETE FROM overwritable WHERE name = ?", row[:1])

    def forget(self, name: str) -> None:
        """Forget an item, so that it is done again."""
        self._rows("DELETE FROM items WHERE name = ?", os.fsencode(name))

    def overwritable(self) -> dict[str, set[str]]:
        """The contents that the job may overwrite though it does not know them as done, by output name.

        A content is a hash, see :func:`pipeline.jobs.work.ownership.content_of`. It is that of a discarded
        job, one that ``--force`` gave up, or one that was about to be renamed into its place.
        """
        contents: dict[str, set[str]] = {}
        for name, content in self._rows("SELECT name, content FROM overwritable"):
            contents.setdefault(os.fsdecode(name), set()).add(content)
        return contents

    def allow_overwriting(self, contents: Mapping[str, str], *, only: bool = False) -> None:
        """Add to :meth:`overwritable`; those of an item are removed once it is marked as done.

        Args:
            only: nothing else may be overwritten at these outputs from now on.
        """
        rows = [(os.fsencode(name), content) for name, content in contents.items()]
        with self._transaction():
            if only:
                names = [row[:1] for row in rows]
                self.connection.executemany("DELETE FROM overwritable WHERE name = ?", names)
            self.connection.executemany("INSERT OR IGNORE INTO overwritable VALUES (?, ?)", rows)

    def _prepare(self, read_only: bool) -> None:
        with self._explained():
            if not read_only:
                self.connection.execute("PRAGMA journal_mode=DELETE")
                self.connection.execute(f"PRAGMA synchronous={'FULL' if self._syncs else 'OFF'}")
            if tables(self.connection) in ([], earlier_tables()):
                self._create_tables(read_only)
        # Damage is looked for here, where --restart still helps; in the middle of a job it would not.
        result = self._rows("PRAGMA integrity_check(1)")[0][0]
        if result != "ok":
            raise damaged(self.path, result)
        if tables(self.connection) not in (tables(empty()), earlier_tables() if read_only else None):
            raise damaged(self.path, "its tables are those of another version of nstpipe")
        self.facts()
        self.entries()

    def _create_tables(self, read_only: bool) -> None:
        if not read_only:
            self.connection.executescript(SCHEMA)
        elif not tables(self.connection):  # another process is just creating it
            self.connection.close()
            self.connection = empty()

    def _entry(self, row: Sequence[Any]) -> Entry:
        try:
            return valid_entry(dict(zip(_ENTRY_FIELDS, (os.fsdecode(row[0]), *row[1:]), strict=True)))
        except (ValueError, TypeError) as error:
            raise damaged(self.path, str(error)) from error

    def _rows(self, statement: str, *values: Any) -> list[Any]:
        with self._explained():
            return self.connection.execute(statement, values).fetchall()

    def _put(self, facts: Mapping[str, Any]) -> None:
        rows = [(KEYS[name], json.dumps(value)) for name, value in facts.items()]
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
        except UnicodeDecodeError as error:  # of SQLite's own message, which names a damaged table
            raise damaged(self.path, str(error)) from error
        except sqlite3.Error as error:
            raise explanation(self.path, error) from error


def _can_sync(path: Path) -> bool:
    """Whether the journal can be synced: where it cannot, SQLite would fail at every mark."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o666))
        return atomic.sync(path)
    except OSError:
        return True  # SQLite runs into it, too, and the error is explained there


def _from_json(key: str, text: Any) -> Any:
    try:
        return from_json(text, allow_inf_nan=False)
    except ValueError as error:
        raise ValueError(f"{key} is no JSON: {error}") from error
