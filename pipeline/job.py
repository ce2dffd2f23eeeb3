"""A job's items: which are left, how one is made, written and then marked."""

import json
import logging
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline import atomic, identity, images
from pipeline.arrays import FloatArray
from pipeline.errors import DiskFullError, NstpipeError, SettingsError, StoppedError, WeightsError
from pipeline.images import Picture
from pipeline.journal import Entry, Journal
from pipeline.naming import shown
from pipeline.observer import Observer
from pipeline.plan import Item, Plan
from pipeline.snapshots import Snapshots

if TYPE_CHECKING:
    from pipeline.stylizer import Pastiche, StepInfo, Stylizer

LOG = logging.getLogger("nstpipe")
"""Goes to the job's log.txt."""

TAG = "nstpipe"
"""Key of the PNG text that lets an output be adopted which the journal does not know."""

ENDS_THE_JOB = (StoppedError, DiskFullError, SettingsError, WeightsError)
"""Errors that no other item would fare better with."""


class Job:
    """An open job, made by :func:`pipeline.opening.opened`. The journal is its only truth about progress."""

    def __init__(self, plan: Plan, journal: Journal, parts: Mapping[str, Any], observer: Observer) -> None:
        self.plan = plan
        self.observer = observer
        self.made = 0
        """Items stylised by this run."""
        self._journal = journal
        self._fingerprint = identity.fingerprint(parts)

    def entries(self) -> dict[str, Entry]:
        """Every item that ended, by name."""
        return self._journal.entries()

    def entry(self, item: Item) -> Entry | None:
        """What is known of one item, if it ended."""
        return self._journal.entry(item.name)

    def forget(self, items: Iterable[Item]) -> None:
        """Forget items, so that they are done again."""
        for item in items:
            self._journal.forget(item.name)

    def facts(self) -> dict[str, Any]:
        """What the journal holds about the job as a whole."""
        return self._journal.facts()

    def record(self, **facts: Any) -> None:
        """Record facts about the job as a whole."""
        self._journal.record(facts)

    def left(self, items: Sequence[Item]) -> list[Item]:
        """The items still to do: unknown, failed before, or done but missing or damaged since.

        A file of this very job that the journal does not know (killed between rename and mark) is adopted;
        a failure that is not among ``items`` any more (its content was taken away) is forgotten.
        """
        entries = self.entries()
        names = {item.name for item in items}
        for entry in entries.values():
            if entry.state == "failed" and entry.name not in names:
                self._journal.forget(entry.name)
        adopts = bool(self.facts().get("adopts"))
        missing = [item for item in items if not self._is_done(item, entries.get(item.name), adopts)]
        self.record(total=len(items), finished=False)
        self.observer.began(len(items), len(items) - len(missing))
        return missing

    def _is_done(self, item: Item, entry: Entry | None, adopts: bool) -> bool:
        if entry is None or entry.state == "failed":
            return adopts and self._adopt(item)
        if os.path.isfile(item.output) and identity.of_file(item.output) == entry.sha256:
            return True
        self.observer.warn(f"{shown(item.output)}: was finished, but is missing or damaged; it is done again")
        self._journal.forget(item.name)
        return False

    def _adopt(self, item: Item) -> bool:
        """Mark an output that is whole and that this job made of the very content that is there now."""
        try:
            tag = json.loads(images.read_tags(item.output).get(TAG, "{}"))
            ours = (tag.pop("job"), tag.pop("item")) == (self._fingerprint, _hexadecimal(item.name))
            if not ours or (tag["content"] and tag["content"] != identity.of_file(item.content)):
                return False
            images.read(item.output)  # whole, or it raises
            entry = Entry(item.name, "done", sha256=identity.of_file(item.output), **tag)
        except (NstpipeError, OSError, ValueError, AttributeError, KeyError, TypeError):
            return False
        self._journal.mark(entry)
        return True

    def make(
        self,
        item: Item,
        stylizer: "Stylizer",
        content: Picture,
        content_identity: str = "",
        *,
        init: FloatArray | None = None,
        smoothing_count: int = 0,
    ) -> Entry:
        """Stylise, write, mark.

        Args:
            content: what is stylised, at its final size.
            content_identity: of the content's bytes, where an item has a file of its own.
            init: the previous pastiche (H, W, 3), where there is one.
            smoothing_count: the shot's running count of steps before this item.
        """
        began = time.monotonic()
        LOG.info("stylising %s", shown(item.name))
        with Snapshots(self._snapshot_folder(item), stylizer.settings.snapshot_every) as snapshots:

            def on_step(info: "StepInfo") -> None:
                snapshots.take(info)
                self.observer.step(info)

            pastiche = stylizer.stylize(
                content.pixels, init, smoothing_count=smoothing_count, on_step=on_step
            )
        return self._keep(item, pastiche, content, content_identity, time.monotonic() - began)

    def _snapshot_folder(self, item: Item) -> Path:
        """``a_snapshots/`` beside ``a.png``; of a frame a folder in its clip's, where people look."""
        output = self.plan.output if self.plan.kind == "video" else item.output
        folder = output.with_name(f"{output.stem}_snapshots")
        return folder / item.output.stem if self.plan.kind == "video" else folder

    def _keep(
        self, item: Item, pastiche: "Pastiche", content: Picture, content_identity: str, seconds: float
    ) -> Entry:
        facts: dict[str, Any] = {
            "content": content_identity,
            "steps": pastiche.steps,
            "smoothing_count": pastiche.smoothing_count,
            "loss": pastiche.losses["total"],
        }
        tag = {"job": self._fingerprint, "item": _hexadecimal(item.name), **facts}
        with atomic.writing(item.output):
            item.output.parent.mkdir(parents=True, exist_ok=True)
        images.write(item.output, pastiche.pixels, content.alpha, {TAG: json.dumps(tag)})
        entry = Entry(item.name, "done", sha256=identity.of_file(item.output), seconds=seconds, **facts)
        self._journal.mark(entry)
        LOG.info("done %s: loss %.6g after %d steps", shown(item.name), entry.loss, entry.steps)
        self.made += 1
        self.observer.item_ended(entry)
        return entry

    def fail(self, item: Item, error: Exception) -> Entry:
        """Record that an item failed, and why."""
        reason = str(error) if isinstance(error, NstpipeError) else f"{type(error).__name__}: {error}"
        entry = Entry(item.name, "failed", reason=" ".join(reason.split()))
        self._journal.mark(entry)
        LOG.error("failed %s: %s", shown(item.name), entry.reason, exc_info=error)
        return entry


def _hexadecimal(name: str) -> str:
    """A name of any bytes, in letters that PNG text can hold."""
    return os.fsencode(name).hex()
