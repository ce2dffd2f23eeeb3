"""A clip's frames, decoded by OpenCV or PyAV, and their times, read by PyAV."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from pipeline.base.arrays import Frame, Size
from pipeline.base.isolated_child import emit
from pipeline.base.messages import shown
from pipeline.errors import InputError
from pipeline.video import isolation
from pipeline.video.decoding import frame_times, opencv_frames, pyav_frames
from pipeline.video.decoding.channels import layout_of, native_name
from pipeline.video.decoding.comparison import SampledFrames, by_opencv, orientation_of
from pipeline.video.decoding.containers import open_container, video_stream
from pipeline.video.decoding.frame_times import ORDINARY_RATE, StoredTimes
from pipeline.video.decoding.reading import Reading
from pipeline.video.decoding.small_frames import SmallFrames


@dataclass(frozen=True)
class Clip:
    """What decoding a clip once has shown.

    Attributes:
        height, width: of its frames, upright.
        frame_times: when each frame is shown, in units of ``time_base`` (seconds); rising, none below 0.
        last_frame_duration: how long the last frame is shown, in the same units.
        reading: how its frames are decoded.
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
    reading: Reading
    origin: Fraction = Fraction(0)
    pixel_aspect: Fraction = Fraction(1)
    sound: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        """From the first frame to the end of the last."""
        ticks = self.frame_times[-1] + self.last_frame_duration - self.frame_times[0]
        return float(ticks * self.time_base)


HIGHEST_RATE = 10_000
"""Frames a second; what exceeds them is a clock, such as the 60,000 of raw DV."""


class Guess(NamedTuple):
    """What a clip's header says; any of it may be wrong."""

    frames: int
    """0 where it does not say how long the clip is."""
    size: tuple[int, int]
    """Height and width, upright."""
    seconds: float


def probe(path: Path) -> Clip:
    """Decode a clip once, for its real number of frames and their times; its header may be wrong.

    Raises:
        InputError: the clip is missing, unreadable, cut short before its first frame, or has no video.
        TooLargeError: decoding needs more memory than is free.
    """
    return isolation.call(path, _probe, path)


def survey(path: Path, side: int, on_frame: Callable[[Frame], None]) -> tuple[Clip, bool]:
    """:func:`probe` a clip, and see its frames on the way, upright and shrunk to the longest side ``side``.

    Returns:
        The clip, and whether ``on_frame`` was called with each of its frames once, in order. Where it was
        not, since the clip is interlaced or needs PyAV from a later frame on, what it saw is of no use.
    """
    return isolation.call(path, _survey, path, side, on_item=on_frame)


def _survey(path: Path, side: int) -> tuple[Clip, bool]:
    small = SmallFrames(path, side, emit)
    clip = _probe(path, small)
    return clip, small.are_all_of(clip.reading, len(clip.frame_times))


def _probe(path: Path, small: SmallFrames | None = None) -> Clip:
    sampled = SampledFrames()

    def see(frame: av.VideoFrame) -> None:
        sampled.add(frame)
        if small is not None:
            small.add_pyavs(frame, sampled)

    with open_container(path) as container:
        stream = video_stream(container, path)
        sound, aspect = _sound(container), stream.sample_aspect_ratio or Fraction(1)
        stored = frame_times.read(container, stream, see)
        number = container.streams.video.index(stream)
    reading, count = choose_reading(path, number, sampled, len(stored.times), small)
    height, width = reading.size
    fitted = frame_times.fit(stored, count)
    return Clip(
        path,
        height,
        width,
        fitted.times,
        fitted.time_base,
        fitted.last_duration,
        reading=reading,
        origin=fitted.origin,
        pixel_aspect=1 / aspect if sampled.orientation.swaps_sides else aspect,
        sound=sound,
        notes=tuple(_notes(shown(path), stored, count, fitted.are_estimated)),
    )


def guess(path: Path) -> Guess:
    """What a clip's header says; only its first frame is decoded, for its size.

    Raises:
        InputError: the clip is missing, unreadable, or has no video.
        TooLargeError: decoding needs more memory than is free.
    """
    return isolation.call(path, _guess, path)


