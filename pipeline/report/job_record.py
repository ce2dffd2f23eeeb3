"""What a report shows of a job, from its journal and the files around it. No pixels are read."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pipeline.base import path_text
from pipeline.errors import NstpipeError
from pipeline.footage import sources
from pipeline.footage.number_pattern import NumberPattern
from pipeline.footage.picture_sequence import PictureSequence
from pipeline.jobs.planning.plan import BatchPlan, ImagePlan, Item, Plan, VideoPlan
from pipeline.jobs.record import fingerprint, loss_curves, status
from pipeline.jobs.record.entries import Entry, Facts
from pipeline.jobs.record.loss_curves import Row
from pipeline.jobs.record.status import Status
from pipeline.pictures import writing

_SNAPSHOT = re.compile(r"step_(\d+)\.png")


@dataclass(frozen=True)
class Snapshot:
    """A picture that was saved while an item was made."""

    step: int
    path: Path


@dataclass(frozen=True)
class ItemRecord:
    """One item.

    Attributes:
        name: its path inside the job's output, with forward slashes.
        output: the pastiche's file.
        content: the picture that it is made from; None where that is not recorded, and of a frame.
        entry: what the journal says; None of an item that is left.
        losses: see :mod:`pipeline.jobs.record.loss_curves`; () where there are none.
        snapshots: rising by their steps.
    """

    name: str
    output: Path
    content: Path | None = None
    entry: Entry | None = None
    losses: tuple[Row, ...] = ()
    snapshots: tuple[Snapshot, ...] = ()

    @property
    def state(self) -> str:
        """``done``, ``failed``, or ``left`` to do."""
        return self.entry.state if self.entry else "left"


@dataclass(frozen=True)
class JobRecord:
    """One job.

    Attributes:
        plan: the job's plan, as far as it is recorded; without items.
        facts: what the journal holds about the job as a whole.
        status: how many items are done, failed and left.
        items: of pictures all of them, in the order of the plan; of a video the frames that ended, in order.
    """

    plan: Plan
    facts: Facts
    status: Status
    items: tuple[ItemRecord, ...]

    @property
    def output(self) -> Path:
        """The picture, folder or clip that the job makes."""
        return self.plan.output

    def in_state(self, state: str) -> tuple[ItemRecord, ...]:
        """The items that are done, failed or left."""
        return tuple(item for item in self.items if item.state == state)

    @property
    def seconds(self) -> float:
        """The time that the items took together."""
        return sum(item.entry.seconds for item in self.items if item.entry)

    @cached_property
    def has_its_source(self) -> bool:
        """Whether the clip or sequence is still there with the bytes that a video was made from.

        True also where a job has not recorded which these were.
        """
        recorded = self.facts.parts.get("input")
        try:
            found = sources.find(self.plan.source)
            files = found.files if isinstance(found, PictureSequence) else (found,)
            return not recorded or fingerprint.of_files(files) == recorded
        except NstpipeError:
            return False

    @property
    def ended_at(self) -> float | None:
        """Unix time at which the last item ended; None where none has."""
        return max((item.entry.ended_at for item in self.items if item.entry), default=None)


def of(output: Path) -> JobRecord:
    """The record of the job that makes ``output``. Errors as those of :func:`.status.recorded`."""
    found = status.recorded(output)
    facts, entries = found.facts, found.entries
    plan = _plan(found.output, facts)
    items = _frames(plan, facts, entries) if isinstance(plan, VideoPlan) else _pictures(plan, facts, entries)
    return JobRecord(plan, facts, found.status(), tuple(items))


def _plan(output: Path, facts: Facts) -> Plan:
    source = Path(facts.source)
    styles = tuple(tuple(_path(style) for style in styles) for styles in facts.styles or ())
    if facts.kind == "video":
        pattern = NumberPattern.of(output) if writing.can_write(output) else None
        return VideoPlan(source, output, styles, shots=facts.shots, pattern=pattern)
    return (ImagePlan if facts.kind == "image" else BatchPlan)(source, output, styles)


def _path(text: str) -> Path:
    return Path(path_text.decoded(text))


def _pictures(plan: Plan, facts: Facts, entries: Mapping[str, Entry]) -> list[ItemRecord]:
    """The pictures of the plan. A job of an earlier version has recorded only those that ended."""
    contents = {path_text.decoded(name): _path(path) for name, path in (facts.contents or {}).items()}
    names = list(contents) if facts.contents is not None else sorted(entries)
    return [_picture(plan, facts, name, contents.get(name), entries.get(name)) for name in names]


def _picture(plan: Plan, facts: Facts, name: str, content: Path | None, entry: Entry | None) -> ItemRecord:
    output = plan.output if isinstance(plan, ImagePlan) else plan.output / name
    losses = loss_curves.read(loss_curves.path_of(plan.folder, name))
    snapshots = _snapshots(plan.snapshot_folder(Item(name, output, output)), facts.began_at)
    return ItemRecord(name, output, content, entry, losses, snapshots)


def _frames(plan: VideoPlan, facts: Facts, entries: Mapping[str, Entry]) -> list[ItemRecord]:
    """The frames that ended; the first one with its snapshots."""
    items = [item for item in plan.frame_items(facts.total) if item.name in entries]
    records = []
    for number, item in enumerate(items):
        snapshots = () if number else _snapshots(plan.snapshot_folder(item), facts.began_at)
        records.append(ItemRecord(item.name, item.output, entry=entries[item.name], snapshots=snapshots))
    return records


def _snapshots(folder: Path, since: float) -> tuple[Snapshot, ...]:
    """The snapshots in a folder; not those that an earlier job left there."""
    try:
        found = [(match, entry) for entry in os.scandir(folder) if (match := _SNAPSHOT.fullmatch(entry.name))]
        recent = [(match, entry) for match, entry in found if entry.stat().st_mtime >= since]
    except OSError:
        return ()
    return tuple(sorted((Snapshot(int(match[1]), Path(entry.path)) for match, entry in recent), key=_step))


def _step(snapshot: Snapshot) -> int:
    return snapshot.step
