"""Encode pictures as a video: H.264 at the clip's times, with the clip's sound and subtitles."""

import heapq
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.container import OutputContainer
from av.packet import Packet
from av.video.reformatter import ColorRange, Colorspace, Interpolation
from av.video.stream import VideoStream
from PIL import Image

from pipeline.base import atomic
from pipeline.base.arrays import Frame
from pipeline.base.messages import shown
from pipeline.base.resizing import pad_to_even
from pipeline.errors import InputError, OutputError
from pipeline.video import isolation
from pipeline.video.clip import Clip
from pipeline.video.decoding.colour_tables import BT709
from pipeline.video.decoding.containers import check_output, open_container, reason
from pipeline.video.writing import metadata, sound
from pipeline.video.writing.muxer_options import average_rate, muxer_options
from pipeline.video.writing.sound import MuxPlan

X264_OPTIONS = {
    "crf": "17",  # what x264's makers call visually lossless
    "preset": "medium",
    "bf": "0",  # with B-frames an MP4 stores the steps of decoding, not how long each frame is shown
    # x264's bytes depend on the number of threads and on the processor; those of a resumed job must not.
    "threads": "4",
    "x264-params": "cpu-independent=1",
}

STALL_SECONDS = 3600.0
"""Seconds without a frame after which encoding is ended: at the end the muxer writes the whole file again."""

ROUNDING = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.BITEXACT
"""How colours are converted: to the same values on every processor."""


def assemble(
    pictures: Sequence[Path],
    clip: Clip,
    output: Path,
    mux_plan: MuxPlan | None = None,
    *,
    gains: Mapping[int, float] | None = None,
    on_frame: Callable[[int], None] | None = None,
    before_rename: Callable[[Path], None] | None = None,
) -> None:
    """Write the video of ``pictures`` at the times of ``clip`` and with its sound, whole or not at all.

    The same pictures give the same bytes.

    Args:
        pictures: 8-bit pictures of one size, one for each frame; odd sides are padded by repeating the edge.
        output: ``.mp4``, ``.m4v``, ``.mov`` or ``.mkv`` (which keeps times to the millisecond).
        mux_plan: what is done with sound and subtitles; tried now if not given.
        gains: by the numbers of pictures, from 0, what their levels are multiplied by, 0 to 1.
        on_frame: called with the number of frames encoded so far.
        before_rename: called with the complete temporary file; if it raises, ``output`` is unchanged.

    Raises:
        InputError: a picture or the clip cannot be read, or the pictures differ in size.
        OutputError: the output cannot be written, the encoder crashes or makes no progress, or the pictures
            are not one for each frame.
        TooLargeError: encoding needs more memory than is free.
        DiskFullError: the disk is full.
    """
    check_output(output)
    if len(pictures) != len(clip.frame_times):
        raise OutputError(
            f"{shown(output)}: {len(pictures)} pictures for {len(clip.frame_times)} frames; stylise the rest"
        )
    mux_plan = mux_plan or sound.try_mux(clip, output)
    with atomic.replacing(output) as partial:
        written = isolation.iterate(
            output,
            _write,
            pictures,
            clip,
            output,
            partial,
            mux_plan,
            gains or {},
            operation=isolation.ENCODING,
            stall_seconds=STALL_SECONDS,
        )
        with closing(written):  # the process must be gone before its file is removed
            for number in written:
                if on_frame is not None:
                    on_frame(number)
        if before_rename is not None:
            before_rename(partial)


def _write(
    pictures: Sequence[Path],
    clip: Clip,
    output: Path,
    partial: Path,
    mux_plan: MuxPlan,
    gains: Mapping[int, float],
) -> Iterator[int]:
    """Write the video of ``output`` to ``partial``; yields the number of frames encoded so far."""
    kept = mux_plan.metadata
    options = muxer_options(mux_plan.container, clip.time_base, uses_keys=kept.uses_keys)
    target = av.open(os.path.abspath(partial), "w", format=mux_plan.container, container_options=options)
    with _errors_about(output), target:
        size = _read(pictures[0]).shape[:2]
        video = _add_video(target, clip, size)
        with _copied(clip, target, mux_plan) as copied:
            metadata.add(kept, target, video)
            target.mux(metadata.add_files(kept, target, clip.path))
            encoded: list[int] = []
            video_packets = _encoded(video, pictures, clip, size, gains, encoded.append)
            for packet in _interleaved(video_packets, copied):
                target.mux_one(packet)
                yield from encoded
                encoded.clear()


