"""Shots: cuts are found, and a clip without one is a single shot."""

import numpy as np

from pipeline import shots, video
from pipeline.resources import folder
from tests.media import scene


def sliding(seed: int, frames: int) -> list[np.ndarray]:
    wide = scene(seed, 90, 160 + frames)
    return [wide[:, index : index + 160] for index in range(frames)]


def test_cuts_are_found_at_their_frames() -> None:
    frames = sliding(1, 30) + sliding(2, 25) + sliding(3, 20)
    assert shots.first_frames(frames) == [0, 30, 55]


def test_a_moving_camera_is_no_cut() -> None:
    assert shots.first_frames(sliding(1, 60)) == [0]


def test_short_clips() -> None:
    assert shots.first_frames(sliding(1, 1)) == [0]
    assert shots.first_frames([]) == [0]


def test_the_sample_clip_has_its_one_cut() -> None:
    assert shots.first_frames(video.frames(folder("samples") / "clip.mp4")) == [0, 48]
