"""Find where a clip cuts from one shot to another (PySceneDetect); a chain of frames must not cross a cut."""

from collections.abc import Iterable

import cv2
import numpy as np

from pipeline.base.arrays import Frame
from pipeline.base.resizing import size_to_fit

COMPARED_SIDE = 160
"""Longest side in pixels of the frames that the detector compares; cuts are visible at any size."""

NOMINAL_RATE = 25.0
"""Frames a second; the detector requires a rate, but its answer is in frames, so any rate will do."""


def first_frames(frames: Iterable[Frame]) -> list[int]:
    """The index of each shot's first frame, 0 among them, rising.

    Args:
        frames: every frame of the clip in turn, (H, W, 3) RGB uint8.
    """
    from scenedetect import AdaptiveDetector, FrameTimecode

    detector = AdaptiveDetector()
    cuts: list[FrameTimecode] = []
    time = FrameTimecode(0, NOMINAL_RATE)
    for index, frame in enumerate(frames):
        time = FrameTimecode(index, NOMINAL_RATE)
        cuts += detector.process_frame(time, _small_bgr(frame))
    cuts += detector.post_process(time)
    return sorted({0, *(cut.frame_num for cut in cuts)})


def _small_bgr(frame: Frame) -> Frame:
    height, width = size_to_fit(frame.shape[:2], COMPARED_SIDE)
    small = cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(small[:, :, ::-1], np.uint8)
