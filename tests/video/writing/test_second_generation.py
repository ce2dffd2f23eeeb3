"""The literal way of a clip: split, nothing changed, assembled."""

import numpy as np

from pipeline.video import clip
from tests.support.clips import Sound, seconds_of, through, write_clip


def test_a_second_generation_is_the_first(tmp_path):
    """Variable frame rate, odd size, two sound tracks and a late start, all at once."""
    path = write_clip(
        tmp_path / "a.mkv",
        size=(47, 63),
        codec="ffv1",
        pixel_format="bgr0",
        options={"g": "1"},
        times=[3, 5, 6, 13, 20],
        sounds=[Sound(), Sound("ac3", "5.1")],
    )
    first = through(path, tmp_path / "first.mp4")

    actual = through(first.path, tmp_path / "second.mp4")

    assert seconds_of(actual) == seconds_of(first)
    assert (actual.sound, actual.notes) == (first.sound, ()) == ("aac stereo, ac3 5.1(side)", ())
    assert (actual.height, actual.width) == (first.height, first.width) == (48, 64)
    for one, other in zip(clip.frames(first.path), clip.frames(actual.path), strict=True):
        assert np.abs(one.astype(int) - other).mean() < 3
