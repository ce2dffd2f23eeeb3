"""Colours moved to a palette: its mean and covariance, as little movement as possible, nothing blown up."""

import numpy as np
import pytest

from pipeline.core import palette
from tests.support.stylizing import make, picture


def coloured(seed: int, mean, spread) -> np.ndarray:
    rng = np.random.default_rng(seed)
    mixing = np.array([[1, 0.3, 0], [0.2, 0.8, 0.1], [0.4, 0, 0.6]]) * spread
    return (np.asarray(mean) + rng.uniform(-1, 1, (40, 50, 3)) @ mixing).astype(np.float32)


def test_the_mean_and_covariance_become_the_palettes():
    target = palette.of(coloured(1, (140, 110, 90), 30))
    actual = palette.of(palette.moved(coloured(2, (90, 130, 150), 45), target))
    np.testing.assert_allclose(actual.mean, target.mean, rtol=1e-3)
    np.testing.assert_allclose(actual.covariance, target.covariance, rtol=0.06, atol=8)


def test_a_palette_of_its_own_moves_nothing():
    own = coloured(3, (120, 120, 120), 40)
    np.testing.assert_allclose(palette.moved(own, palette.of(own)), own, atol=1e-2)


def test_brightness_alone_is_moved_along_the_grey_axis():
    """Twice the deviation about another mean: the closed form of one dimension."""
    grey = np.repeat(np.linspace(100, 140, 1000, dtype=np.float32).reshape(20, 50, 1), 3, axis=2)
    target = palette.of(128 + 2 * (grey - 120))
    np.testing.assert_allclose(palette.moved(grey, target), 128 + 2 * (grey - 120), atol=2.5)


def test_a_plain_picture_becomes_plain_in_the_palettes_mean():
    target = palette.of(coloured(4, (200, 90, 60), 50))
    noise = np.random.default_rng(0).normal(0, 0.3, (20, 20, 3))
    moved = palette.moved((50 + noise).astype(np.float32), target)
    np.testing.assert_allclose(moved.mean((0, 1)), target.mean, atol=1)
    assert moved.std((0, 1)).max() < 6  # a fifth of the palette's own


def test_no_colour_leaves_the_range():
    moved = palette.moved(coloured(5, (90, 90, 90), 60), palette.of(coloured(6, (240, 240, 10), 10)))
    assert moved.dtype == np.float32 and moved.min() >= 0 and moved.max() <= 255


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_a_blend_is_the_palette_of_the_pixels_together(share):
    first, second = coloured(7, (60, 90, 120), 20), coloured(8, (160, 120, 90), 40)
    pixels = np.concatenate([first] * round(4 * share) + [second] * round(4 * (1 - share)))
    actual, desired = (
        palette.blend([palette.of(first), palette.of(second)], [share, 1 - share]),
        palette.of(pixels),
    )
    np.testing.assert_allclose(actual.mean, desired.mean)
    np.testing.assert_allclose(actual.covariance, desired.covariance)


@pytest.mark.parametrize("choice", ["own", "style"])
def test_the_content_to_be_matched_is_in_the_palette_chosen(choice):
    """With the content alone in the loss, what it is started from is the optimum."""
    content, styles = picture(0), (1, 2)
    of_style = palette.blend([palette.of(picture(seed)) for seed in styles], [0.5, 0.5])
    stylizer = make(styles, content_palette=choice, style_weight=0, tv_weight=0)
    desired = content if choice == "own" else palette.moved(content, of_style)
    np.testing.assert_allclose(stylizer.stylize(content).pixels, desired, atol=0.01)
