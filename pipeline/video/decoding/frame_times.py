"""When a clip's frames are shown: the times that PyAV reads, fitted to the frames that can be decoded."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from pipeline.video.decoding import rising_times
from pipeline.video.decoding.containers import ARBITRARY_START, decoded, demuxed

ORDINARY_RATE = Fraction(25)
"""Frames a second of a clip whose file gives no rate."""

ORDINARY_TIME_BASE = Fraction(1, 90000)
"""Seconds; MPEG's clock, for a stream that gives none."""

SLACK = Fraction(1, 20)
"""Seconds by which the header's duration may exceed what the file holds; above, the clip is cut short."""


@dataclass(frozen=True)
class StoredTimes:
    """The times in a clip's file, in units of ``time_base`` (seconds).

    Attributes:
        times: of each frame that can be decoded; None where the file gives none.
        step: the usual time from frame to frame.
        last_duration: how long the last frame is shown.
        start: where the container's clock starts, in seconds; 0 but for containers that start anywhere.
        missing: seconds by which the header's duration exceeds what the file holds.
        damage: the decoder's messages about packets that it could not decode.
    """

    times: list[int | None]
    step: int
    last_duration: int
    time_base: Fraction
    start: Fraction
    missing: Fraction
    damage: list[str]

    @property
    def is_cut_short(self) -> bool:
        return bool(self.damage) or self.missing > SLACK


@dataclass(frozen=True)
class FrameTimes:
    """Rising times for every frame, in ``time_base`` (seconds), none below 0.

    Attributes:
        last_duration: how long the last frame is shown.
        origin: seconds that were taken off the times in the file.
        are_estimated: whether any time is not the file's own.
    """

    times: tuple[int, ...]
    last_duration: int
    time_base: Fraction
    origin: Fraction
    are_estimated: bool


def read(container: InputContainer, stream: VideoStream, see: Callable[[av.VideoFrame], None]) -> StoredTimes:
    """Decode every frame of ``stream`` for its time; the other streams only show how far the file goes.

    Args:
        see: called with every frame.
    """
    stream.thread_type = "AUTO"
    start = end = _start(container)
    times: list[int | None] = []
    damage: list[str] = []
    last_duration, has_durations = 0, True
    for packet in demuxed(container, list(container.streams), damage):
        if packet.pts is not None:
            end = max(end, (packet.pts + (packet.duration or 0)) * packet.time_base)
        if packet.stream.index != stream.index:
            continue
        has_durations &= bool(packet.duration) or not packet.size
        for frame in decoded(packet, damage):
            see(frame)
            times.append(frame.pts)
            last_duration = frame.duration or 0
    header_duration = Fraction(container.duration or 0, av.time_base)
    time_base = stream.time_base or ORDINARY_TIME_BASE
    step = rising_times.typical_step(times)
    if step is None:
        step = max(1, round(1 / ((stream.guessed_rate or ORDINARY_RATE) * time_base)))
        # All frames have one time: the stored duration of the last was computed from that.
        last_duration = last_duration if len(times) == 1 else step
    if not has_durations:  # FLV, WMV
        end = max(end, _end_of_last_step(times, step) * time_base)
    missing = header_duration - (end - start)
    return StoredTimes(times, step, last_duration or step, time_base, start, missing, damage)


def fit(stored: StoredTimes, count: int) -> FrameTimes:
    """Times for ``count`` frames, which may be more or fewer than the file has times for."""
    usable = stored.times[:count]
    jump = round(1 / stored.time_base)
    times, factor = rising_times.increasing([*usable, *[None] * (count - len(usable))], stored.step, jump)
    time_base = stored.time_base / factor
    origin = _origin(times[0], time_base, stored.start)
    ticks = int(origin / time_base)
    are_estimated = factor != 1 or times != usable
    duration = _last_duration(stored, count) * factor
    return FrameTimes(tuple(time - ticks for time in times), duration, time_base, origin, are_estimated)


def _last_duration(stored: StoredTimes, count: int) -> int:
    if count == len(stored.times):
        return stored.last_duration
    last_and_next = [time for time in stored.times[count - 1 : count + 1] if time is not None]
    duration = last_and_next[1] - last_and_next[0] if len(last_and_next) == 2 else 0
    return duration if duration > 0 else stored.step


def _origin(first: int, time_base: Fraction, start: Fraction) -> Fraction:
    """Seconds to take off every time: an arbitrary start, or a first time below 0, which no MP4 can show."""
    ticks = min(first, start // time_base) if start else min(first, 0)
    return ticks * time_base


def _end_of_last_step(times: list[int | None], step: int) -> int:
    """When the last frame ends if it is shown as long as any other, or for ``step`` where that is longer."""
    stored = sorted(time for time in times if time is not None)
    steps = [later - sooner for sooner, later in pairwise(stored)]
    return stored[-1] + max([step, *steps]) if stored else 0


def _start(container: InputContainer) -> Fraction:
    if not container.format.flags & ARBITRARY_START:
        return Fraction(0)
    streams = [*container.streams.video, *container.streams.audio]
    starts = [s.start_time * s.time_base for s in streams if s.start_time is not None and s.time_base]
    return min(starts, default=Fraction(0))
