"""Open a job's folder: for this process alone, compared with what is asked now, begun or resumed."""

import logging
import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipeline._version import __version__
from pipeline.base import atomic
from pipeline.base.messages import shown
from pipeline.errors import DamagedJournalError, JobDiffersError, OutputError
from pipeline.extractor.weights import Weights
from pipeline.jobs import fingerprint
from pipeline.jobs import journal as journals
from pipeline.jobs.job import LOG, Job
from pipeline.jobs.journal import Journal, present
from pipeline.jobs.lock import held
from pipeline.jobs.observer import Observer
from pipeline.jobs.plan import Plan
from pipeline.settings.settings import Settings


@contextmanager
def open_job(
    plan: Plan, settings: Settings, weights: Weights, observer: Observer, *, force: bool, restart: bool
) -> Iterator[Job]:
    """Hold and open the job of ``plan``, begun now or before.

    Args:
        force: overwrite an output that is not ours; redo a finished job.
        restart: discard a job of ours that is finished, or that differs. One that would end in the same
            bytes goes on: the line can be typed again after a crash.

    Raises:
        LockedError: another process holds it.
        JobDiffersError: a job with other settings, styles, weights or input stands there.
        OutputError: an output stands there and no job of ours made it, or the folder cannot be written.
    """
    source = None if plan.kind == "batch" else plan.source
    parts = fingerprint.of_job(
        settings,
        weights.fingerprint,
        plan.style_sets,
        source,
        of_a_video=plan.kind == "video",
        shots=plan.shots,
    )
    if not present(plan.folder) and not force:
        _check_nothing_stands(plan)
    with (
        held(plan.folder, plan.output),
        _logging_to(plan.folder / "log.txt"),
        _journal(plan.folder, restart) as journal,
    ):
        _begin(journal, plan, parts, weights, force=force, restart=restart)
        _sweep(plan)
        with _removed_if_nothing_came_of_it(plan, journal):
            yield Job(plan, journal, parts, observer)


@contextmanager
def _removed_if_nothing_came_of_it(plan: Plan, journal: Journal) -> Iterator[None]:
    """Leave no job's folder behind an error that came before its first item was done.

    Where an output stands, of a job that was discarded, it stays: it says that the output is ours.
    """
    try:
        yield
    except Exception:
        if not _any_done(journal) and not _standing(plan):
            shutil.rmtree(plan.folder, ignore_errors=True)
        raise


def _any_done(journal: Journal) -> bool:
    return any(entry.state == "done" for entry in journal.entries().values())


def _begin(
    journal: Journal, plan: Plan, parts: Mapping[str, Any], weights: Weights, *, force: bool, restart: bool
) -> None:
    """Begin the job, or see that the one that stands there is the same, or discard that."""
    facts = journal.facts()
    differ = fingerprint.differences(facts["parts"], parts) if "parts" in facts else []
    finished = bool(facts.get("finished"))
    if differ and not restart and _any_done(journal):
        raise _difference(plan, facts, differ)
    if (restart and finished) or differ or (force and finished):
        shutil.rmtree(plan.folder / "frames", ignore_errors=True)
        # What the discarded job made stands where this one will write: it must not be taken for its own.
        journal.clear(_first_facts(plan, parts, weights) | {"adopts": False})
    elif not facts:
        journal.record(_first_facts(plan, parts, weights) | {"adopts": True})


def _difference(plan: Plan, facts: Mapping[str, Any], differ: Sequence[str]) -> JobDiffersError:
    if facts["source"] != _source(plan):
        return JobDiffersError(
            f"{shown(plan.output)}: is what {facts['source']} was made into; "
            "-o makes another output, --restart discards that one"
        )
    return JobDiffersError(
        f"{shown(plan.output)}: its job was begun otherwise: {', '.join(differ)}; "
        "--restart discards it and begins anew"
    )


def _source(plan: Plan) -> str:
    return os.fsencode(plan.source.resolve()).decode("utf-8", "backslashreplace")


def _check_nothing_stands(plan: Plan) -> None:
    standing = _standing(plan)
    if standing:
        more = f" (and {len(standing) - 1} more)" if len(standing) > 1 else ""
        raise OutputError(
            f"{shown(standing[0])}{more}: stands there, and no job of ours made it; "
            "--force overwrites, -o goes elsewhere"
        )


def _standing(plan: Plan) -> list[Path]:
    """The outputs that exist already."""
    outputs = [plan.output] if plan.kind == "video" else [item.output for item in plan.items]
    return [path for path in outputs if os.path.exists(path)]  # Path.exists raises for a name too long


def _journal(folder: Path, restart: bool) -> Journal:
    """The job's journal; one that cannot be read goes where the job is to be restarted."""
    try:
        return Journal(folder)
    except DamagedJournalError:
        if not restart:
            raise
        journals.remove(folder)
        return Journal(folder)


def _first_facts(plan: Plan, parts: Mapping[str, Any], weights: Weights) -> dict[str, Any]:
    """What is recorded of a job when it begins."""
    return {
        "parts": parts,
        "kind": plan.kind,
        "source": _source(plan),
        "weights": weights.kind,
        "weights origin": weights.origin,
        "version": __version__,
        "began_at": time.time(),
    }


def _sweep(plan: Plan) -> None:
    """Remove the temporary files that a killed process left where this job writes."""
    for folder in {plan.output.parent, plan.folder, *(item.output.parent for item in plan.items)}:
        if folder.is_dir():
            atomic.sweep(folder)


class _Handler(logging.FileHandler):
    """A log that a full disk cuts short says nothing of it: the job itself will."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Go on."""


@contextmanager
def _logging_to(path: Path) -> Iterator[None]:
    with atomic.writing(path):
        handler = _Handler(path, encoding="utf-8", errors="backslashreplace")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    LOG.addHandler(handler)
    LOG.setLevel(logging.INFO)
    try:
        yield
    finally:
        LOG.removeHandler(handler)
        handler.close()
