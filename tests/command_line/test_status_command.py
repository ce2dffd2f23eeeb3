"""`nstpipe status --watch`: what it shows while a job goes on, and when it ends."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.command_line import status_command, streams
from pipeline.jobs.record.entries import Entry, Facts
from pipeline.jobs.record.journal import Journal
from pipeline.jobs.record.lock import held
from pipeline.jobs.record.status import Status, Unreadable
from tests.support import ROOT
from tests.support.terminal import terminal

Read = Callable[[], list[Status | Unreadable]]


def job(done: int, running: bool = True, failed: int = 0, name: str = "out") -> Status:
    """A job of ten items of a minute each."""
    failures = tuple(Entry(f"{number}.png", "failed", "is empty") for number in range(failed))
    left = 60.0 * (10 - done - failed)
    return Status(Path(name), 10, done, failures, 60.0, left, running, done + failed == 10, "builtin")


def line(done: int, state: str = "running", minutes: str = "") -> str:
    left = f", about {minutes}" if minutes else ""
    return f"out: {state}: {done} of 10 done, 0 failed, {10 - done} left{left} (builtin weights)"


@pytest.fixture
def sleeps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The lengths of all sleeps, which take no time."""
    lengths: list[float] = []
    monkeypatch.setattr(time, "sleep", lengths.append)
    return lengths


def reading(*states: list[Status | Unreadable]) -> Read:
    """A function that returns one of ``states`` after the other; to read on is a fault."""
    left = list(states)
    return lambda: left.pop(0)


def test_without_a_terminal_every_change_is_a_line(sleeps, capsys) -> None:
    states = [[job(1)], [job(1)], [job(2)], [job(2)], [job(10, False)], [job(10, False)]]
    status_command.follow(reading(*states))
    lines = [line(1, minutes="9 min"), line(2, minutes="8 min"), line(10, "finished")]
    assert capsys.readouterr().out.splitlines() == lines
    assert sleeps == [status_command.REFRESH_SECONDS] * 4


def test_what_ends_between_two_looks_is_not_missed(sleeps, capsys) -> None:
    """The items were read before the process was seen to be gone; it marked the last one in between."""
    status_command.follow(reading([job(9)], [job(9, False)], [job(10, False)]))
    assert capsys.readouterr().out.splitlines()[-1] == line(10, "finished")


def test_a_job_that_does_not_run_is_shown_once(sleeps, capsys) -> None:
    status_command.follow(reading([job(4, False)], [job(4, False)]))
    assert capsys.readouterr().out.splitlines() == [line(4, "stopped", "6 min")]
    assert sleeps == []


def test_it_goes_on_while_one_of_several_jobs_runs(sleeps, capsys) -> None:
    broken = Unreadable(Path("bad"), "its journal is damaged")
    states = [[job(10, False), broken, job(3, running, name="b")] for running in (True, False, False)]
    status_command.follow(reading(*states))
    assert len(sleeps) == 1
    assert capsys.readouterr().out.count("bad: status unknown: its journal is damaged") == 2


def test_on_a_terminal_the_lines_are_drawn_in_place(sleeps, monkeypatch: pytest.MonkeyPatch) -> None:
    with terminal() as screen:
        monkeypatch.setattr(sys, "stdout", screen.file)
        print("$ nstpipe status --watch")
        states = [[job(1)], [job(2, failed=2)], [job(3)], [job(3)], [job(10, False)], [job(10, False)]]
        seen = []

        def read() -> list[Status | Unreadable]:
            seen.append(screen.lines)
            return states.pop(0)

        status_command.follow(read)
        assert [len(lines) for lines in seen] == [2, 3, 5, 3, 3, 3]
        assert seen[2][2] == "  0.png: is empty"
        assert screen.lines == ["$ nstpipe status --watch", line(10, "finished"), ""]


def test_lines_that_a_terminal_cannot_hold_are_cut_off(sleeps, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the lines above would be drawn again with every change."""
    with terminal(columns=30, rows=4) as screen:
        monkeypatch.setattr(sys, "stdout", screen.file)
        print("above")
        many, fewer = [job(1, failed=8)], [job(4, False, failed=1)]
        status_command.follow(reading(many, fewer, fewer))
        assert [text.split(":")[0] for text in screen.lines] == ["above", "out", "  0.png", ""]
        first, *_ = screen.text.split("\x1b[?7h")
        assert first.endswith("  1.png: is empty\r\n") and "\x1b[?7l" in first  # long lines do not wrap


def test_it_ends_once_its_reader_is_gone(sleeps, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in `nstpipe status --watch | head -1`."""
    reads, writes = os.pipe()
    os.close(reads)
    with open(writes, "w", encoding="utf-8") as file:
        guarded = streams.GuardedStream(file)
        monkeypatch.setattr(sys, "stdout", guarded)
        status_command.follow(reading([job(1)]))
        assert guarded.reader_left
        guarded.discard()


@pytest.mark.parametrize("arguments", [["out"], []])
def test_a_real_job_is_watched_until_its_process_lets_go(arguments: list[str]) -> None:
    folder = Path(".out.nstpipe")
    with held(folder, Path("out")), Journal(folder) as journal:
        journal.begin(Facts({"settings": {}}, weights="builtin", total=2))
        journal.mark(Entry("a", "done", seconds=1))
        watching = subprocess.Popen(
            [sys.executable, "-m", "cli", "status", *arguments, "--watch"],
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            text=True,
        )
        first = watching.stdout.readline()
        journal.mark(Entry("b", "done", seconds=1))
        journal.update(finished=True)
    rest = watching.communicate(timeout=30)[0]
    assert first == "out: running: 1 of 2 done, 0 failed, 1 left, about 1 s (builtin weights)\n"
    assert rest.splitlines()[-1] == "out: finished: 2 of 2 done, 0 failed, 0 left (builtin weights)"
    assert watching.returncode == 0
