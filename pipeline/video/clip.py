"""A clip's frames, decoded by OpenCV, and their times, read by PyAV."""

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
from pipeline.video.frame_times import ORDINARY_RATE, StoredTimes


@dataclass(frozen=True)
class Clip:
    """What decoding a clip once has shown.

    Attributes:
        height, width: of its frames, upright.
        frame_times: when each frame is shown, in units of ``time_base`` (seconds); rising, none below 0.
        last_frame_duration: how long the last frame is shown, in the same units.
        origin: seconds that were taken off the times in the file; its sound needs the same.
        pixel_aspect: width of a pixel / its height, upright; 1 for nearly every clip.
        sound: its sound tracks, ``aac 5.1``; None without.
        notes: one line for each fault of the file.
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
    """What a clip's header says; any of it may be wrong."""

    frames: int
    size: tuple[int, int]
    """Height and width, upright."""
    seconds: float


def probe(path: Path) -> Clip:
    """Decode a clip once, for its real number of frames and their times; its header may be wrong.

    Raises:
        InputError: the clip is missing, unreadable, cut short before its first frame, or has no video.
    """
    with open_container(path) as container:
        stream = video_stream(container, path)
        sound, aspect = _sound(container), stream.sample_aspect_ratio or Fraction(1)
        stored = frame_times.read(container, stream)
    count, (height, width), swaps_sides = _decode(path)
    fitted = frame_times.fit(stored, count)
    return Clip(
        path,
        height,
        width,
        fitted.times,
        fitted.time_base,
        fitted.last_duration,
        origin=fitted.origin,
        pixel_aspect=1 / aspect if swaps_sides else aspect,
        sound=sound,
        notes=tuple(_notes(shown(path), stored, count, fitted.are_estimated)),
    )


def guess(path: Path) -> Guess:
    """What a clip's header says; only its first frame is decoded, for its size.

    Raises:
        InputError: the clip is missing, unreadable, or has no video.
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
    """The frames of a clip from number ``start`` (0 is the first): uint8 RGB, (height, width, 3), upright.

    All frames have one size: where a stream changes its size half-way, OpenCV scales. Frames before ``start``
    are decoded and dropped: seeking ends at another frame in some files.

    Raises:
        InputError: the clip is missing or unreadable.
    """
    with open_container(path) as container:
        video_stream(container, path)
    with open_capture(path) as capture:
        for _ in range(start):
            if not capture.grab():
                return
        while True:
            read, frame = capture.read()
            if not read:
                return
            yield cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)


def _decode(path: Path) -> tuple[int, tuple[int, int], bool]:
    """The number of frames, their (height, width), whether the rotation tag swaps width and height."""
    with open_capture(path) as capture:
        read, first = capture.read()
        if not read:
            raise InputError(f"{shown(path)}: none of its frames can be read; copy it again, or convert it")
        count = 1
        while capture.grab():
            count += 1
        swaps_sides = round(capture.get(cv2.CAP_PROP_ORIENTATION_META)) % 180 == 90
    return count, first.shape[:2], swaps_sides


def _notes(name: str, stored: StoredTimes, count: int, are_estimated: bool) -> Iterator[str]:
    if stored.is_cut_short:
        yield f"{name}: is damaged or cut short; the {count} frames that can be read are used"
    if count != len(stored.times):
        yield f"{name}: OpenCV reads {count} frames and PyAV {len(stored.times)}; OpenCV's are used"
    if are_estimated:
        yield f"{name}: some frames have no time, or one out of order; their times are estimated"


def _sound(container: InputContainer) -> str | None:
    tracks = [
        f"{stream.codec_context.codec.canonical_name} {stream.codec_context.layout.name}"
        for stream in container.streams.audio
        if stream.codec_context is not None
    ]
    return ", ".join(tracks) or None
