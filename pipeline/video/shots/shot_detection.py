"""Find where a clip cuts from one shot to another (PySceneDetect); a chain of frames must not cross a cut."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import cv2
import numpy as np

from pipeline.base.arrays import Frame
from pipeline.base.resizing import size_to_fit

if TYPE_CHECKING:
    from scenedetect import FrameTimecode

COMPARED_SIDE = 160
"""Longest side in pixels of the frames that are compared; cuts are visible at any size."""

NOMINAL_RATE = 25.0
"""Frames a second; the detector requires a rate, but its answer is in frames, so any rate will do."""


def first_frames(frames: Iterable[Frame]) -> list[int]:
    """The index of each shot's first frame, 0 among them, rising.

    Args:
        frames: every frame of the clip in turn, (H, W, 3) RGB uint8.
    """
    detector = ShotDetector()
    for frame in frames:
        detector.add(frame)
    return detector.first_frames()


class ShotDetector:
    """Finds the shots of a clip whose frames it is given one by one."""

    def __init__(self) -> None:
        from scenedetect import AdaptiveDetector

        self._detector = AdaptiveDetector()
        self._cuts: list[int] = []
        self._count = 0

    def add(self, frame: Frame) -> None:
        """Take the next frame, (H, W, 3) RGB uint8."""
        cuts = self._detector.process_frame(_time(self._count), _small_bgr(frame))
        self._cuts += [cut.frame_num for cut in cuts]
        self._count += 1

    def first_frames(self) -> list[int]:
        """The index of each shot's first frame, 0 among them, rising; after the last frame."""
        cuts = self._detector.post_process(_time(max(0, self._count - 1)))
        return sorted({0, *self._cuts, *(cut.frame_num for cut in cuts)})


def _time(index: int) -> "FrameTimecode":
    from scenedetect import FrameTimecode

    return FrameTimecode(index, NOMINAL_RATE)


def _small_bgr(frame: Frame) -> Frame:
    height, width = size_to_fit(frame.shape[:2], COMPARED_SIDE)
    small = cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(small[:, :, ::-1], np.uint8)
