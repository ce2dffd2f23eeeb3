"""The times that items are expected to take, in the journal; and the time that is left by them."""

from collections.abc import Iterable, Mapping

from pipeline.base import path_text
from pipeline.jobs.planning.item_times import FIRST, FOLLOWING, PICTURE, ItemTime
from pipeline.jobs.planning.plan import VideoPlan, frame_name
from pipeline.jobs.planning.time_left import TimeLeft
from pipeline.jobs.record.entries import Entry, Facts


def recorded(times: Mapping[str, ItemTime]) -> dict[str, float]:
    """What :attr:`Facts.expected` says of these items.

    Frames of one kind take the same but for the first ones, so a number for each kind is enough.
    """
    expected: dict[str, float] = {}
    for name, time in times.items():
        key, seconds = _key(name, time.kind), time.seconds - time.loading
        expected[key] = min(seconds, expected.get(key, seconds))
    return expected


def of_ended(facts: Facts, entries: Iterable[str]) -> dict[str, float]:
    """What is recorded of the items that have an entry; the others may have been removed since."""
    ended = {FIRST, FOLLOWING} if _is_of_clip(facts) else set(map(path_text.encoded, entries))
    return {key: seconds for key, seconds in (facts.expected or {}).items() if key in ended}


def seconds_left(facts: Facts, entries: Mapping[str, Entry]) -> float | None:
    """The seconds that a job still takes with as many workers as before; None while nothing tells.

    Args:
        entries: of its items that ended, by name.
    """
    left = TimeLeft(facts.total, _times(facts), facts.workers)
    for name, entry in entries.items():
        left.ended_before(name, entry.seconds if entry.state == "done" else None)
    return left.seconds(0.0)


def _key(name: str, kind: str) -> str:
    return path_text.encoded(name) if kind == PICTURE else kind


def _is_of_clip(facts: Facts) -> bool:
    return facts.kind == VideoPlan.kind


def _times(facts: Facts) -> dict[str, ItemTime]:
    """What is expected of the items by their names; none where nothing is recorded."""
    expected = facts.expected or {}
    if not _is_of_clip(facts):
        return {path_text.decoded(name): ItemTime(PICTURE, (), each) for name, each in expected.items()}
    firsts = set(facts.shots or (0,))
    kinds = [FIRST if index in firsts else FOLLOWING for index in range(facts.total if expected else 0)]
    of_kind = {kind: ItemTime(kind, (), each) for kind, each in expected.items()}
    return {frame_name(index): of_kind[kind] for index, kind in enumerate(kinds) if kind in of_kind}
