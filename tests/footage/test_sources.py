"""Each frame of a source is shown to one watcher, whatever the source is."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.footage import sources
from tests.support.clips import write_clip
from tests.support.media import scene


class Means:
    """The mean of each frame."""

    made = 0

    def __init__(self):
        Means.made += 1
        self.of_frames, self.sides = [], set()

    def add(self, frame):
        self.of_frames.append(frame.mean())
        self.sides.add(max(frame.shape))


def view(index, size):
    return (scene(5, *size) * (1 - 0.1 * index)).astype(np.uint8)


def ordinary(folder):
    return write_clip(folder / "a.mp4", size=(180, 240), frames=4, picture=view)


def interlaced(folder):
    return write_clip(folder / "a.mp4", size=(180, 240), frames=4, picture=view, fields="tff")


def pictures(folder):
    for index in range(4):
        Image.fromarray(view(index, (180, 240))).save(folder / f"{index}.png")
    return folder / "%d.png"


@pytest.mark.parametrize(
    ("write", "side", "watchers"), [(ordinary, 160, 1), (interlaced, 240, 2), (pictures, 240, 1)]
)
def test_a_watcher_sees_every_frame_once(tmp_path: Path, write, side, watchers):
    Means.made = 0
    rate = Fraction(25) if write is pictures else None
    source = sources.find(write(tmp_path), rate)

    clip, means = sources.survey(source, Means)

    assert clip == sources.probe(source)
    assert (Means.made, means.sides) == (watchers, {side})
    desired = [view(index, (180, 240)).mean() for index in range(4)]
    np.testing.assert_allclose(means.of_frames, desired, atol=1.5)
