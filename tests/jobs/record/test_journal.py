"""The journal keeps what is recorded, through names of any bytes and a second opening."""

import errno
import json
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.base import atomic
from pipeline.errors import DiskFullError, NstpipeWarning, OutputError
from pipeline.jobs.record.entries import Entry, Facts
from pipeline.jobs.record.journal import Journal
from pipeline.jobs.record.journal_files import FILE_NAME, present, salvaged
from tests.support import ROOT

FACTS = Facts({"settings": {"size": 64}}, kind="video", source="in.mp4", weights="builtin", began_at=9.0)


def test_it_keeps_entries_and_facts(tmp_path: Path) -> None:
    entry = Entry("a/b.png", "done", "", "12ab" * 16, "34cd" * 16, 70, 1.5, 2.5, 99.0)
    with Journal(tmp_path) as journal:
        journal.begin(FACTS)
        journal.mark(entry)
        journal.update(total=3, shots=(0, 2), output_sha256="12ab" * 16)
    with Journal(tmp_path) as journal:
        assert journal.entries() == {"a/b.png": entry}
        assert journal.entry("a/b.png") == entry
        assert journal.entry("other") is None
        assert journal.facts() == replace(FACTS, total=3, shots=(0, 2), output_sha256="12ab" * 16)
        journal.forget("a/b.png")
        assert journal.entries() == {}


@pytest.mark.parametrize(
    "name", ["new\nline.png", "größe.png", os.fsdecode(b"\xff.png"), "-x.png", "'; DROP"]
)
def test_a_name_may_hold_any_bytes(tmp_path: Path, name: str) -> None:
    with Journal(tmp_path) as journal:
        journal.mark(Entry(name, "failed", "because"))
        assert journal.entries()[name].reason == "because"


def test_what_may_be_overwritten_is_kept_until_the_item_is_done(tmp_path: Path) -> None:
    name = os.fsdecode(b"\xff.png")
    with Journal(tmp_path) as journal:
        journal.allow_overwriting({name: "12ab", "b": "34cd"})
        journal.allow_overwriting({name: "56ef", "b": "34cd"})
        journal.begin(FACTS)
        journal.mark(Entry(name, "failed"))
    with Journal(tmp_path) as journal:
        assert journal.overwritable() == {name: {"12ab", "56ef"}, "b": {"34cd"}}
        journal.mark(Entry(name, "done"))
        assert journal.overwritable() == {"b": {"34cd"}}
        journal.allow_overwriting({"b": "78ab"}, only=True)
        assert journal.overwritable() == {"b": {"78ab"}}


