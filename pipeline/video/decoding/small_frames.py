"""Small copies of a clip's frames, shown while it is probed: measuring them needs no pass of its own."""

from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np

from pipeline.base.arrays import Frame
from pipeline.base.resizing import size_to_fit
from pipeline.video.decoding import colours, opencv_frames
from pipeline.video.decoding.colours import RgbConverter
from pipeline.video.decoding.comparison import SampledFrames
from pipeline.video.decoding.reading import Reading

WIDE_FACTOR = 4
"""Frames of HDR or of a wide gamut are shrunk to so many times the small side before they are converted."""


class SmallFrames:
    """Shows the frames of a clip, small, as they are going to be read: PyAV's, if its first one needs that.

    Interlaced frames are not shown, nor those of a clip that turns out later to need PyAV.
    """

    def __init__(self, path: Path, side: int, on_frame: Callable[[Frame], None]) -> None:
        """``on_frame`` is called with RGB uint8 (H, W, 3), upright, the longest side at most ``side``."""
        self._path, self._side, self._on_frame = path, side, on_frame
        self._counts = {"pyav": 0, "opencv": 0}
        self._converter: RgbConverter | None = None
        self._is_first = True

    def add_pyavs(self, frame: av.VideoFrame, sampled: SampledFrames) -> None:
        """Show a frame that PyAV has decoded, after ``sampled`` has seen it."""
        if self._is_first:
            self._is_first = False
            self._converter = self._chosen_converter(frame, sampled)
        if self._converter is None:
            return
        try:
            pixels = self._converter.to_rgb(frame)
        except (av.FFmpegError, ValueError):  # reading the clip will say what is wrong
            self._converter = None
            return
        self._show("pyav", sampled.orientation.upright(pixels))

    def _chosen_converter(self, frame: av.VideoFrame, sampled: SampledFrames) -> RgbConverter | None:
        """What converts the clip's frames, given the first; None where PyAV may not have to read them."""
        if sampled.is_interlaced or (not sampled.needs_pyav and opencv_frames.can_read(self._path)):
            return None
        is_wide = colours.is_wide(frame)
        return RgbConverter(size_to_fit(sampled.size, WIDE_FACTOR * self._side) if is_wide else sampled.size)

    def add_opencvs(self, bgr: Frame) -> None:
        """Show a frame that OpenCV has decoded, upright."""
        self._show("opencv", bgr, reverse=True)

    def _show(self, decoder: str, frame: Frame, *, reverse: bool = False) -> None:
        self._counts[decoder] += 1
        height, width = size_to_fit(frame.shape[:2], self._side)
        small = cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA)
        self._on_frame(np.ascontiguousarray(small[..., ::-1] if reverse else small, np.uint8))

    def are_all_of(self, reading: Reading, count: int) -> bool:
        """Whether what was shown are the ``count`` frames of ``reading``, each once."""
        shown = {decoder: number for decoder, number in self._counts.items() if number}
        return shown == {reading.decoder: count} and not reading.is_interlaced
