"""Frame times that a muxer accepts: whole numbers that rise. Pure functions, no files."""

import statistics
from collections.abc import Sequence
from itertools import pairwise

FINEST = 1000
"""How many times finer a time unit may become; times that would need more are not worth keeping."""

Anchor = tuple[int, int]
"""Number of a frame and its time."""


def typical_step(times: Sequence[int | None]) -> int | None:
    """The median step between one frame and the next; None where no step goes forward."""
    stored = [time for time in times if time is not None]
    steps = [later - sooner for sooner, later in pairwise(stored) if later > sooner]
    return statistics.median_low(steps) if steps else None


def increasing(times: Sequence[int | None], step: int, jump: int) -> tuple[list[int], int]:
    """Strictly rising times for the same frames, and how many times finer their unit is.

    Times that rise are kept (times the factor). Frames without a time, or with one that is not later than the
    frame before, are spread evenly up to the next frame with a usable time; after the last such frame they
    follow ``step`` apart. A fall by more than ``jump`` is a clock reset: the frame follows ``step`` after the
    one before.
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
    """The frames whose times are usable; always the first."""
    first = next(((number, time) for number, time in enumerate(times) if time is not None), (0, 0))
    anchors = [(0, first[1] - step * first[0])]
    offset = 0
    for number, time in enumerate(times):
        if time is None:
            continue
        last_number, last_time = anchors[-1]
        if time + offset < last_time - jump:
            offset = last_time + step * (number - last_number) - time
        if time + offset > last_time:
            anchors.append((number, time + offset))
    return anchors


class MonotonicTimestamps:
    """Makes the times of one stream's packets rise, packet by packet.

    Attributes:
        repairs: how many times were missing or had to be changed.
    """

    def __init__(self, jump: int) -> None:
        """``jump``: a backward jump larger than this is a clock reset; an offset is added from there on."""
        self.jump = jump
        self.repairs = 0
        self._offset = 0
        self._last: int | None = None
        self._next = 0  # where the last packet ends

    def __call__(self, time: int | None, duration: int) -> int:
        """The time for a packet whose stored time is ``time``."""
        rising = self._next if time is None else time + self._offset
        if self._last is not None and rising <= self._last:
            rising = self._repair(rising, self._last)
        elif time is None:
            self.repairs += 1
        self._last, self._next = rising, rising + max(1, duration)
        return rising

    def _repair(self, time: int, last: int) -> int:
        """A time after ``last`` for a packet at ``time``, which is not."""
        self.repairs += 1
        if time >= last - self.jump:
            return last + 1
        self._offset += self._next - time
        return self._next
