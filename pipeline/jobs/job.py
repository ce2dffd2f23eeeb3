"""A job's items: which are left, and what became of each, marked once it is written."""

import logging
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pipeline.base.messages import shown
from pipeline.errors import DiskFullError, NstpipeError, SettingsError, StoppedError, WeightsError
from pipeline.jobs import fingerprint
from pipeline.jobs.item_maker import Maker
from pipeline.jobs.journal import Entry, Journal
from pipeline.jobs.observer import Observer
from pipeline.jobs.plan import Item, Plan

LOG = logging.getLogger("nstpipe")
"""Goes to the job's log.txt."""

ENDS_THE_JOB = (StoppedError, DiskFullError, SettingsError, WeightsError)
"""Errors that no other item would fare better with."""


class Job:
    """An open job, see :mod:`pipeline.jobs.job_folder`. The journal is its only truth about progress."""

    def __init__(self, plan: Plan, journal: Journal, parts: Mapping[str, Any], observer: Observer) -> None:
        self.plan = plan
        self.observer = observer
        self.maker = Maker(plan, fingerprint.fingerprint(parts))
        self.made = 0
        """Items stylised by this run."""
        self._journal = journal

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
            adopted = self.maker.adopted(item) if adopts else None
            if adopted is not None:
                self._journal.mark(adopted)
            return adopted is not None
        if os.path.isfile(item.output) and fingerprint.of_file(item.output) == entry.sha256:
            return True
        self.observer.warn(f"{shown(item.output)}: was finished, but is missing or damaged; it is done again")
        self._journal.forget(item.name)
        return False

    def began(self, item: Item) -> None:
        """Note that an item is being stylised."""
        LOG.info("stylising %s", shown(item.name))
        self.observer.item_began(item)

    def done(self, entry: Entry) -> None:
        """Mark an item that was written."""
        self._journal.mark(entry)
        LOG.info("done %s: loss %.6g after %d steps", shown(entry.name), entry.loss, entry.steps)
        self.made += 1
        self.observer.item_ended(entry)

    def fail(self, item: Item, error: Exception) -> Entry:
        """Record that an item failed, and why."""
        reason = str(error) if isinstance(error, NstpipeError) else f"{type(error).__name__}: {error}"
        entry = Entry(item.name, "failed", reason=" ".join(reason.split()))
        self._journal.mark(entry)
        LOG.error("failed %s: %s", shown(item.name), entry.reason, exc_info=error)
        return entry
