"""Decide which items are done, which are left to do, and which have another's file at their output."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pipeline.base.messages import shown
from pipeline.errors import InputError, OutputError
from pipeline.jobs.planning.plan import Item
from pipeline.jobs.record import fingerprint
from pipeline.jobs.record.entries import Entry
from pipeline.jobs.record.journal import Journal
from pipeline.jobs.work import ownership
from pipeline.jobs.work.item_maker import ItemMaker


@dataclass
class Decision:
    """The items that are not done.

    Attributes:
        left: those to do, each with the content at its output that it may overwrite; None where nothing is.
        refused: those whose output is another's, each with the error.
    """

    left: dict[Item, str | None] = field(default_factory=dict)
    refused: dict[Item, OutputError] = field(default_factory=dict)


def decide(
    items: Sequence[Item],
    journal: Journal,
    maker: ItemMaker,
    *,
    adopts: bool,
    in_own_folder: bool,
    warn: Callable[[str], None],
) -> Decision:
    """Sort the items. Left are those unknown, failed before, or done but missing or damaged since.

    A file of this very job that the journal does not know (killed between rename and mark) is adopted: the
    journal marks it. A failure that is not among ``items`` any more (its content was removed) is forgotten.

    Args:
        adopts: whether files may be adopted, see :class:`pipeline.jobs.record.entries.Facts`.
        in_own_folder: whether the outputs lie in the job's folder. There a file that differs is damaged;
            elsewhere it is another's, unless the job wrote it.
        warn: called for each item that is done in the journal but missing or damaged.
    """
    entries = journal.entries()
    names = {item.name for item in items}
    for entry in entries.values():
        if entry.state == "failed" and entry.name not in names:
            _forget(journal, entry, None)
    outputs = _Outputs(journal, maker, entries, adopts=adopts, in_own_folder=in_own_folder)
    decision = Decision()
    for item in items:
        try:
            if not outputs.is_done(item):
                decision.left[item] = outputs.replaceable(item)
        except OutputError as error:
            decision.refused[item] = error
    for item, content in decision.left.items():
        if item.name in entries and entries[item.name].state == "done":
            warn(f"{shown(item.output)}: was done, but is missing or damaged; it is made again")
            _forget(journal, entries[item.name], content)
    return decision


def _forget(journal: Journal, entry: Entry, content: str | None) -> None:
    """Forget an item, but not that its files are the job's: it may be interrupted before it is made again.

    Args:
        content: what is at its output now and may be overwritten, beside what the entry names.
    """
    for own in filter(None, (content, entry.sha256)):
        journal.allow_overwriting({entry.name: own})
    journal.forget(entry.name)


class _Outputs:
    """The files at the outputs of a job's items."""

    def __init__(
        self,
        journal: Journal,
        maker: ItemMaker,
        entries: Mapping[str, Entry],
        *,
        adopts: bool,
        in_own_folder: bool,
    ) -> None:
        self._journal, self._maker, self._entries = journal, maker, entries
        self._adopts, self._in_own_folder = adopts, in_own_folder
        self._overwritable = journal.overwritable()

    def is_done(self, item: Item) -> bool:
        """Whether the file is as it was marked, or was adopted now."""
        entry = self._entries.get(item.name)
        if entry is not None and entry.sha256 and _has_content(item, entry.sha256):
            if entry.state == "failed":  # another file lay there for a while
                self._journal.mark(replace(entry, state="done", reason=""))
            return True
        if not self._adopts or (self._in_own_folder and entry is not None and entry.state == "done"):
            return False
        adopted = self._maker.adopted(item, unverified=not self._is_given_up(item))
        if adopted is not None:
            self._journal.mark(adopted)
        return adopted is not None

    def replaceable(self, item: Item) -> str | None:
        """The content that may be overwritten; None where nothing is.

        Raises:
            OutputError: the file is not the job's.
        """
        if self._in_own_folder:
            return None
        if self._maker.wrote(item):
            return ownership.content_of(item.output)
        entry = self._entries.get(item.name)
        allowed = self._overwritable.get(item.name, set())
        return ownership.replaceable(item.output, allowed, entry.sha256 if entry else "")

    def _is_given_up(self, item: Item) -> bool:
        allowed = self._overwritable.get(item.name, set())
        return bool(allowed) and ownership.content_of(item.output) in allowed


def _has_content(item: Item, sha256: str) -> bool:
    try:
        return os.path.isfile(item.output) and fingerprint.of_file(item.output) == sha256
    except InputError:  # it cannot be read
        return False
