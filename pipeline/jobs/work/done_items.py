"""Decide which items are done and which are left to do."""

import os
from collections.abc import Callable, Sequence

from pipeline.base.messages import shown
from pipeline.jobs.planning.plan import Item
from pipeline.jobs.record import fingerprint
from pipeline.jobs.record.entries import Entry
from pipeline.jobs.record.journal import Journal
from pipeline.jobs.work.item_maker import ItemMaker


def items_left(
    items: Sequence[Item],
    journal: Journal,
    maker: ItemMaker,
    *,
    adopts: bool,
    warn: Callable[[str], None],
) -> list[Item]:
    """The items still to do: unknown, failed before, or done but missing or damaged since.

    A file of this very job that the journal does not know (killed between rename and mark) is adopted: the
    journal marks it. A failure that is not among ``items`` any more (its content was removed) is forgotten.

    Args:
        adopts: whether files may be adopted, see :class:`pipeline.jobs.record.entries.Facts`.
        warn: called for each item that is done in the journal but missing or damaged.
    """
    entries = journal.entries()
    names = {item.name for item in items}
    for entry in entries.values():
        if entry.state == "failed" and entry.name not in names:
            journal.forget(entry.name)
    return [
        item for item in items if not _is_done(item, entries.get(item.name), journal, maker, adopts, warn)
    ]


def _is_done(
    item: Item,
    entry: Entry | None,
    journal: Journal,
    maker: ItemMaker,
    adopts: bool,
    warn: Callable[[str], None],
) -> bool:
    if entry is None or entry.state == "failed":
        return adopts and _is_adopted(item, journal, maker)
    if _is_intact(item, entry):
        return True
    warn(f"{shown(item.output)}: was done, but is missing or damaged; it is made again")
    journal.forget(item.name)
    return False


def _is_intact(item: Item, entry: Entry) -> bool:
    """Whether the output has the bytes that were marked."""
    return os.path.isfile(item.output) and fingerprint.of_file(item.output) == entry.sha256


def _is_adopted(item: Item, journal: Journal, maker: ItemMaker) -> bool:
    """Mark an output that this job wrote and did not mark; whether there is one."""
    entry = maker.adopted(item)
    if entry is None:
        return False
    journal.mark(entry)
    return True
