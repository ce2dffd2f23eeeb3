"""Put a fault at each call of a small job that changes the disk; type the same line again; compare."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.base.atomic import PARTIAL_PREFIX
from pipeline.errors import NstpipeError
from tests.support.faulty_calls import KILL_AFTER, KILL_BEFORE, Fault, Run, Runs
from tests.support.killing import digests
from tests.support.media import FLAGS, clip, picture

KILLS = (KILL_BEFORE, KILL_AFTER)
ERRORS = ("EIO", "ENOSPC")


def _lay_out_batch(folder: Path) -> None:
    for number in range(2):
        picture(folder / "photos" / f"{number}.jpg", number)
    picture(folder / "s.jpg", 9)


def _lay_out_video(folder: Path) -> None:
    clip(folder / "in.mp4", frames=3)
    picture(folder / "s.jpg", 9)


@dataclass(frozen=True)
class SmallJob:
    """A command line, what writes its inputs, and the files or folders that must be the same at the end."""

    arguments: Sequence[str]
    lay_out: Callable[[Path], None]
    outputs: Sequence[str]

    def files(self, folder: Path) -> dict[str, str]:
        """SHA-256 by name."""
        return {name: sha for output in self.outputs for name, sha in digests(folder / output).items()}


JOBS = {
    "batch": SmallJob(("batch", "photos", "s.jpg", "-q", *FLAGS), _lay_out_batch, ["photos_s"]),
    "jpegs": SmallJob(
        ("batch", "photos", "s.jpg", "-q", "--format", "jpg", *FLAGS), _lay_out_batch, ["photos_s"]
    ),
    "video": SmallJob(
        ("video", "in.mp4", "s.jpg", "-q", "--keep-frames", *FLAGS),
        _lay_out_video,
        ["in_s.mp4", ".in_s.mp4.nstpipe/frames"],
    ),
}


class Sweep:
    """One job, to be disturbed anew for each fault.

    Attributes:
        name: of the job.
        calls: the names of the calls of an undisturbed run.
    """

    def __init__(self, runs: Runs, job: SmallJob, folder: Path, name: str) -> None:
        """Run the job undisturbed below ``folder``."""
        self.name = name
        self._runs, self._job, self._folder = runs, job, folder
        calm = self._fresh("calm")
        run = runs.run(job.arguments, calm)
        assert (run.code, run.complaints) == (0, ""), run
        self.calls = run.calls
        self._desired = job.files(calm)

    def faults(self, kind: str) -> Iterator[Fault]:
        """The fault at each call."""
        return (Fault(kind, number) for number in range(1, len(self.calls) + 1))

    def name_of(self, fault: Fault) -> str:
        """The name of the call that has the fault."""
        return self.calls[fault.number - 1]

    def problem(self, fault: Fault, code: int | None = None) -> str:
        """What goes wrong if a run has the fault and the next has none; empty if the end is as it must be.

        Args:
            code: the exit code that the run with the fault must have; by default any of ours.
        """
        folder = self._fresh("disturbed")
        first = self._runs.run(self._job.arguments, folder, fault)
        complaint = _complaint(fault, first)
        if complaint or (code is not None and first.code != code):
            return complaint or f"exit code {first.code}: {first.complaints}"
        second = self._runs.run(self._job.arguments, folder)
        if second.code:
            return f"then exit code {second.code}: {second.complaints}"
        left = [path.name for path in folder.rglob(f"{PARTIAL_PREFIX}*")]
        if left:
            return f"left over: {left}"
        return "" if self._job.files(folder) == self._desired else "then other bytes"

    def _fresh(self, name: str) -> Path:
        folder = self._folder / name / "job"
        shutil.rmtree(folder.parent, ignore_errors=True)
        folder.mkdir(parents=True)
        self._job.lay_out(folder)
        return folder


def _complaint(fault: Fault, run: Run) -> str:
    """What is wrong with how the disturbed run ended."""
    if fault.kind in KILLS:
        return "" if run.code == -9 else f"not killed: {run.code}: {run.complaints}"
    lines = run.complaints.splitlines()
    ours = all(line.startswith("nstpipe: ") and len(line) < NstpipeError.longest for line in lines)
    if not ours or "bug in nstpipe" in run.complaints or run.code not in _codes() or (run.code and not lines):
        return f"exit code {run.code}: {run.complaints}"
    return ""


def _codes() -> set[int]:
    kinds, codes = [NstpipeError], {0}
    while kinds:
        kind = kinds.pop()
        codes.add(kind.exit_code)
        kinds += kind.__subclasses__()
    return codes
