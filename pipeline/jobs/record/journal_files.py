"""The files of a journal, and what is read in one that may be damaged or another job's."""

import contextlib
import json
import os
import sqlite3
from pathlib import Path

from pipeline.jobs.record.journal_schema import KEYS

FILE_NAME = "journal.sqlite3"

FILES = tuple(FILE_NAME + ending for ending in ("-journal", "-wal", "-shm", ""))
"""The journal comes last: without the files before it, SQLite would not see what to roll back."""

_HAS_PICTURE = """
SELECT 1 FROM overwritable, facts WHERE content = ? AND CAST(overwritable.name AS TEXT) LIKE 'output/%'
    AND facts.name = 'finished' AND value = 'true'
"""
"""Whether a content is a picture of a video's sequence: of a finished one, only these may be overwritten."""


def remove(folder: Path) -> None:
    """Remove the journal in ``folder``, with what SQLite would roll back from it into the next one."""
    for name in FILES:
        (folder / name).unlink(missing_ok=True)


def salvaged(folder: Path, output_name: str) -> dict[str, str]:
    """What can still be read in a damaged journal of the hashes of outputs, by name.

    Args:
        output_name: the name under which the hash of a video is returned.
    """
    hashes: dict[str, str] = {}
    with contextlib.suppress(sqlite3.Error, UnicodeError, TypeError, ValueError):
        uri = f"{(folder / FILE_NAME).absolute().as_uri()}?mode=ro"
        with contextlib.closing(sqlite3.connect(uri, uri=True)) as connection:
            for name, sha256 in connection.execute("SELECT name, sha256 FROM items WHERE sha256 != ''"):
                hashes[os.fsdecode(name)] = str(sha256)
            key = KEYS["output_sha256"]
            for (value,) in connection.execute("SELECT value FROM facts WHERE name = ?", [key]):
                sha256 = json.loads(value)
                if isinstance(sha256, str):  # null in a job of pictures
                    hashes[output_name] = sha256
            for name, content in connection.execute("SELECT name, content FROM overwritable"):
                hashes.setdefault(os.fsdecode(name), str(content))
    return hashes


def has_output(folder: Path, sha256: str) -> bool:
    """Whether the journal in ``folder``, of any job, says that it wrote a file of this content."""
    with contextlib.suppress(sqlite3.Error):
        uri = f"{(folder / FILE_NAME).absolute().as_uri()}?mode=ro"
        with contextlib.closing(sqlite3.connect(uri, uri=True)) as connection:
            found = connection.execute(
                "SELECT 1 FROM items WHERE sha256 = ? UNION SELECT 1 FROM facts WHERE name = ? AND value = ?",
                [sha256, KEYS["output_sha256"], json.dumps(sha256)],
            ).fetchone()
            return (found or connection.execute(_HAS_PICTURE, [sha256]).fetchone()) is not None
    return False


def present(folder: Path) -> bool:
    """Whether ``folder`` holds a journal."""
    return (folder / FILE_NAME).is_file()
