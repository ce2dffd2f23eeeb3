"""Cuts are detected, and a clip without one is a single shot."""

import numpy as np

from pipeline.base.resources import folder
from pipeline.video import clip
from pipeline.video.shots import shot_detection
from tests.support.media import scene


def sliding(seed: int, frames: int) -> list[np.ndarray]:
    wide = scene(seed, 90, 160 + frames)
    return [wide[:, index : index + 160] for index in range(frames)]


def test_cuts_are_found_at_their_frames() -> None:
    frames = sliding(1, 30) + sliding(2, 25) + sliding(3, 20)
    assert shot_detection.first_frames(frames) == [0, 30, 55]


def test_a_moving_camera_is_no_cut() -> None:
    assert shot_detection.first_frames(sliding(1, 60)) == [0]


def test_short_clips() -> None:
    assert shot_detection.first_frames(sliding(1, 1)) == [0]
    assert shot_detection.first_frames([]) == [0]


def test_the_sample_clip_has_its_one_cut() -> None:
    assert shot_detection.first_frames(clip.frames(folder("samples") / "clip.mp4")) == [0, 48]
