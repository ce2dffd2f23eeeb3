"""How long a job still takes: what is expected of the items left, corrected by what the others took.

The expected times of the items of one kind (pictures, first frames, following frames) are multiplied by one
factor: what those that ended took, over what was expected of them. Where workers make several at once, each
takes so much longer. The first item of each worker, which waits until libraries are loaded, counts only where
no other has ended. The progress of a run and the status of a job both estimate so.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.core.style_transfer import StepInfo
from pipeline.jobs.planning.item_times import FAILS, UNKNOWN, ItemTime


@dataclass
class _Active:
    """An item that began and has not ended.

    Attributes:
        since: when it began, or when its first step ended if what came before is not counted.
        before: the share of it that was done then, 0 to 1.
        done: the share that is done; None where no steps are reported.
    """

    expected: ItemTime
    since: float
    before: float = 0.0
    done: float | None = None

    def counted(self, until: float) -> float:
        """Expected seconds from ``since`` until the share ``until`` is done."""
        return self.expected.seconds * (until - self.before)


@dataclass
class _Sums:
    """Of the items of a kind.

    Attributes:
        left: expected seconds of those that have not ended.
        ended: seconds that those which ended took, and that were expected of them.
        starts: the same of those for which a worker was started.
    """

    left: float = 0.0
    ended: tuple[float, float] = (0.0, 0.0)
    starts: tuple[float, float] = (0.0, 0.0)

    def add(self, took: float, expected: float, *, starts_a_worker: bool) -> None:
        """Count an item that ended."""
        if starts_a_worker:
            self.starts = self.starts[0] + took, self.starts[1] + expected
        else:
            self.ended = self.ended[0] + took, self.ended[1] + expected


class TimeLeft:
    """Follows the items of a job that are left when it begins. All times are of one clock, in seconds."""

    def __init__(self, count: int, times: Mapping[str, ItemTime], at_once: int = 1) -> None:
        """Expect ``times`` of the items, by name; without any, as much of each of ``count`` items.

        Args:
            at_once: items that are made at once, at least.
        """
        self._times = times
        self._kinds: defaultdict[str, _Sums] = defaultdict(_Sums)
        for time in times.values() or [UNKNOWN] * count:
            self._kinds[time.kind].left += time.seconds
        self.whole = sum(sums.left for sums in self._kinds.values())
        """Expected seconds of all items."""
        self.mean = self.whole / (len(times) or count or 1)
        """Expected seconds of an item, on average."""
        self._active: dict[str, _Active] = {}
        self._at_once = at_once

    def began(self, name: str, now: float) -> None:
        """An item began."""
        self._active[name] = _Active(self._expected(name), now)
        self._at_once = max(self._at_once, len(self._active))

    def stepped(self, name: str, info: StepInfo) -> None:
        """A step of the item ended."""
        if name in self._active:
            active = self._active[name]
            active.done = active.expected.share_done(info)

    def counts_from(self, now: float) -> None:
        """Count no time before ``now``, for the items that are being made."""
        for active in self._active.values():
            active.since, active.before = now, active.done or 0.0

    def ended(self, name: str, now: float, *, failed: bool = False) -> None:
        """An item ended; the time of one that failed says nothing about others."""
        active = self._active.pop(name, None)
        sums = self._left_out(name)
        if active is not None and not failed:
            starts = active.expected.starts_a_worker
            sums.add(now - active.since, active.counted(1.0), starts_a_worker=starts)

    def ended_before(self, name: str, seconds: float | None) -> None:
        """An item took so many seconds, by a record; None: it failed."""
        sums, expected = self._left_out(name), self._expected(name).seconds
        if seconds is not None and expected > 0:
            sums.add(seconds, expected, starts_a_worker=False)

    def _left_out(self, name: str) -> _Sums:
        """Take an item from those that are left; the sums of its kind."""
        expected = self._expected(name)
        sums = self._kinds[expected.kind]
        sums.left = max(0.0, sums.left - expected.seconds)
        return sums

    @property
    def done(self) -> float:
        """Expected seconds of what is done: items, and the steps of others."""
        left = sum(sums.left for sums in self._kinds.values())
        return (
            self.whole
            - left
            + sum(item.expected.seconds * (item.done or 0) for item in self._active.values())
        )

    def seconds(self, now: float) -> float | None:
        """Seconds that are left; None while nothing tells how long an item takes."""
        left = 0.0
        for kind, sums in self._kinds.items():
            if sums.left <= 0:
                continue
            factor = self._factor(kind, now)
            if factor is None:
                return None
            left += factor * sums.left - self._spent(kind, factor, now)
        return max(0.0, left) / self._at_once

    def _factor(self, kind: str, now: float) -> float | None:
        """What an item of the kind takes, over what is expected of it: from its own kind, or from all."""
        own, kinds = self._kinds[kind], list(self._kinds.values())
        for pairs in (
            [own.ended],
            [each.ended for each in kinds],
            [own.starts],
            [each.starts for each in kinds],
        ):
            took, expected = (sum(column) for column in zip(*pairs, strict=True))
            if expected > 0:
                return took / expected
        stepping = [item for item in self._active.values() if (item.done or 0) > item.before]
        expected = sum(item.counted(item.done or 0) for item in stepping)
        return sum(now - item.since for item in stepping) / expected if expected > 0 else None

    def _spent(self, kind: str, factor: float, now: float) -> float:
        """Of the time of the kind's items that have not ended: what has passed."""
        spent = 0.0
        for item in self._active.values():
            if item.expected.kind == kind:
                whole = factor * item.expected.seconds
                spent += min(whole, now - item.since) if item.done is None else whole * item.done
        return spent

    def _expected(self, name: str) -> ItemTime:
        return self._times.get(name, FAILS) if self._times else UNKNOWN
