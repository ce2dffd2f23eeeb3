"""The status of a job, from journals as jobs leave them."""

import os
import socket
from pathlib import Path

import pytest

from pipeline.errors import InputError
from pipeline.jobs.planning.item_times import ItemTime
from pipeline.jobs.planning.plan import frame_name
from pipeline.jobs.record import expected_times, status
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


def test_pictures_that_are_left_count_by_what_is_expected_of_them() -> None:
    """Two took twice what was expected of them; one of those left is eight times as large, one failed."""
    expected = {"a": 20.0, "b": 40.0, "c": 500.0, "d": 240.0, "e": 30.0}
    job("out", [*DONE, FAILED], total=5, workers=2, kind="batch", expected=expected)
    assert status.of(Path("out")).seconds_left == pytest.approx(2 * (240 + 30) / 2)
    assert status.of(Path("out")).lines()[0].endswith("2 left, about 4 min (builtin weights)")


def test_the_names_of_pictures_are_of_any_bytes() -> None:
    names = [os.fsdecode(b"caf\xe9.png"), "näh er.png"]
    expected = expected_times.recorded({name: ItemTime("picture", (), 30.0) for name in names})
    job("out", [Entry(names[0], "done", seconds=60)], total=2, kind="batch", expected=expected)
    assert status.of(Path("out")).seconds_left == pytest.approx(60)


def test_the_start_of_a_worker_is_no_part_of_what_is_expected_of_its_item() -> None:
    """The seconds of an entry do not include it."""
    times = {"a": ItemTime("picture", ((2, 1.5),), 1.0, loading=3.0)}
    assert expected_times.recorded(times) == {"a": 4.0}


def test_first_frames_and_following_ones_count_by_their_kind() -> None:
    """Shots of four and three frames; a first frame took 30 s, two following ones 4 s each."""
    names = [frame_name(index) for index in range(3)]
    entries = [Entry(name, "done", seconds=each) for name, each in zip(names, (30, 4, 4), strict=True)]
    expected = {"first": 10.0, "following": 5.0}
    job("out.mp4", entries, total=7, kind="video", shots=(0, 4), expected=expected)
    assert status.of(Path("out.mp4")).seconds_left == pytest.approx(4 + 30 + 2 * 4)


def test_where_no_following_frame_is_done_they_are_expected_in_proportion() -> None:
    entries = [Entry(frame_name(0), "done", seconds=30)]
    expected = {"first": 10.0, "following": 5.0}
    job("out.mp4", entries, total=3, kind="video", shots=(0,), expected=expected)
    assert status.of(Path("out.mp4")).seconds_left == pytest.approx(2 * 3 * 5)


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
