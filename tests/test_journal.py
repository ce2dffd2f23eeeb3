"""The journal keeps what it is told, through names of any bytes and a second opening."""

import os
from pathlib import Path

import pytest

from pipeline.errors import OutputError
from pipeline.journal import Entry, Journal, present


def test_it_keeps_entries_and_facts(tmp_path: Path) -> None:
    entry = Entry("a/b.png", "done", "", "12ab", "34cd", 70, 170, 1.5, 2.5, 99.0)
    with Journal(tmp_path) as journal:
        journal.mark(entry)
        journal.record({"total": 3, "parts": {"settings": {"size": 64}}})
    with Journal(tmp_path) as journal:
        assert journal.entries() == {"a/b.png": entry}
        assert journal.entry("a/b.png") == entry
        assert journal.entry("other") is None
        assert journal.facts() == {"total": 3, "parts": {"settings": {"size": 64}}}
        journal.forget("a/b.png")
        assert journal.entries() == {}


@pytest.mark.parametrize(
    "name", ["new\nline.png", "größe.png", os.fsdecode(b"\xff.png"), "-x.png", "'; DROP"]
)
def test_a_name_may_be_anything(tmp_path: Path, name: str) -> None:
    with Journal(tmp_path) as journal:
        journal.mark(Entry(name, "failed", "because"))
        assert journal.entries()[name].reason == "because"


def test_a_mark_made_twice_counts_once(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        journal.mark(Entry("a", "failed", "first"))
        journal.mark(Entry("a", "done"))
        assert [entry.state for entry in journal.entries().values()] == ["done"]


def test_it_survives_a_power_cut_by_its_settings(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        pragmas = [
            journal._connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous")
        ]
        assert pragmas == ["delete", 2]  # 2 is FULL


def test_a_file_that_is_no_journal_is_named(tmp_path: Path) -> None:
    assert not present(tmp_path)
    (tmp_path / "journal.sqlite3").write_text("hello, I am a text " * 100)
    assert present(tmp_path)
    with pytest.raises(OutputError, match="not a readable journal"):
        Journal(tmp_path)
