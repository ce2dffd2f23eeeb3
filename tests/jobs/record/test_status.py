"""The status of a job, from journals as jobs leave them."""

import os
import socket
from pathlib import Path

import pytest

from pipeline.errors import InputError
from pipeline.jobs.record import status
from pipeline.jobs.record.entries import Entry, Facts
from pipeline.jobs.record.journal import Journal


def job(output: str, entries: list[Entry], **facts: object) -> Path:
    folder = Path(f".{output}.nstpipe")
    folder.mkdir()
    with Journal(folder) as journal:
        journal.begin(Facts({"settings": {}}, weights="builtin", **facts))
        for entry in entries:
            journal.mark(entry)
    return folder


DONE = [Entry(name, "done", seconds=60) for name in ("a", "b")]
FAILED = Entry("c", "failed", "c.jpg: is empty")


def test_a_stopped_job_says_what_is_left_and_how_long_it_takes() -> None:
    job("out", DONE, total=5)
    stopped = status.of(Path("out"))
    assert (stopped.done, stopped.left, stopped.running) == (2, 3, False)
    assert stopped.lines() == ["out: stopped: 2 of 5 done, 0 failed, 3 left, about 3 min (builtin weights)"]


def test_a_finished_job_names_its_failures() -> None:
    job("out", [*DONE, FAILED], total=3, finished=True)
    assert status.of(Path("out")).lines() == [
        "out: finished: 2 of 3 done, 1 failed, 0 left (builtin weights)",
        "  c: c.jpg: is empty",
    ]


@pytest.mark.parametrize(
    ("holder", "running"),
    [
        (f"process {os.getpid()} on {socket.gethostname()}", True),
        (f"process 999999999 on {socket.gethostname()}", False),
        ("process 1 on another-machine", True),
        ("nonsense", False),
        (f"process {'9' * 30} on {socket.gethostname()}", False),
        (f"process x on {socket.gethostname()}", False),
    ],
    ids=["this process", "a dead one", "elsewhere", "nonsense", "no process's number", "no number"],
)
def test_a_job_runs_while_its_holder_lives(holder: str, running: bool) -> None:
    (job("out", DONE, total=5) / "holder.txt").write_text(holder)
    assert status.of(Path("out")).running == running


@pytest.mark.parametrize(
    ("seconds", "total", "expected"),
    [(60, 5, "about 3 min"), (10, 6, "about 40 s"), (3600, 12, "10 h 00 min")],
)
def test_the_time_left_follows_from_the_mean(seconds: int, total: int, expected: str) -> None:
    job("out", [Entry(name, "done", seconds=seconds) for name in ("a", "b")], total=total)
    assert expected in status.of(Path("out")).lines()[0]


def test_workers_share_the_time_that_is_left() -> None:
    """Each item took a minute; two run at once."""
    job("out", DONE, total=12, workers=2)
    assert status.of(Path("out")).seconds_left == 10 * 60 / 2
    assert "10 left, about 5 min" in status.of(Path("out")).lines()[0]


def test_no_time_is_guessed_before_the_first_item() -> None:
    job("out", [], total=5)
    assert status.of(Path("out")).lines() == ["out: stopped: 0 of 5 done, 0 failed, 5 left (builtin weights)"]


def test_a_job_whose_journal_is_just_created_has_no_items() -> None:
    folder = Path(".out.nstpipe")
    folder.mkdir()
    (folder / "journal.sqlite3").touch()
    assert status.of(Path("out")).lines() == ["out: stopped: 0 of 0 done, 0 failed, 0 left (unknown weights)"]


def test_status_creates_and_changes_no_files() -> None:
    folder = job("out", DONE, total=5)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    status.below(Path())
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_all_jobs_of_a_folder_or_none() -> None:
    assert status.below(Path()) == []
    job("b.mp4", DONE)
    job("a.png", [])
    assert [one.output for one in status.below(Path())] == [Path("a.png"), Path("b.mp4")]
    with pytest.raises(InputError, match="c.png: nstpipe has no job for this output"):
        status.of(Path("c.png"))