@contextmanager
def _copied(clip: Clip, target: OutputContainer, mux_plan: MuxPlan) -> Iterator[Iterator["Packet[Any]"]]:
    """Add the tracks that are taken from the clip's file to ``target``; their packets.

    The file is opened only for tracks: a sequence of pictures has none, and is no file.
    """
    if not mux_plan.treatments:
        yield iter(())
        return
    with open_container(clip.path) as source:
        yield sound.packets(source, sound.add_tracks(source, target, mux_plan, clip.origin))


def _add_video(target: OutputContainer, clip: Clip, size: tuple[int, int]) -> VideoStream:
    stream = target.add_stream("libx264", rate=average_rate(clip), options=X264_OPTIONS)
    stream.height, stream.width = (side + side % 2 for side in size)
    stream.pix_fmt = "yuv420p"
    context = stream.codec_context
    context.time_base = clip.time_base
    context.sample_aspect_ratio = clip.pixel_aspect
    context.color_range = ColorRange.MPEG
    context.colorspace = context.color_primaries = context.color_trc = BT709
    return stream


def _encoded(
    stream: VideoStream,
    pictures: Sequence[Path],
    clip: Clip,
    size: tuple[int, int],
    gains: Mapping[int, float],
    on_frame: Callable[[int], None],
) -> Iterator["Packet[Any]"]:
    """The packets of the pictures in turn, each with its frame's duration; the encoder lags behind."""
    end = clip.frame_times[-1] + clip.last_frame_duration
    durations = {time: after - time for time, after in pairwise((*clip.frame_times, end))}
    for number, (picture, time) in enumerate(zip(pictures, clip.frame_times, strict=True)):
        pixels = _dimmed(_read(picture, size), gains.get(number, 1.0))
        yield from _with_durations(stream.encode(_frame(pixels, time)), durations)
        on_frame(number + 1)
    yield from _with_durations(stream.encode(None), durations)


def _with_durations(packets: list["Packet[Any]"], durations: Mapping[int, int]) -> list["Packet[Any]"]:
    for packet in packets:
        packet.duration = durations[packet.pts or 0]
    return packets


def _interleaved(
    video_packets: Iterator["Packet[Any]"], sound_packets: Iterator["Packet[Any]"]
) -> Iterator["Packet[Any]"]:
    """All packets in the order of their times, so that the muxer has to hold only a few of either kind."""
    return heapq.merge(video_packets, sound_packets, key=lambda packet: (packet.pts or 0) * packet.time_base)


def _frame(pixels: Frame, time: int) -> av.VideoFrame:
    """One picture as a frame for H.264, padded to even sides."""
    frame = av.VideoFrame.from_ndarray(pad_to_even(pixels), format="rgb24").reformat(
        format="yuv420p",
        interpolation=ROUNDING,
        dst_colorspace=Colorspace.ITU709,
        dst_color_range=ColorRange.MPEG,
    )
    frame.color_primaries = frame.color_trc = BT709
    frame.pts = time
    return frame


def _dimmed(pixels: Frame, gain: float) -> Frame:
    """One picture (H, W, 3), its levels multiplied by ``gain`` and rounded."""
    return pixels if gain == 1 else np.round(pixels * np.float32(gain)).astype(np.uint8)


def _read(path: Path, size: tuple[int, int] | None = None) -> Frame:
    """One picture, uint8 RGB (height, width, 3).

    Raises:
        InputError: it cannot be read, or is not of ``size`` (height, width).
    """
    try:
        with Image.open(path) as picture:
            pixels = np.asarray(picture.convert("RGB"))
    except (OSError, SyntaxError, ValueError) as error:
        raise InputError(
            f"{shown(path)}: cannot be read ({reason(error)}); stylise that frame again"
        ) from error
    if size not in (None, pixels.shape[:2]):
        raise InputError(
            f"{shown(path)}: is {pixels.shape[1]}x{pixels.shape[0]}, the first frame {size[1]}x{size[0]}; "
            "stylise that frame again"
        )
    return pixels


@contextmanager
def _errors_about(output: Path) -> Iterator[None]:
    """Turn FFmpeg's errors into one line about ``output``."""
    try:
        yield
    except OSError:
        raise
    except (av.FFmpegError, ValueError) as error:
        raise OutputError(
            f"{shown(output)}: cannot be encoded ({reason(error)}); try another output with -o"
        ) from error
