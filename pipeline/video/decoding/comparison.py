"""Compare what OpenCV and PyAV make of the same frames of a clip.

OpenCV may say that it has read a frame and give zeros, grey or whatever was in memory, where its scaler has
refused the frame.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt
from av.video.reformatter import Interpolation

from pipeline.base.arrays import Frame, Size
from pipeline.base.isolated_child import beat
from pipeline.errors import InputError
from pipeline.video.decoding import colours, side_data
from pipeline.video.decoding.colours import RgbConverter
from pipeline.video.decoding.containers import reason
from pipeline.video.decoding.geometry import AS_STORED, Orientation, of_angle, of_display_matrix
from pipeline.video.decoding.opencv_frames import open_capture

Thumbnail = npt.NDArray[np.uint8]
"""A frame at (THUMBNAIL, THUMBNAIL, 3), RGB, as stored."""

THUMBNAIL = 16

FIRST_FRAMES, EVERY = 4, 16
"""Frames that are compared: the first ones, every sixteenth, and each unlike the one before in kind."""

SAME_LEVELS = 4.0
"""Mean absolute difference of two thumbnails, in levels, up to which they are one picture.

The same frame by both decoders differs by 0, of 10 bits by up to 2.
"""


class SampledFrames:
    """Some frames of a clip, as small pictures, and what all of its frames have in common."""

    def __init__(self) -> None:
        self.thumbnails: dict[int, Thumbnail] = {}
        """By the number of the frame, 0 the first."""
        self.size = (0, 0)
        """(height, width) of the first frame, as stored."""
        self.orientation = AS_STORED
        self.is_interlaced = False
        """Whether any frame is."""
        self.has_wide_colours = False
        """Whether any frame is HDR or of a wide gamut."""
        self.needs_pyav = False
        """Whether OpenCV is known to read any frame wrongly, or slowly."""
        self.unknown_colours = ""
        """Why a frame cannot be converted to RGB; empty where all can."""
        self._count = 0
        self._kind: tuple[object, ...] = ()
        self._converter = RgbConverter(self.size)

    def add(self, frame: av.VideoFrame) -> None:
        """Add the next frame."""
        if self._count == 0:
            self.size = (frame.height, frame.width)
            self._converter = RgbConverter(self.size, Interpolation.BICUBIC)  # as OpenCV does
            self.orientation = orientation_of(frame)
        kind = _kind(frame)
        is_unlike = kind != self._kind
        if is_unlike:
            self.is_interlaced |= frame.interlaced_frame
            self.has_wide_colours |= colours.is_wide(frame)
            self.needs_pyav |= self._needs_pyav(frame)
        is_due = is_unlike or self._count < FIRST_FRAMES or self._count % EVERY == 0
        # A frame with colours that no scaler knows is tried: the error has to come before any work.
        is_sampled = is_due and (not self.needs_pyav or colours.are_unknown(frame))
        if is_sampled and not frame.is_corrupt:
            self._sample(frame)
        self._count, self._kind = self._count + 1, kind

    def _needs_pyav(self, frame: av.VideoFrame) -> bool:
        return (
            frame.interlaced_frame
            or colours.is_untagged_hd(frame)
            or colours.is_wide(frame)
            or colours.are_refused_by_opencv(frame)
            or self.orientation.angle is None
            or (frame.height, frame.width) != self.size
        )

    def _sample(self, frame: av.VideoFrame) -> None:
        try:
            pixels = self._converter.to_rgb(frame)
        except (av.FFmpegError, ValueError) as error:
            self.unknown_colours = self.unknown_colours or reason(error)
        else:
            self.thumbnails[self._count] = _thumbnail(pixels)


def orientation_of(frame: av.VideoFrame) -> Orientation:
    """How a frame has to be turned and mirrored, by the display matrix that it carries."""
    matrix = side_data.of_frame(frame).get(side_data.DISPLAY_MATRIX)
    return of_angle(-frame.rotation) if matrix is None else of_display_matrix(matrix)


@dataclass(frozen=True)
class ByOpenCV:
    """What OpenCV makes of a clip."""

    count: int = 0
    """Frames that it decodes; 0 where it cannot read the clip."""
    size: Size = (0, 0)
    """(height, width) of the first, upright."""
    is_same: bool = False
    """Whether each frame that was sampled is the same picture by both decoders."""


def by_opencv(
    path: Path, sampled: SampledFrames, on_frame: Callable[[Frame], None] | None = None
) -> ByOpenCV:
    """Decode every frame by OpenCV, convert those that were sampled from PyAV's, and the first.

    Args:
        on_frame: called with every frame, BGR, upright; until one is not the same picture by both decoders.
    """
    try:
        with open_capture(path) as capture:
            is_read, frame = capture.read()
            if not is_read:
                return ByOpenCV()
            angle = round(capture.get(cv2.CAP_PROP_ORIENTATION_META)) % 360
            count, size, is_same = 0, frame.shape[:2], angle == sampled.orientation.angle
            while is_read:
                is_sampled = is_same and count in sampled.thumbnails
                if is_sampled or (is_same and on_frame):
                    is_read, frame = capture.retrieve()
                if is_sampled:
                    is_same = is_read and _is_same(frame, sampled.thumbnails[count], sampled.orientation)
                if is_same and is_read and on_frame:
                    on_frame(frame)
                count, is_read = count + 1, capture.grab()
                beat()
    except InputError:
        return ByOpenCV()
    return ByOpenCV(count, size, is_same)


def _thumbnail(frame: Frame) -> Thumbnail:
    return cv2.resize(frame, (THUMBNAIL, THUMBNAIL), interpolation=cv2.INTER_AREA)


def _is_same(bgr: Frame, thumbnail: Thumbnail, orientation: Orientation) -> bool:
    """Whether OpenCV's frame, upright, is the picture of a thumbnail."""
    opencv = _thumbnail(bgr)[..., ::-1].astype(np.float32)
    pyav = orientation.upright(thumbnail).astype(np.float32)
    return float(np.abs(opencv - pyav).mean()) <= SAME_LEVELS


def _kind(frame: av.VideoFrame) -> tuple[object, ...]:
    """All that decides how a scaler treats a frame."""
    return (
        frame.width,
        frame.height,
        frame.format.name,
        frame.interlaced_frame,
        frame.colorspace,
        frame.color_range,
        frame.color_primaries,
        frame.color_trc,
    )
