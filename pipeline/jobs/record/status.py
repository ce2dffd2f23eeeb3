"""The status of a job: how many items are done, failed and left, and the time left. It is only read."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pipeline.base.messages import duration, shown
from pipeline.errors import InputError
from pipeline.jobs.planning import output_names
from pipeline.jobs.record import lock
from pipeline.jobs.record.entries import Entry, Facts
from pipeline.jobs.record.journal import Journal, present


@dataclass(frozen=True)
class Status:
    """One job.

    Attributes:
        output: what it makes.
        total: items in all.
        done: items done.
        failed: those that failed, each with its reason.
        seconds_each: mean time of an item.
        running: whether a process holds it now.
        finished: whether its last run came to its end, a video's assembly included.
        weights: the kind of extractor weights that ran.
        workers: processes of the last run.
    """

    output: Path
    total: int
    done: int
    failed: tuple[Entry, ...]
    seconds_each: float
    running: bool
    finished: bool
    weights: str
    workers: int = 1

    @property
    def left(self) -> int:
        """Items that were not tried yet."""
        return max(0, self.total - self.done - len(self.failed))

    @property
    def seconds_left(self) -> float:
        """How long the items that are left take, with as many workers as the last run had."""
        return self.left * self.seconds_each / self.workers

    def lines(self) -> list[str]:
        """The status for people: one line, and one for each failed item."""
        state = "finished" if self.finished else "running" if self.running else "stopped"
        counts = f"{self.done} of {self.total} done, {len(self.failed)} failed, {self.left} left"
        time_left = f", about {duration(self.seconds_left)}" if self.left and self.done else ""
        head = f"{shown(self.output)}: {state}: {counts}{time_left} ({self.weights} weights)"
        return [head, *(f"  {shown(entry.name)}: {entry.reason}" for entry in self.failed)]


def of(output: Path) -> Status:
    """The status of the job that makes ``output``.

    Raises:
        InputError: there is no such job.
    """
    output = output_names.named(output)
    folder = output_names.job_folder(output)
    if not present(folder):
        raise InputError(f"{shown(output)}: nstpipe has no job for this output; name the output of a job")
    with Journal(folder, read_only=True) as journal:
        return _status(output, folder, journal.facts() or Facts({}), journal.entries().values())


def below(folder: Path) -> list[Status]:
    """The status of every job whose output lies in ``folder``."""
    jobs = sorted(path for path in folder.glob(output_names.job_folder(Path("*")).name) if present(path))
    return [of(output_names.output_of(job)) for job in jobs]


def _status(output: Path, folder: Path, facts: Facts, entries: Iterable[Entry]) -> Status:
    done = [entry for entry in entries if entry.state == "done"]
    failed = tuple(entry for entry in entries if entry.state == "failed")
    return Status(
        output,
        total=max(facts.total, len(done) + len(failed)),
        done=len(done),
        failed=failed,
        seconds_each=sum(entry.seconds for entry in done) / max(1, len(done)),
        running=lock.is_held(folder),
        finished=facts.finished,
        weights=facts.weights,
        workers=facts.workers,
    )