def test_a_journal_of_an_earlier_version_is_read_without_being_changed(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        journal.begin(FACTS)
        journal.connection.execute("DROP TABLE overwritable")
    before = (tmp_path / FILE_NAME).read_bytes()
    with Journal(tmp_path, read_only=True) as journal:
        assert journal.facts() == FACTS
    assert (tmp_path / FILE_NAME).read_bytes() == before
    with Journal(tmp_path) as journal:
        assert journal.overwritable() == {}


def test_the_hashes_in_a_damaged_journal_are_salvaged(tmp_path: Path) -> None:
    name = os.fsdecode(b"\xff.png")
    with Journal(tmp_path) as journal:
        journal.begin(replace(FACTS, output_sha256="12ab"))
        journal.mark(Entry(name, "done", sha256="34cd"))
        journal.mark(Entry("bad.png", "failed"))
        journal.connection.execute("UPDATE facts SET value = '{' WHERE name = 'parts'")
    assert salvaged(tmp_path, "out.mp4") == {name: "34cd", "out.mp4": "12ab"}
    (tmp_path / FILE_NAME).write_bytes(b"hello" * 999)
    assert salvaged(tmp_path, "out.mp4") == {}


def test_the_hash_of_a_picture_that_is_the_whole_output_is_salvaged(tmp_path: Path) -> None:
    """The item has the name of the output, for which such a job records no hash: null."""
    with Journal(tmp_path) as journal:
        journal.begin(replace(FACTS, kind="image", output_sha256=None))
        journal.mark(Entry("out.jpg", "done", sha256="34cd"))
    assert salvaged(tmp_path, "out.jpg") == {"out.jpg": "34cd"}


def test_a_second_mark_replaces_the_first(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        journal.mark(Entry("a", "failed", "first"))
        journal.mark(Entry("a", "done"))
        assert [entry.state for entry in journal.entries().values()] == ["done"]


def test_the_settings_that_survive_a_power_cut_are_on(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        pragmas = [
            journal.connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous")
        ]
        assert pragmas == ["delete", 2]  # 2 is FULL


def test_a_file_that_is_not_a_journal_is_named(tmp_path: Path) -> None:
    assert not present(tmp_path)
    (tmp_path / "journal.sqlite3").write_text("hello, I am a text " * 100)
    assert present(tmp_path)
    with pytest.raises(OutputError, match="not a readable journal"):
        Journal(tmp_path)


def test_begin_replaces_the_job_before(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        journal.mark(Entry("a", "done"))
        journal.begin(replace(FACTS, finished=True, total=2))
        journal.mark(Entry("a", "done"))
        journal.begin(FACTS)
        assert (journal.facts(), journal.entries()) == (FACTS, {})


def test_a_begin_that_fails_changes_nothing(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        journal.begin(FACTS)
        journal.mark(Entry("a", "done"))
        with pytest.raises(TypeError):
            journal.begin(replace(FACTS, source=object()))
        assert journal.facts() == FACTS
        assert list(journal.entries()) == ["a"]


def test_a_full_disk_is_one_line_with_its_own_exit_code(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        pages = journal.connection.execute("PRAGMA page_count").fetchone()[0]
        journal.connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(DiskFullError, match="^/[^:]*/[^:.]*: the disk is full"):
            for number in range(1000):
                journal.mark(Entry(f"{number}" * 50, "failed", "because " * 50))


def test_read_only_creates_and_changes_nothing(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be used"):
        Journal(tmp_path, read_only=True)
    assert list(tmp_path.iterdir()) == []
    with Journal(tmp_path) as journal:
        journal.mark(Entry("a", "done"))
    with Journal(tmp_path, read_only=True) as journal:
        assert list(journal.entries()) == ["a"]
        with pytest.raises(OutputError, match="cannot be used"):
            journal.mark(Entry("b", "done"))


LONG = "x" * 200_000


@pytest.mark.parametrize(
    "change",
    [lambda journal: journal.update(total=9, source=LONG), lambda journal: journal.begin(Facts({"a": LONG}))],
    ids=["update", "begin"],
)
def test_a_disk_that_fills_inside_a_transaction_undoes_it(tmp_path: Path, change) -> None:
    with Journal(tmp_path) as journal:
        journal.begin(FACTS)
        pages = journal.connection.execute("PRAGMA page_count").fetchone()[0]
        journal.connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(DiskFullError, match="^/[^:]*/[^:.]*: the disk is full"):
            change(journal)
        journal.mark(Entry("a", "done"))
        assert (journal.facts(), list(journal.entries())) == (FACTS, ["a"])


def test_a_commit_that_fails_leaves_the_journal_usable(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        journal.begin(FACTS)
        journal.connection.execute("PRAGMA busy_timeout = 10")
        reader = sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM facts").fetchall()
        with pytest.raises(OutputError, match="the journal is in use .*; wait for the other process"):
            journal.update(total=2)
        reader.close()
        journal.update(workers=3)
        assert journal.facts() == replace(FACTS, workers=3)


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:8192] + b"\xa5" * (len(data) - 8192),
        lambda data: data[:8192],
        lambda data: data[:-2000],
    ],
    ids=["garbage", "pages lost", "half a page lost"],
)
@pytest.mark.parametrize("read_only", [True, False])
def test_damage_is_found_when_it_is_opened(tmp_path: Path, damage, read_only: bool) -> None:
    with Journal(tmp_path) as journal:
        for number in range(100):
            journal.mark(Entry(f"{number}" * 100, "done"))
    path = tmp_path / FILE_NAME
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(OutputError, match="not a readable journal .*; --restart starts") as caught:
        Journal(tmp_path, read_only=read_only)
    assert len(str(caught.value).splitlines()) == 1


def test_a_journal_that_is_just_created_reads_as_empty(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).touch()
    with Journal(tmp_path, read_only=True) as journal:
        assert (journal.facts(), journal.entries()) == (None, {})
    assert (tmp_path / FILE_NAME).read_bytes() == b""


KILLED_IN_A_TRANSACTION = """
import os, signal
from pathlib import Path
from pipeline.jobs.record.entries import Entry
from pipeline.jobs.record.journal import Journal
journal = Journal(Path(os.environ["JOB"]))
for number in range(50):
    journal.mark(Entry(str(number) * 50, "done"))
journal.connection.execute("PRAGMA cache_size = 1")
journal.connection.execute("BEGIN IMMEDIATE")
journal.connection.execute("UPDATE items SET reason = ?", ("y" * 5000,))
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system cannot kill like that")
def test_a_kill_in_the_middle_of_a_write_is_reported_and_then_repaired(tmp_path: Path) -> None:
    environment = {**os.environ, "JOB": str(tmp_path)}
    subprocess.run([sys.executable, "-c", KILLED_IN_A_TRANSACTION], check=False, cwd=ROOT, env=environment)
    with pytest.raises(OutputError, match="left the journal half written .*type the line of its job again"):
        Journal(tmp_path, read_only=True)
    with Journal(tmp_path) as journal:
        assert [entry.reason for entry in journal.entries().values()] == [""] * 50
    with Journal(tmp_path, read_only=True) as journal:
        assert len(journal.entries()) == 50


def test_a_fact_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        journal.begin(FACTS)
        with pytest.raises(TypeError, match="no field totl"):
            journal.update(totl=3)


def test_the_facts_of_a_job_begun_before_they_were_typed_are_read(tmp_path: Path) -> None:
    """The keys in the file stay the same: a job that an earlier revision began resumes."""
    rows = {"parts": {"settings": {}}, "kind": "video", "source": "/in.mp4", "weights": "builtin"}
    rows |= {"weights origin": "builtin.npz", "adopts": True, "total": 7, "finished": False, "shots": [0, 3]}
    with Journal(tmp_path) as journal:
        for name, value in rows.items():
            journal.connection.execute("INSERT INTO facts VALUES (?, ?)", (name, json.dumps(value)))
    with Journal(tmp_path) as journal:
        facts = journal.facts()
    assert facts == Facts(
        {"settings": {}}, "video", "/in.mp4", "builtin", "builtin.npz", adopts=True, total=7, shots=(0, 3)
    )


@pytest.fixture
def files_of_100_kb() -> Iterator[None]:
    """No file of this process can grow any larger."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def fill(journal: Journal) -> None:
    for number in range(1000):
        journal.mark(Entry(f"{number}" * 50, "failed", "because " * 50))


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_an_input_output_error_on_a_full_disk_is_a_full_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files_of_100_kb, code: int
) -> None:
    """SQLite gives no reason. Here its write fails by a limit, and the disk takes no other file."""

    def full(descriptor: int) -> None:
        raise OSError(code, os.strerror(code))

    with Journal(tmp_path) as journal:
        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(DiskFullError, match="^/[^:]*/[^:.]*: the disk is full; free some space"):
            fill(journal)


def test_an_input_output_error_for_another_reason_is_not(tmp_path: Path, files_of_100_kb) -> None:
    wrong = pytest.raises(OutputError, match="cannot be read or written .*; check the disk")
    with Journal(tmp_path) as journal, wrong as caught:
        fill(journal)
    assert not isinstance(caught.value, DiskFullError)


def test_where_files_cannot_be_synced_sqlite_does_not_try(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else every mark would fail on such a network share."""

    def unsupported(descriptor: int) -> None:
        raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))

    monkeypatch.setattr(atomic, "_has_warned", False)
    monkeypatch.setattr(os, "fsync", unsupported)
    with pytest.warns(NstpipeWarning), Journal(tmp_path) as journal:
        assert journal.connection.execute("PRAGMA synchronous").fetchone() == (0,)
        journal.mark(Entry("a", "done"))


def test_a_folder_that_is_removed_meanwhile_is_said(tmp_path: Path) -> None:
    (tmp_path / "job").mkdir()
    with Journal(tmp_path / "job") as journal:
        shutil.rmtree(tmp_path / "job")
        with pytest.raises(OutputError, match="removed or moved while the job ran.*; type the same line"):
            journal.mark(Entry("a", "done"))
