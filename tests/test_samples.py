"""The samples are what their script draws, and suit the commands that use them."""

import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from PIL import Image

from samples.drawing import clip, harbour, hillside, sound, still_life

SAMPLES = Path(__file__).parent.parent / "samples"
SEED = 7
STYLES = ["starry", "waves", "embers"]
CONTENTS = {"hillside": hillside, "harbour": harbour, "still_life": still_life}


def pixels(name):
    return np.asarray(Image.open(SAMPLES / f"{name}.jpg"), np.float32)


def shrunk(picture, size):
    return cv2.resize(picture.astype(np.float32), size[::-1], interpolation=cv2.INTER_AREA)


def blurred_difference(actual, desired):
    """Mean difference in levels once the rays' speckle is evened out."""
    return np.abs(cv2.blur(actual, (3, 3)) - cv2.blur(desired, (3, 3))).mean()


@pytest.fixture(scope="module")
def frames():
    with av.open(str(SAMPLES / "clip.mp4")) as container:
        return [
            (frame.pts * frame.time_base, frame.to_ndarray(format="rgb24"))
            for frame in container.decode(video=0)
        ]


@pytest.fixture(scope="module")
def heard():
    with av.open(str(SAMPLES / "clip.mp4")) as container:
        return np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)


def test_the_script_draws_the_committed_picture_again(tmp_path):
    command = [sys.executable, str(SAMPLES / "draw.py"), "--only", "waves", "-o", str(tmp_path)]
    subprocess.run(command, check=True, cwd=tmp_path)
    actual = np.asarray(Image.open(tmp_path / "waves.jpg"), np.float32)
    assert np.abs(actual - pixels("waves")).mean() < 1.0


@pytest.mark.parametrize("name", CONTENTS)
def test_a_scene_drawn_small_resembles_the_committed_picture(name):
    size = (64, 96)
    actual = CONTENTS[name].draw(np.random.default_rng(SEED), size, grid=1)
    assert blurred_difference(actual, shrunk(pixels(name), size)) < 8.0


@pytest.mark.parametrize("index", [12, 60])
def test_a_frame_drawn_small_resembles_the_clip(frames, index):
    size = (45, 80)
    actual = clip.frame(index, SEED, size).astype(np.float32)
    assert blurred_difference(actual, shrunk(frames[index][1], size)) < 8.0


@pytest.mark.parametrize("name", STYLES + list(CONTENTS))
def test_pictures_are_rich_in_tones_and_edges(name):
    picture = pixels(name)
    assert min(picture.shape[:2]) >= 512
    assert picture.mean(axis=2).std() > 35
    assert np.abs(np.diff(picture.mean(axis=2), axis=1)).mean() > 3


def test_all_samples_together_stay_under_two_megabytes():
    files = [path for path in SAMPLES.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert sum(path.stat().st_size for path in files) < 2_000_000


def test_clip_lasts_three_seconds_at_even_times(frames):
    times = np.array([float(time) for time, _ in frames])
    assert len(times) == 72
    np.testing.assert_allclose(np.diff(times), 1 / 24, atol=1e-4)


def test_clip_has_one_cut_and_moves_on_both_sides_of_it(frames):
    small = [shrunk(frame, (45, 80)) for _, frame in frames]
    changes = np.array([np.abs(after - before).mean() for before, after in pairwise(small)])
    assert changes.argmax() == clip.CUT - 1
    others = np.delete(changes, clip.CUT - 1)
    assert others.max() < 0.4 * changes.max()
    assert others.min() > 0.05


def test_clip_is_heard_in_stereo_and_does_not_clip(heard):
    assert heard.shape[0] == 2
    assert heard.shape[1] / sound.RATE == pytest.approx(3.0, abs=0.05)
    assert 0.3 < np.abs(heard).max() < 0.95
    assert np.abs(heard[0] - heard[1]).max() > 0.05
