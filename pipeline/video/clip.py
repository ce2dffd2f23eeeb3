"""What a clip is: its frames, as OpenCV decodes them, and their times, as PyAV reads them."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av
import cv2
from av.container import InputContainer

from pipeline.base.arrays import Frame
from pipeline.base.messages import shown
from pipeline.errors import InputError
from pipeline.video import frame_times
from pipeline.video.containers import open_capture, open_container, video_stream
from pipeline.video.frame_times import ORDINARY_RATE, Clock


@dataclass(frozen=True)
class Clip:
    """A clip whose every frame was decoded once.

    Attributes:
        height, width: of its frames, upright.
        frame_times: when each frame is shown, in units of ``time_base`` (seconds); rising, none below 0.
        last_frame_duration: how long the last frame is shown, in the same units.
        origin: seconds that were taken off the times as the file has them; its sound needs the same.
        pixel_aspect: width of a pixel / its height, upright; 1 for nearly every clip.
        sound: its sound tracks in few words, ``aac 5.1``; None without.
        notes: one line each about what was not as it should be.
    """

    path: Path
    height: int
    width: int
    frame_times: tuple[int, ...]
    time_base: Fraction
    last_frame_duration: int
    origin: Fraction = Fraction(0)
    pixel_aspect: Fraction = Fraction(1)
    sound: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        """From the first frame to the end of the last."""
        ticks = self.frame_times[-1] + self.last_frame_duration - self.frame_times[0]
        return float(ticks * self.time_base)


class Guess(NamedTuple):
    """What a clip's header says; none of it is certain."""

    frames: int
    size: tuple[int, int]
    """Height and width, upright."""
    seconds: float


def probe(path: Path) -> Clip:
    """Decode a clip once, for its real frames and their times; its header's count is not believed.

    Raises:
        InputError: the clip is missing, unreadable, cut short before its first frame, or has no pictures.
    """
    with open_container(path) as container:
        stream = video_stream(container, path)
        sound, aspect = _sound(container), stream.sample_aspect_ratio or Fraction(1)
        times = frame_times.read(container, stream)
    count, (height, width), is_turned = _decode(path)
    fitted = frame_times.fit(times, count)
    return Clip(
        path,
        height,
        width,
        fitted.times,
        fitted.time_base,
        fitted.last_duration,
        origin=fitted.origin,
        pixel_aspect=1 / aspect if is_turned else aspect,
        sound=sound,
        notes=tuple(_notes(shown(path), times, count, fitted.made_up)),
    )


def guess(path: Path) -> Guess:
    """What the header says of a clip, without decoding it (but for the first frame's size).

    Raises:
        InputError: the clip is missing, unreadable, or has no pictures.
    """
    with open_container(path) as container:
        stream = video_stream(container, path)
        rate = stream.average_rate or stream.guessed_rate or ORDINARY_RATE
        seconds = float((stream.duration or 0) * (stream.time_base or 0))
        seconds = seconds or (container.duration or 0) / av.time_base
        frames = stream.frames or round(seconds * rate)
    with open_capture(path) as capture:
        size = (round(capture.get(cv2.CAP_PROP_FRAME_HEIGHT)), round(capture.get(cv2.CAP_PROP_FRAME_WIDTH)))
    return Guess(frames, size, seconds or float(frames / rate))


def frames(path: Path, start: int = 0) -> Iterator[Frame]:
    """The frames of a clip from number ``start`` (0 the first) on: uint8 RGB, (height, width, 3), upright.

    Every frame has the first one's size. Those before ``start`` are decoded and let go: seeking lands
    elsewhere in some files.

    Raises:
        InputError: the clip is missing or unreadable.
    """
    with open_container(path) as container:
        video_stream(container, path)
    with open_capture(path) as capture:
        size = (round(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), round(capture.get(cv2.CAP_PROP_FRAME_HEIGHT)))
        for _ in range(start):
            if not capture.grab():
                return
        while True:
            read, frame = capture.read()
            if not read:
                return
            # A stream may change its size half-way.
            if frame.shape[1::-1] != size:
                frame = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
            yield cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)


def _decode(path: Path) -> tuple[int, tuple[int, int], bool]:
    """How many frames OpenCV decodes, their (height, width), whether it laid their sides across."""
    with open_capture(path) as capture:
        read, first = capture.read()
        if not read:
            raise InputError(f"{shown(path)}: none of its frames can be read; copy it anew, or convert it")
        count = 1
        while capture.grab():
            count += 1
        turned = round(capture.get(cv2.CAP_PROP_ORIENTATION_META)) % 180 == 90
    return count, first.shape[:2], turned


def _notes(name: str, times: Clock, count: int, made_up: bool) -> Iterator[str]:
    if times.is_cut_short:
        yield f"{name}: is damaged or cut short; the {count} frames that can be read are used"
    if count != len(times.times):
        yield f"{name}: OpenCV reads {count} frames and PyAV {len(times.times)}; OpenCV's are used"
    if made_up:
        yield f"{name}: some frames have no time, or one out of order; times were made up for them"


def _sound(container: InputContainer) -> str | None:
    tracks = [
        f"{stream.codec_context.codec.canonical_name} {stream.codec_context.layout.name}"
        for stream in container.streams.audio
        if stream.codec_context is not None
    ]
    return ", ".join(tracks) or None
