"""The journal keeps what it is told, through names of any bytes and a second opening."""

import os
from pathlib import Path

import pytest

from pipeline.errors import DiskFullError, OutputError
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


def test_a_job_is_cleared_and_the_next_begun_at_once(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        journal.mark(Entry("a", "done"))
        journal.record({"old": 1, "kept": 2})
        journal.clear({"new": 3})
        assert (journal.facts(), journal.entries()) == ({"new": 3}, {})


def test_a_clearing_that_fails_leaves_all_as_it_was(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        journal.mark(Entry("a", "done"))
        journal.record({"old": 1})
        with pytest.raises(TypeError):
            journal.clear({"new": object()})
        assert journal.facts() == {"old": 1}
        assert list(journal.entries()) == ["a"]


def test_a_full_disk_is_one_line_with_its_own_exit_code(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        pages = journal._connection.execute("PRAGMA page_count").fetchone()[0]
        journal._connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(DiskFullError, match="journal.sqlite3: the disk is full"):
            for number in range(1000):
                journal.mark(Entry(f"{number}" * 50, "failed", "because " * 50))


def test_reading_makes_and_changes_nothing(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be used"):
        Journal(tmp_path, read_only=True)
    assert list(tmp_path.iterdir()) == []
    with Journal(tmp_path) as journal:
        journal.mark(Entry("a", "done"))
    with Journal(tmp_path, read_only=True) as journal:
        assert list(journal.entries()) == ["a"]
        with pytest.raises(OutputError, match="cannot be used"):
            journal.mark(Entry("b", "done"))