def _guess(path: Path) -> Guess:
    with open_container(path) as container:
        stream = video_stream(container, path)
        rates = (stream.average_rate, stream.guessed_rate, ORDINARY_RATE)
        rate = next(rate for rate in rates if rate and rate < HIGHEST_RATE)
        seconds = float((stream.duration or 0) * (stream.time_base or 0))
        seconds = seconds or (container.duration or 0) / av.time_base
        frames = max(0, stream.frames or round(seconds * rate))
        size = _size(container, stream)
    return Guess(frames, size, seconds or float(frames / rate))


def frames(source: Path | Reading, start: int = 0) -> Iterator[Frame]:
    """The frames of a clip from number ``start`` (0 is the first): uint8 RGB, (height, width, 3), upright.

    They are as many as probing has counted, and of one size: where a stream changes its size half-way, later
    frames are scaled. Frames before ``start`` are decoded and dropped: seeking ends at another frame in some
    files.

    Args:
        source: how probing has found that the clip has to be read; a path is probed first.

    Raises:
        InputError: the clip is missing or unreadable.
        TooLargeError: decoding needs more memory than is free.
    """
    reading = source if isinstance(source, Reading) else probe(source).reading
    return isolation.iterate(reading.path, _frames, reading, start)


def _frames(reading: Reading, start: int) -> Iterator[Frame]:
    if reading.decoder == "pyav":
        return pyav_frames.read(reading, start)
    with open_container(reading.path):
        pass  # its errors say more than OpenCV's
    return opencv_frames.read(reading.path, start)


def choose_reading(
    path: Path, stream: int, sampled: SampledFrames, by_pyav: int, small: SmallFrames | None = None
) -> tuple[Reading, int]:
    """How to read a clip in which PyAV has found ``by_pyav`` frames, and how many frames it has.

    OpenCV reads it if it finds as many and both see the same: its pixels are those of earlier versions.

    Args:
        stream: the number of the stream among the clip's video streams.
        sampled: what PyAV has seen.
        small: shows OpenCV's frames.

    Raises:
        InputError: no frame can be read, or no colour converted.
    """
    if sampled.unknown_colours:
        raise InputError(
            f"{shown(path)}: its colours cannot be converted to RGB ({sampled.unknown_colours}); "
            "convert it to MP4 (H.264, BT.709)"
        )
    upright = sampled.orientation.upright_size(sampled.size)
    reading = Reading(
        path,
        "pyav",
        upright,
        stream,
        orientation=sampled.orientation,
        is_interlaced=sampled.is_interlaced,
        has_wide_colours=sampled.has_wide_colours,
    )
    if by_pyav and (stream or sampled.needs_pyav):
        return reading, by_pyav
    opencv = by_opencv(path, sampled, small.add_opencvs if small else None)
    if not by_pyav and not opencv.count:
        raise InputError(f"{shown(path)}: none of its frames can be read; copy it again, or convert it")
    if not by_pyav or (opencv.is_same and opencv.count >= by_pyav):
        return Reading(path, "opencv", opencv.size), opencv.count
    return reading, by_pyav


def _size(container: InputContainer, stream: VideoStream) -> Size:
    """The (height, width) of the first frame, upright; of the header, where no frame can be decoded."""
    first = next(pyav_frames.all_frames(container, stream), None)
    if first is None:
        return stream.height, stream.width
    return orientation_of(first).upright_size((first.height, first.width))


def _notes(name: str, stored: StoredTimes, count: int, are_estimated: bool) -> Iterator[str]:
    if stored.is_cut_short:
        yield f"{name}: is damaged or cut short; the {count} frames that can be read are used"
    if count != len(stored.times):
        yield f"{name}: OpenCV reads {count} frames and PyAV {len(stored.times)}; OpenCV's are used"
    if are_estimated:
        yield f"{name}: some frames have no time, or one out of order; their times are estimated"


def _sound(container: InputContainer) -> str | None:
    tracks = [
        f"{stream.codec_context.codec.canonical_name} {native_name(layout_of(stream.codec_context))}"
        for stream in container.streams.audio
        if stream.codec_context is not None
    ]
    return ", ".join(tracks) or None
