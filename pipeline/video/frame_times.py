"""When a clip's frames are shown: the times that PyAV reads, fitted to the frames that OpenCV decodes."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from pipeline.video import rising_times
from pipeline.video.containers import ARBITRARY_START, demuxed, reason

ORDINARY_RATE = Fraction(25)
"""Frames a second of a clip that says nothing about it."""

ORDINARY_TIME_BASE = Fraction(1, 90000)
"""Seconds; MPEG's clock, for a stream that names none."""

SLACK = Fraction(1, 20)
"""Seconds by which a header may promise more than the file holds before that is worth a word."""


@dataclass(frozen=True)
class Clock:
    """What a file says about time, in units of ``time_base`` (seconds).

    Attributes:
        times: of each frame that can be decoded; None where the file tells none.
        step: the usual time from frame to frame.
        last_duration: how long the last frame is shown.
        start: where the container's clock starts, in seconds; 0 but for those that start anywhere.
        missing: seconds that the header promises and the file does not hold.
        damage: what the decoder said of packets that it could not decode.
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
class Fitted:
    """MonotonicTimestamps times for every frame, in ``time_base`` (seconds), from 0 or later on.

    Attributes:
        origin: seconds that were taken off the times as the file has them.
        made_up: whether any time is not the file's own.
    """

    times: tuple[int, ...]
    last_duration: int
    time_base: Fraction
    origin: Fraction
    made_up: bool


def read(container: InputContainer, stream: VideoStream) -> Clock:
    """Decode every frame of ``stream`` for its time; the other streams only say how far the file goes."""
    stream.thread_type = "AUTO"
    start = reached = _start(container)
    times: list[int | None] = []
    damage: list[str] = []
    last_duration = 0
    for packet in demuxed(container, list(container.streams), damage):
        if packet.pts is not None:
            reached = max(reached, (packet.pts + (packet.duration or 0)) * packet.time_base)
        for frame in _decoded(packet, damage) if packet.stream.index == stream.index else ():
            times.append(frame.pts)
            last_duration = frame.duration or 0
    promised = Fraction(container.duration or 0, av.time_base)
    time_base = stream.time_base or ORDINARY_TIME_BASE
    step = rising_times.typical_step(times)
    if step is None:
        step = max(1, round(1 / ((stream.guessed_rate or ORDINARY_RATE) * time_base)))
        # All frames at one time: how long the last is shown was reckoned from that.
        last_duration = last_duration if len(times) == 1 else step
    missing = promised - (reached - start)
    return Clock(times, step, last_duration or step, time_base, start, missing, damage)


def fit(clock: Clock, count: int) -> Fitted:
    """Times for ``count`` frames, which may be more or fewer than the clock has."""
    known = clock.times[:count]
    jump = round(1 / clock.time_base)
    times, factor = rising_times.increasing([*known, *[None] * (count - len(known))], clock.step, jump)
    time_base = clock.time_base / factor
    origin = _origin(times[0], time_base, clock.start)
    ticks = int(origin / time_base)
    made_up = factor != 1 or times != known
    duration = _last_duration(clock, count) * factor
    return Fitted(tuple(time - ticks for time in times), duration, time_base, origin, made_up)


def _last_duration(clock: Clock, count: int) -> int:
    if count == len(clock.times):
        return clock.last_duration
    following = [time for time in clock.times[count - 1 : count + 1] if time is not None]
    shown = following[1] - following[0] if len(following) == 2 else 0
    return shown if shown > 0 else clock.step


def _origin(first: int, time_base: Fraction, start: Fraction) -> Fraction:
    """What to take off every time: a clock's arbitrary start, or a first time below 0, which no MP4 shows."""
    ticks = min(first, start // time_base) if start else min(first, 0)
    return ticks * time_base


def _start(container: InputContainer) -> Fraction:
    if not container.format.flags & ARBITRARY_START:
        return Fraction(0)
    streams = [*container.streams.video, *container.streams.audio]
    starts = [s.start_time * s.time_base for s in streams if s.start_time is not None and s.time_base]
    return min(starts, default=Fraction(0))


def _decoded(packet: "Packet[Any]", damage: list[str]) -> list[av.VideoFrame]:
    """A packet's frames; a damaged one has none."""
    try:
        return [frame for frame in packet.decode() if isinstance(frame, av.VideoFrame)]
    except (av.FFmpegError, ValueError) as error:
        damage.append(reason(error))
        return []
