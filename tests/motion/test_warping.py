"""Warps along flows whose result is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.motion import warping
from tests.support.moving import FLOW_SHAPE as SHAPE
from tests.support.moving import constant_flow as constant
from tests.support.moving import textured


@given(st.integers(-9, 9), st.integers(-9, 9))
def test_a_warp_by_whole_pixels_is_exact_within_the_frame(x: int, y: int) -> None:
    picture = textured(1, *SHAPE).astype(np.float32)
    given = constant(x, y)
    desired = np.roll(picture, (-y, -x), (0, 1))
    within = warping.inside(given)
    assert within.sum() == (SHAPE[0] - abs(y)) * (SHAPE[1] - abs(x))
    np.testing.assert_array_equal(warping.warp(picture, given)[within], desired[within])


@pytest.mark.parametrize("channels", [(), (2,), (3,)])
def test_a_warp_by_nothing_is_the_picture_to_the_bit(channels: tuple[int, ...]) -> None:
    picture = np.random.default_rng(0).uniform(0, 255, (*SHAPE, *channels)).astype(np.float32)
    np.testing.assert_array_equal(warping.warp(picture, constant(0, 0)), picture)


def test_places_beyond_the_border_have_its_nearest_pixel() -> None:
    picture = textured(1, *SHAPE).astype(np.float32)
    warped = warping.warp(picture, constant(-1000, 0))
    np.testing.assert_array_equal(warped, np.repeat(picture[:, :1], SHAPE[1], axis=1))


def test_a_warp_by_half_pixels_stays_sharp() -> None:
    """A bilinear warp of a wave of five pixels loses a fifth of it."""
    wave = 100 * np.sin(2 * np.pi * np.arange(60, dtype=np.float32) / 5)
    picture = np.tile(wave, (SHAPE[0], 1))
    warped = warping.warp(picture, constant(0.5, 0))[:, 5:-5]
    desired = 100 * np.sin(2 * np.pi * (np.arange(60) + 0.5) / 5)[5:-5]
    assert np.abs(warped - desired).max() < 12
    assert (wave[5:-5] + wave[6:-4]).max() / 2 < 88


def test_a_flow_out_of_the_frame_is_not_inside() -> None:
    right, up = warping.inside(constant(7, 0)), warping.inside(constant(0, -4))
    assert right[:, :-7].all() and not right[:, -7:].any()
    assert up[4:].all() and not up[:4].any()
    assert not warping.inside(constant(0, 41)).any()
