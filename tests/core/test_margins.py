"""The rim around a picture: mirrored, and cut off again at every scale."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.margins import Margin
from tests.support.stylizing import followed, make, picture, record_style_sizes

sides = st.integers(16, 60)


@given(sides, sides, st.floats(0, 0.25))
def test_a_picture_without_its_rim_is_the_picture(height, width, share):
    before = np.random.default_rng(0).uniform(0, 255, (height, width, 3)).astype(np.float32)
    margin = Margin.around((height, width), share)
    framed = margin.framed(before)
    assert framed.shape[:2] == margin.framed_size
    np.testing.assert_array_equal(margin.cut(framed), before)


def test_the_rim_mirrors_the_picture():
    row = np.repeat(np.arange(20, dtype=np.float32)[None, :, None], 3, axis=2).repeat(16, 0)
    framed = Margin.around((16, 20), 0.1).framed(row)
    np.testing.assert_array_equal(framed[5, :5, 0], [2, 1, 0, 1, 2])


def test_another_scale_is_cut_in_proportion():
    margin = Margin.around((80, 100), 0.1)  # framed: 100x120
    assert margin.cut(np.zeros((50, 60, 3), np.float32)).shape == (40, 50, 3)
    assert margin.side_within(60) == 50


@pytest.mark.parametrize("scales", [1, 2])
def test_the_pastiche_and_the_picture_of_each_step_have_the_contents_size(scales):
    shapes = []
    stylizer = make(margin=0.1, scales=scales)
    pastiche = stylizer.stylize(picture(0), on_step=lambda step: shapes.append(step.image().shape))
    assert pastiche.pixels.shape == shapes[-1] == picture(0).shape
    assert make(margin=0.1).stylize(picture(0), init=pastiche.pixels).pixels.shape == picture(0).shape


def test_a_margin_of_0_changes_nothing():
    plain, _ = followed(make(), picture(0))
    none, _ = followed(make(margin=0.0), picture(0))
    np.testing.assert_array_equal(plain.pixels, none.pixels)


def test_with_a_margin_a_border_changes_as_much_as_the_middle():
    """Zeros beyond a border make its pixels count for less, or for more, than others."""
    share = {}
    for margin in (0.0, 0.2):
        pixels = make(margin=margin, content_weight=0, tv_weight=0, steps=30).stylize(picture(0)).pixels
        change = np.abs(pixels - picture(0)).mean(2)
        border = np.concatenate([change[0], change[-1], change[:, 0], change[:, -1]])
        share[margin] = border.mean() / change[4:-4, 4:-4].mean()
    assert abs(share[0.2] - 1) < 0.15 < abs(share[0.0] - 1)


def test_the_style_is_compared_at_the_pictures_own_size(monkeypatch):
    stylizers = make(margin=0.2), make()
    sizes = [record_style_sizes(stylizer, monkeypatch) for stylizer in stylizers]
    for stylizer in stylizers:
        stylizer.stylize(picture(0))
    assert sizes == [[(40, 48)], [(40, 48)]]


def test_a_rim_is_no_wider_than_what_can_be_mirrored_once():
    assert Margin.around((20, 100), 0.25).rim == 19
    assert Margin.around((60, 100), 0.25).rim == 25
