"""Frame times that a muxer takes: whole numbers that rise. Pure, no files."""

import statistics
from collections.abc import Sequence
from itertools import pairwise

FINEST = 1000
"""How many times finer a unit may become; a clip that would need more has no clock worth keeping."""

Anchor = tuple[int, int]
"""Number of a frame and its time."""


def typical_step(times: Sequence[int | None]) -> int | None:
    """The median step between one frame and the next; None where none goes forward."""
    known = [time for time in times if time is not None]
    steps = [later - sooner for sooner, later in pairwise(known) if later > sooner]
    return statistics.median_low(steps) if steps else None


def increasing(times: Sequence[int | None], step: int, jump: int) -> tuple[list[int], int]:
    """Strictly rising times for the same frames, and how many times finer their unit is.

    Times that rise stay what they are (times the factor). Frames whose time is unknown, or not after the one
    before, are spread evenly up to the next that is, or a ``step`` apart after the last. A clock that falls
    back by more than ``jump`` was set anew there: it goes on a ``step`` after what came before.
    """
    if not times:
        return [], 1
    anchors = _anchors(times, step, jump)
    spans = list(pairwise(anchors))
    factor = max((-(-(j - i) // (b - a)) for (i, a), (j, b) in spans), default=1)
    if factor > FINEST:
        return [anchors[0][1] + step * number for number in range(len(times))], 1
    filled: list[int] = []
    for (i, a), (j, b) in spans:
        filled += [a * factor + (b - a) * factor * k // (j - i) for k in range(j - i)]
    last, time = anchors[-1]
    filled += [(time + step * k) * factor for k in range(len(times) - last)]
    return filled, factor


def _anchors(times: Sequence[int | None], step: int, jump: int) -> list[Anchor]:
    """The frames whose times can stand; always the first."""
    first = next(((number, time) for number, time in enumerate(times) if time is not None), (0, 0))
    anchors = [(0, first[1] - step * first[0])]
    set_back = 0
    for number, time in enumerate(times):
        if time is None:
            continue
        before, reached = anchors[-1]
        if time + set_back < reached - jump:
            set_back = reached + step * (number - before) - time
        if time + set_back > reached:
            anchors.append((number, time + set_back))
    return anchors


class MonotonicTimestamps:
    """Makes the times of one stream's packets rise as they come by; counts those that it had to move."""

    def __init__(self, jump: int) -> None:
        """``jump``: a fall of more than this is a clock set anew, not a slip."""
        self.jump = jump
        self.repairs = 0
        self._set_back = 0
        self._last: int | None = None
        self._due = 0

    def __call__(self, time: int | None, length: int) -> int:
        """The time for a packet that says ``time`` and lasts ``length``."""
        placed = self._due if time is None else time + self._set_back
        if self._last is not None and placed <= self._last:
            placed = self._placed_anew(placed)
        elif time is None:
            self.repairs += 1
        self._last, self._due = placed, placed + max(1, length)
        return placed

    def _placed_anew(self, time: int) -> int:
        assert self._last is not None
        self.repairs += 1
        if time >= self._last - self.jump:
            return self._last + 1
        self._set_back += self._due - time
        return self._due
