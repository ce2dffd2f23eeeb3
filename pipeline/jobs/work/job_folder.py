"""Open a job's folder for this process alone: begin the job, resume it, or refuse."""

import os
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pipeline._version import __version__
from pipeline.base import atomic, path_text
from pipeline.base.machine import library_versions
from pipeline.base.messages import shown
from pipeline.errors import DamagedJournalError, JobDiffersError, OutputError
from pipeline.extractor.weights import Weights
from pipeline.jobs.planning.plan import FRAMES_FOLDER, Item, Plan, VideoPlan
from pipeline.jobs.record import (
    fingerprint,
    folder_files,
    input_files,
    journal_files,
    loss_curves,
    other_jobs,
)
from pipeline.jobs.record.entries import Facts
from pipeline.jobs.record.job_log import opened_log
from pipeline.jobs.record.journal import Journal
from pipeline.jobs.record.lock import held
from pipeline.jobs.work import ownership
from pipeline.jobs.work.item_maker import ItemMaker, is_unedited
from pipeline.jobs.work.job import Job
from pipeline.jobs.work.observer import Observer
from pipeline.jobs.work.ownership import content_of, not_ours, replaceable
from pipeline.settings.settings import Settings
from pipeline.video.decoding.reading import READERS


@contextmanager
def open_job(
    plan: Plan, settings: Settings, weights: Weights, observer: Observer, *, force: bool, restart: bool
) -> Iterator[Job]:
    """Hold and open the job of ``plan``: a new one, or the one that was begun before.

    Args:
        force: overwrite an output that the job did not make, or that was changed since; redo a finished job.
        restart: discard a job that is finished or differs. One that would end in the same bytes is
            resumed, so that the same line can be typed again after a crash.

    Raises:
        LockedError: another process holds the job, or makes one of its outputs in another job.
        JobDiffersError: the job was begun with other settings, styles, weights or input.
        OutputError: an output exists that the job did not make, or the folder cannot be written or is a link.
    """
    source = input_files.of(plan.input_files)
    parts = fingerprint.of_job(settings, weights.fingerprint, plan, source.sha256 if source else None)
    if not journal_files.present(plan.folder) and not force:
        _refuse_existing_outputs(plan)
    with held(plan.folder, plan.output):
        other_jobs.claim(plan.folder, plan.outputs)
        with opened_log(plan.folder) as log, _journal(plan, restart) as record:
            _begin_or_resume(record, plan, parts, weights, force=force, restart=restart)
            _record_inputs(record, plan)
            _sweep(plan)
            with _folder_removed_if_no_item_is_done(plan, record):
                yield Job(plan, record, _facts(record).parts, observer, log, source)


def _begin_or_resume(
    record: Journal, plan: Plan, parts: Mapping[str, Any], weights: Weights, *, force: bool, restart: bool
) -> None:
    """Begin the job, resume the same one, or discard the one in the journal and begin."""
    facts = record.facts()
    differences = fingerprint.differences(facts.parts, parts) if facts else []
    if facts and differences and not restart and _any_done(record):
        raise _difference(plan, facts, differences)
    if force:
        _give_up_outputs(record, plan)
    if facts is None:
        _refuse_existing_outputs(plan, record.overwritable())
        _begin(record, plan, parts, weights, adopts=True)
        return
    libraries_differ = bool(facts.changed_libraries(library_versions()))
    # Whether the clip is read as before shows only when it is decoded; another version may read it otherwise.
    same_version = facts.version == __version__ and facts.reader in READERS
    may_be_read_otherwise = isinstance(plan, VideoPlan) and not same_version
    begins_anew = restart and (facts.finished or libraries_differ or may_be_read_otherwise)
    if differences or begins_anew or (facts.finished and force):
        _keep_ownership(record, facts, plan)
        folder_files.remove_frames(plan.folder / FRAMES_FOLDER)
        folder_files.remove_losses(plan.folder)
        # The discarded job's outputs lie where this one writes: they must not be adopted.
        _begin(record, plan, parts, weights, adopts=False)


def _begin(record: Journal, plan: Plan, parts: Mapping[str, Any], weights: Weights, *, adopts: bool) -> None:
    facts = Facts(
        parts,
        kind=plan.kind,
        source=_source(plan),
        weights=weights.kind,
        weights_origin=weights.origin,
        version=__version__,
        libraries=library_versions(),
        began_at=time.time(),
        adopts=adopts,
    )
    record.begin(facts)


