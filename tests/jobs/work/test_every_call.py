"""A kill or an error at each call that changes the disk, then the same line again: it ends in the same bytes.

Here it is some calls, and others in a slow test; ``benchmarks/every_call.py`` tries all.
"""

import sys

import pytest

from tests.support.faulty_calls import KILL_AFTER, KILL_BEFORE, SIGNALS, Fault, Runs
from tests.support.sweep import ERRORS, JOBS, KILLS, Sweep

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the runs are forked")

STRIDE = 40
"""Of the slow test: every so many calls."""

SOME_CALLS = {
    "batch": [
        (KILL_BEFORE, "sqlite write", 40),  # the job is being recorded
        (KILL_AFTER, "replace", 0),  # renamed, not marked
        (KILL_BEFORE, "sqlite unlink", -1),  # the last commit
        ("EIO", "fsync", 1),
        ("ENOSPC", "sqlite write", -20),
    ],
    "jpegs": [(KILL_AFTER, "replace", 0)],  # without a tag by which they could be adopted
    "video": [
        (KILL_BEFORE, "replace", 0),  # no frame is done yet, and one is not renamed
        (KILL_AFTER, "replace", -1),  # the video
    ],
}
"""Of each job: the fault, the name of a call, and which of the calls of that name."""


@pytest.fixture(scope="module")
def batch(runs: Runs, tmp_path_factory: pytest.TempPathFactory) -> Sweep:
    return Sweep(runs, JOBS["batch"], tmp_path_factory.mktemp("batch"), "batch")


@pytest.fixture(scope="module")
def jpegs(runs: Runs, tmp_path_factory: pytest.TempPathFactory) -> Sweep:
    return Sweep(runs, JOBS["jpegs"], tmp_path_factory.mktemp("jpegs"), "jpegs")


@pytest.fixture(scope="module")
def video(runs: Runs, tmp_path_factory: pytest.TempPathFactory) -> Sweep:
    return Sweep(runs, JOBS["video"], tmp_path_factory.mktemp("video"), "video")


@pytest.fixture(params=JOBS)
def sweep(request: pytest.FixtureRequest) -> Sweep:
    return request.getfixturevalue(request.param)


def test_the_calls_of_python_and_of_sqlite_are_counted(sweep: Sweep) -> None:
    """For each file: sync, rename, sync of the folder. For each item a commit of the journal.

    A picture has two files: its losses, and the picture itself.
    """
    items, files = {"batch": (2, 4), "jpegs": (2, 4), "video": (3 + 1, 3 + 1)}[sweep.name]
    python = [call for call in sweep.calls if not call.startswith("sqlite")]
    assert sum(call == "replace" for call in python) == files
    first = python.index("replace")
    assert python[first - 1 : first + 2] == ["fsync", "replace", "fsync"]
    assert sweep.calls.count("sqlite unlink") > items
    assert sweep.calls.count("sqlite write") > 10 * items


def test_a_fault_at_some_calls(sweep: Sweep) -> None:
    for kind, name, which in SOME_CALLS[sweep.name]:
        numbers = [number for number, call in enumerate(sweep.calls, 1) if call == name]
        assert sweep.problem(Fault(kind, numbers[which])) == "", (kind, name, which)


def test_errors_of_every_call_of_a_kind_and_interruptions(batch: Sweep) -> None:
    """An unlink that fails costs nothing; a sync that the file system does not know is a warning.

    Signals, a thousand a second, interrupt what the system lets be interrupted; it is tried again (EINTR).
    """
    for fault in (Fault("EIO", 0, "unlink"), Fault("ENOTSUP", 0, "fsync"), Fault(SIGNALS, 0)):
        assert batch.problem(fault, code=0) == "", fault


@pytest.mark.slow
@pytest.mark.parametrize("kind", [*KILLS, *ERRORS])
def test_a_fault_at_calls_all_along(sweep: Sweep, kind: str) -> None:
    """Some of the calls, evenly spread; the script tries all."""
    faults = list(sweep.faults(kind))[::STRIDE]
    problems = {fault: problem for fault in faults if (problem := sweep.problem(fault))}
    assert problems == {}
