"""Open a job's folder: for this process alone, compared with what is asked now, begun or resumed."""

import logging
import os
import shutil
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import filelock

from pipeline import atomic, identity
from pipeline._version import __version__
from pipeline.errors import JobDiffersError, LockedError, OutputError
from pipeline.job import LOG, Job
from pipeline.journal import Journal, present
from pipeline.naming import shown
from pipeline.observer import Observer
from pipeline.plan import Plan
from pipeline.settings import Settings
from pipeline.weights import Weights


@contextmanager
def opened(
    plan: Plan, settings: Settings, weights: Weights, observer: Observer, *, force: bool, restart: bool
) -> Iterator[Job]:
    """Hold and open the job of ``plan``, begun now or before.

    Args:
        force: overwrite an output that is not ours; redo a finished job.
        restart: discard a job of ours, whatever it was.

    Raises:
        LockedError: another process holds it.
        JobDiffersError: a job with other settings, styles, weights or input stands there.
        OutputError: an output stands there and no job of ours made it, or the folder cannot be written.
    """
    source = None if plan.kind == "batch" else plan.source
    parts = identity.of_job(settings, weights.fingerprint, plan.style_sets, source)
    if not present(plan.folder) and not force:
        _check_nothing_stands(plan)
    with atomic.writing(plan.output):
        plan.folder.mkdir(parents=True, exist_ok=True)
    with held(plan.folder):
        anew = restart or (force and _is_finished(plan.folder))
        if anew:
            _discard(plan.folder)
        with _logging_to(plan.folder / "log.txt"), Journal(plan.folder) as journal:
            _begin_or_compare(journal, plan, parts, weights)
            job = Job(plan, journal, parts, observer, adopts=not anew)
            _sweep(plan)
            yield job


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold the job's folder, made if need be, for this process alone.

    Raises:
        LockedError: another process holds it; the message names it.
    """
    with atomic.writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    lock, holder = filelock.FileLock(folder / "lock"), folder / "holder.txt"
    with atomic.writing(folder):
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            raise LockedError(
                f"{shown(folder)}: is held by {_read_holder(holder)}; wait for it, or stop it"
            ) from None
    try:
        holder.write_text(f"process {os.getpid()} on {socket.gethostname()}")
        yield
        holder.unlink(missing_ok=True)
    finally:
        lock.release()


def _read_holder(holder: Path) -> str:
    with suppress(OSError):
        return holder.read_text()
    return "another process"


def _check_nothing_stands(plan: Plan) -> None:
    standing = [plan.output] if plan.kind == "video" else [item.output for item in plan.items]
    standing = [path for path in standing if path.exists()]
    if standing:
        more = f" (and {len(standing) - 1} more)" if len(standing) > 1 else ""
        raise OutputError(
            f"{shown(standing[0])}{more}: stands there, and no job of ours made it; "
            "--force overwrites, -o goes elsewhere"
        )


def _is_finished(folder: Path) -> bool:
    if not present(folder):
        return False
    with Journal(folder) as journal:
        return bool(journal.facts().get("finished"))


def _discard(folder: Path) -> None:
    """Empty the job's folder, but for the lock that is held."""
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name not in ("lock", "holder.txt"):
            path.unlink()


def _begin_or_compare(journal: Journal, plan: Plan, parts: Mapping[str, Any], weights: Weights) -> None:
    facts = journal.facts()
    if "parts" not in facts:
        journal.record(
            {
                "parts": parts,
                "kind": plan.kind,
                "source": os.fsencode(plan.source.resolve()).decode("utf-8", "backslashreplace"),
                "weights": weights.kind,
                "weights origin": weights.origin,
                "version": __version__,
                "began_at": time.time(),
            }
        )
        return
    found = identity.differences(facts["parts"], parts)
    if found:
        raise JobDiffersError(
            f"{shown(plan.output)}: its job was begun otherwise: {', '.join(found)}; "
            "--restart discards it and begins anew"
        )


def _sweep(plan: Plan) -> None:
    """Remove the temporary files that a killed process left where this job writes."""
    for folder in {plan.output.parent, plan.folder, *(item.output.parent for item in plan.items)}:
        if folder.is_dir():
            atomic.sweep(folder)


@contextmanager
def _logging_to(path: Path) -> Iterator[None]:
    handler = logging.FileHandler(path, encoding="utf-8", errors="backslashreplace")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    LOG.addHandler(handler)
    LOG.setLevel(logging.INFO)
    try:
        yield
    finally:
        LOG.removeHandler(handler)
        handler.close()