def _record_inputs(record: Journal, plan: Plan) -> None:
    """Record where the inputs lie now: they may have been moved since the job was begun."""
    facts = _facts(record)
    styles = tuple(tuple(map(path_text.absolute, styles)) for styles in plan.style_sets)
    contents = None
    if not plan.is_of_video:
        contents = {path_text.encoded(item.name): path_text.absolute(item.content) for item in plan.items}
    if (styles, contents) != (facts.styles, facts.contents):
        record.update(styles=styles, contents=contents)


def _facts(record: Journal) -> Facts:
    """The facts of the job that is open.

    Their parts lack a setting that did not exist when the job was begun: so its outputs carry the fingerprint
    of these, and not of the parts of today.
    """
    facts = record.facts()
    assert facts is not None  # recorded when the job was begun
    return facts


def _difference(plan: Plan, facts: Facts, differences: Sequence[str]) -> JobDiffersError:
    if facts.source != _source(plan):
        return JobDiffersError(
            f"{shown(plan.output)}: was made from {shown(facts.source)}; "
            "-o makes another output, --restart discards that one"
        )
    return JobDiffersError(
        f"{shown(plan.output)}: its job was begun differently: {', '.join(differences)}; "
        "--restart discards it and starts over"
    )


def _source(plan: Plan) -> str:
    return os.fsencode(plan.source.resolve()).decode("utf-8", "backslashreplace")


def _give_up_outputs(record: Journal, plan: Plan) -> None:
    """Record what is at the outputs now, so that the job may overwrite it, also when it is resumed."""
    contents = {name: content_of(path) for name, path in plan.named_outputs}
    record.allow_overwriting({name: content for name, content in contents.items() if content})


def _keep_ownership(record: Journal, facts: Facts, plan: Plan) -> None:
    """Record what the discarded job wrote, so that the new one may overwrite it.

    Raises:
        OutputError: the only output is another's.
    """
    written = {entry.name: entry.sha256 for entry in record.entries().values() if entry.sha256}
    allowed = record.overwritable()
    if plan.is_of_video:
        written = ownership.written_of_video(plan, facts.output_sha256, allowed)
    maker = ItemMaker(plan, fingerprint.of_parts(facts.parts))
    for name, path in plan.named_outputs:
        content = None
        try:
            if maker.wrote(Item(name, path, plan.source)):
                content = content_of(path)
            else:
                own = allowed.get(name, set())
                content = replaceable(path, own, written.get(name, ""), facts.output_start)
        except OutputError:
            if plan.one_failure_ends_it:
                raise  # else the item fails by itself
        if content:
            record.allow_overwriting({name: content})
    record.allow_overwriting(written)


def _refuse_existing_outputs(
    plan: Plan, allowed: Mapping[str, Collection[str]] = MappingProxyType({})
) -> None:
    existing = [
        path
        for name, path in plan.named_outputs
        if os.path.lexists(path) and not (name in allowed and content_of(path) in allowed[name])
    ]
    if existing:
        raise not_ours(existing[0], more=len(existing) - 1)


def _existing_outputs(plan: Plan) -> list[Path]:
    return [path for path in plan.outputs if os.path.lexists(path)]


@contextmanager
def _folder_removed_if_no_item_is_done(plan: Plan, record: Journal) -> Iterator[None]:
    """Remove the job's files after an error that came before the first item was done.

    If the output of a discarded job exists, they stay: they show that nstpipe made the output.
    """
    try:
        yield
    except Exception:
        if not _any_done(record) and not _existing_outputs(plan):
            folder_files.remove(plan.folder)
        raise


def _any_done(record: Journal) -> bool:
    return any(entry.state == "done" for entry in record.entries().values())


def _journal(plan: Plan, restart: bool) -> Journal:
    """The job's journal; a damaged one is replaced where the job is to be restarted.

    The new one gets what is still known of the outputs: the hashes in the damaged one, and those of pictures
    that say themselves that nstpipe wrote them, and that no one edited.
    """
    try:
        return Journal(plan.folder)
    except DamagedJournalError:
        if not restart:
            raise
    written = journal_files.salvaged(plan.folder, plan.output.name)
    for item in plan.items:
        content = content_of(item.output) if is_unedited(item) else None
        written |= {item.name: content} if content else {}
    with atomic.writing(plan.folder):
        journal_files.remove(plan.folder)
    record = Journal(plan.folder)
    record.allow_overwriting(written)
    return record


def _sweep(plan: Plan) -> None:
    """Remove the temporary files that a killed process left where this job writes."""
    folders = {plan.output.parent, plan.folder, plan.folder / loss_curves.FOLDER}
    for item in plan.items:
        folders |= {item.output.parent, plan.snapshot_folder(item)}
    for folder in folders:
        if folder.is_dir():
            atomic.sweep(folder)
