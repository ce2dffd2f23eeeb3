"""How a journal's file is laid out: its tables, and the key of each fact."""

import sqlite3
from dataclasses import fields

from pipeline.jobs.record.entries import Facts

SCHEMA = """
BEGIN;
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS items (
    name BLOB PRIMARY KEY, state TEXT NOT NULL, reason TEXT, sha256 TEXT, content TEXT,
    steps INTEGER, loss REAL, seconds REAL, ended_at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS overwritable (name BLOB, content TEXT, PRIMARY KEY (name, content));
COMMIT;
"""

KEYS = {field.name: field.name for field in fields(Facts)} | {
    "weights_origin": "weights origin",
    "output_sha256": "output",
    "output_start": "output start",
}
"""The key in the file for each field of :class:`Facts`."""

FIELDS = {key: name for name, key in KEYS.items()}
"""The field of :class:`Facts` for each key in the file."""


def empty() -> sqlite3.Connection:
    """A journal in memory."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.executescript(SCHEMA)
    return connection


def tables(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    """Everything that a journal's file defines, each with its SQL."""
    rows = connection.execute("SELECT type, name, sql FROM sqlite_master")
    return sorted((f"{kind} {name}", " ".join(str(sql).split())) for kind, name, sql in rows)


def earlier_tables() -> list[tuple[str, str]]:
    """:func:`tables` of a journal from before there was a record of what may be overwritten."""
    return [one for one in tables(empty()) if "overwritable" not in one[0]]
