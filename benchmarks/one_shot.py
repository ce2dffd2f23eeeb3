"""The frames of one shot, in memory: for benchmarks that walk over a shot without a job."""

from collections.abc import Iterable
from itertools import islice
from pathlib import Path

import numpy as np

from pipeline.base.arrays import Frame
from pipeline.base.resizing import resize
from pipeline.steadiness.curves import Motions
from pipeline.video import clip as clips
from pipeline.video.shots import shot_detection
from tests.support import drawn_motion


def load(name: str, side: int, count: int) -> tuple[list[Frame], Motions | None]:
    """At most ``count`` frames of the first shot, shrunk or enlarged to the longest side ``side``.

    Args:
        name: a clip's file, or one of the kinds that :mod:`benchmarks.motion` draws.

    Returns:
        The frames (H, W, 3) RGB uint8, and their true motion where they are drawn.
    """
    if name in drawn_motion.KINDS:
        return drawn_motion.draw(name, count, (side * 9 // 16, side))
    frames = [_resized(frame, side) for frame in islice(clips.frames(Path(name)), count)]
    return frames[: end_of_first(frames)], None


def end_of_first(frames: Iterable[Frame]) -> int | None:
    """The index after the first shot's last frame; None where there is one shot."""
    starts = shot_detection.first_frames(frames)
    return starts[1] if len(starts) > 1 else None


def _resized(frame: Frame, side: int) -> Frame:
    height, width = (max(1, round(length * side / max(frame.shape[:2]))) for length in frame.shape[:2])
    return np.round(resize(frame.astype(np.float32), (height, width))).astype(np.uint8)
