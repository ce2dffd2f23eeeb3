"""The status of a job: how many items are done, failed and left, and the time left. It is only read."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.base.messages import duration, one_line, shown
from pipeline.errors import InputError, NstpipeError
from pipeline.jobs.planning import output_names
from pipeline.jobs.record import expected_times, lock
from pipeline.jobs.record.entries import Entry, Facts
from pipeline.jobs.record.journal import Journal
from pipeline.jobs.record.journal_files import present


@dataclass(frozen=True)
class Status:
    """One job.

    Attributes:
        output: what it makes.
        total: items in all.
        done: items done.
        failed: those that failed, each with its reason.
        seconds_each: mean time of an item.
        seconds_left: how long the items that are left take, with as many workers as the last run had; None
            before the first is done.
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
    seconds_left: float | None
    running: bool
    finished: bool
    weights: str
    workers: int = 1

    @property
    def left(self) -> int:
        """Items that were not tried yet."""
        return max(0, self.total - self.done - len(self.failed))

    @property
    def time_left(self) -> str:
        """For people; empty where nothing is left, or nothing tells."""
        return duration(self.seconds_left) if self.left and self.seconds_left is not None else ""

    def lines(self) -> list[str]:
        """The status for people: one line, and one for each failed item."""
        state = "finished" if self.finished else "running" if self.running else "stopped"
        counts = f"{self.done} of {self.total} done, {len(self.failed)} failed, {self.left} left"
        time_left = f", about {self.time_left}" if self.time_left else ""
        head = f"{shown(self.output)}: {state}: {counts}{time_left} ({one_line(self.weights)} weights)"
        return [head, *(f"  {shown(entry.name)}: {one_line(entry.reason)}" for entry in self.failed)]


@dataclass(frozen=True)
class Unreadable:
    """A job whose status cannot be read.

    Attributes:
        output: what it makes.
        problem: why, and what to do.
    """

    output: Path
    problem: str

    def lines(self) -> list[str]:
        """One line for people."""
        return [f"{shown(self.output)}: status unknown: {one_line(self.problem)}"]


@dataclass(frozen=True)
class Recorded:
    """What the journal of a job says at one moment.

    Attributes:
        output: what the job makes.
        folder: the job's.
        facts: of the job; those of one that has just been begun are empty.
        entries: of its items that ended, by name.
    """

    output: Path
    folder: Path
    facts: Facts
    entries: Mapping[str, Entry]

    def status(self) -> Status:
        """How far the job is."""
        done = [entry for entry in self.entries.values() if entry.state == "done"]
        failed = tuple(entry for entry in self.entries.values() if entry.state == "failed")
        return Status(
            self.output,
            total=max(self.facts.total, len(done) + len(failed)),
            done=len(done),
            failed=failed,
            seconds_each=sum(entry.seconds for entry in done) / max(1, len(done)),
            seconds_left=expected_times.seconds_left(self.facts, self.entries),
            running=lock.is_held(self.folder),
            finished=self.facts.finished,
            weights=self.facts.weights,
            workers=self.facts.workers,
        )


def of(output: Path) -> Status:
    """The status of the job that makes ``output``. Errors as those of :func:`recorded`."""
    return recorded(output).status()


def recorded(output: Path) -> Recorded:
    """What the journal of the job that makes ``output`` says; the job may be running.

    Raises:
        InputError: there is no such job.
        DamagedJournalError: its journal is damaged.
        OutputError: its journal cannot be read.
    """
    output = output_names.named(output)
    folder = output_names.job_folder_in_use(output)
    if not present(folder):
        raise InputError(f"{shown(output)}: nstpipe has no job for this output; name the output of a job")
    with Journal(folder, read_only=True) as journal:
        return Recorded(output, folder, journal.facts() or Facts({"settings": {}}), journal.entries())


def below(folder: Path) -> list[Status | Unreadable]:
    """The status of every job whose output lies in ``folder``; one that cannot be read hides no other."""
    jobs = sorted(folder.glob(output_names.job_folder(Path("*")).name))
    found = [_of_folder(job) for job in jobs]
    return [status for status in found if status is not None]


def _of_folder(job: Path) -> Status | Unreadable | None:
    """The status of the job in the folder ``job``; None where it has no journal."""
    output = output_names.output_of(job)
    try:
        return of(output) if present(job) else None
    except NstpipeError as error:
        return Unreadable(output, str(error))
    except OSError as error:
        return Unreadable(output, f"{shown(job)}: cannot be read ({error.strerror}); check its permissions")
