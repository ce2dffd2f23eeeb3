"""Flow on pictures of known motion, and its weights: closed forms on synthetic flows first."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.motion import flow, warping
from pipeline.settings.settings import Settings
from tests.support.moving import FLOW_SHAPE as SHAPE
from tests.support.moving import constant_flow as constant
from tests.support.moving import pan, textured, with_square


def halves(left: float, right: float) -> np.ndarray:
    """Two half-planes, each of one motion along x."""
    made = constant(left, 0)
    made[:, SHAPE[1] // 2 :, 0] = right
    return made


def test_uniform_motion_is_occluded_only_at_the_border() -> None:
    backward = constant(5, -3)
    np.testing.assert_array_equal(flow.occluded(backward, -backward), ~warping.inside(backward))
    assert not flow.occluded(constant(0, 0), constant(0, 0)).any()


def test_a_flow_that_does_not_lead_back_is_occluded() -> None:
    # |w + ŵ|² = 1 > 0.01·(9 + 16) + 0.5, and 0.64 < that.
    inner = np.s_[4:-4, 4:-4]
    assert flow.occluded(constant(3, 0), constant(-4, 0))[inner].all()
    assert not flow.occluded(constant(3, 0), constant(-3.8, 0))[inner].any()


def test_halves_that_move_apart_reveal_what_was_hidden_and_together_reveal_nothing() -> None:
    # apart: the left half went 4 to the left, the right one 4 to the right; it was in the middle before.
    apart = flow.occluded(halves(4, -4), halves(-4, 4))
    middle = SHAPE[1] // 2
    assert apart[:, middle - 4 : middle + 4].all()
    assert not apart[:, 5 : middle - 5].any() and not apart[:, middle + 5 : -5].any()
    together = flow.occluded(halves(-4, 4), halves(4, -4))
    assert not together[:, 5:-5].any()
    assert together[:, :4].all()  # from outside the frame


def test_a_motion_boundary_is_only_where_two_motions_meet() -> None:
    boundary = flow.motion_boundary(halves(1, 6))
    middle = SHAPE[1] // 2
    assert boundary[:, middle - 1 : middle + 1].all()
    assert not boundary[:, : middle - 2].any() and not boundary[:, middle + 2 :].any()


@pytest.mark.parametrize("zoom", [0.97, 1.03])
def test_a_smooth_zoom_has_no_boundary(zoom: float) -> None:
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]].astype(np.float32)
    grown = np.dstack([(x - 30) * (zoom - 1), (y - 20) * (zoom - 1)]).astype(np.float32)
    assert not flow.motion_boundary(grown).any()
    assert not flow.motion_boundary(constant(9, -9)).any()


@pytest.mark.parametrize("quality", flow.QUALITIES)
@pytest.mark.parametrize("shift", [(3, 0), (-5, 4), (0, -2), (1.5, 0.5)])
def test_a_shift_is_found(quality: str, shift: tuple[float, float]) -> None:
    earlier = textured(2)
    later = warping.warp(earlier.astype(np.float32), constant(*shift, earlier.shape[:2])).round()
    motion = flow.between(earlier, later.clip(0, 255).astype(np.uint8), quality)
    within = np.s_[12:-12, 12:-12]
    error = np.linalg.norm(motion.flow - np.float32(shift), axis=2)[within]
    assert error.mean() < 0.3
    assert motion.weights[within].mean() > 0.95


def test_the_qualities_are_those_of_the_settings() -> None:
    for quality in flow.QUALITIES:
        assert Settings(flow_quality=quality).flow_quality == quality
    with pytest.raises(Exception, match="flow_quality"):
        Settings(flow_quality="best")


def test_a_still_frame_is_trusted_everywhere() -> None:
    still = flow.between(textured(3), textured(3))
    np.testing.assert_array_equal(still.weights, 1)
    np.testing.assert_allclose(still.flow, 0, atol=0.05)


@pytest.mark.parametrize("quality", flow.QUALITIES)
@pytest.mark.parametrize("side", [16, 20, 31])
def test_a_narrow_strip_has_a_flow_too(side: int, quality: str) -> None:
    """DIS itself ends the process for some of these sizes."""
    for shape in ((side, 128), (side, 1000), (128, side), (side, side)):
        wide = textured(3, shape[0], shape[1] + 2)
        motion = flow.between(wide[:, :-2], wide[:, 2:], quality)
        assert motion.flow.shape == (*shape, 2) and motion.weights.shape == shape
        if shape[1] > 64:
            assert np.abs(np.median(motion.flow[4:-4, 8:-8], axis=(0, 1)) - (2, 0)).max() < 0.5


def test_places_that_a_moving_square_reveals_are_not_trusted_and_the_rest_are() -> None:
    background = textured(4, 192, 256)
    motion = flow.between(*(with_square(background, left, 64, 64) for left in (80, 92)))
    weights = motion.weights
    assert weights[68:124, 82:90].mean() < 0.1  # it stood there, and went
    assert weights[72:120, 100:148].mean() > 0.9  # the square itself, followed
    np.testing.assert_allclose(np.median(motion.flow[72:120, 100:148], axis=(0, 1)), [-12, 0], atol=0.3)
    away = np.ones(weights.shape, bool)
    away[44:148, 60:176] = False
    assert weights[away].mean() > 0.98


def test_a_place_that_changed_its_brightness_is_not_trusted() -> None:
    """The place stands still and gets brighter: the flow there is 0 and consistent, but the place differs."""
    earlier = textured(5) // 2
    later = earlier.copy()
    later[30:60, 40:90] += 110
    motion = flow.between(earlier, later)
    assert np.abs(motion.flow[36:54, 46:84]).mean() < 0.5
    assert motion.weights[36:54, 46:84].mean() < 0.1
    assert motion.weights[:, 110:].mean() > 0.9 and motion.weights[80:].mean() > 0.9


@pytest.mark.parametrize(("brighter", "weight"), [(15, 1.0), (26, 0.8), (32, 0.6)])
def test_a_place_that_looks_a_little_different_is_trusted_less(brighter: int, weight: float) -> None:
    """The weight falls from 1 at 20 levels to 0 at 50; below a half the place counts as hidden."""
    earlier, inner = textured(5) // 2, np.s_[16:-16, 16:-16]
    motion = flow.between(earlier, earlier + np.uint8(brighter))
    assert not motion.hidden[inner].any()
    np.testing.assert_allclose(motion.weights[inner], weight, atol=0.02)


@pytest.mark.parametrize("quality", flow.QUALITIES)
def test_weights_are_soft_but_never_where_a_place_was_hidden(quality: str) -> None:
    background = textured(4, 192, 256)
    frames = [with_square(background, left, 64, 64) for left in (80, 92)]
    earlier, later = (cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in frames)
    backward, forward = flow.estimate(later, earlier, quality), flow.estimate(earlier, later, quality)
    motion = flow.between(*frames, quality)
    np.testing.assert_array_equal(motion.flow, backward)
    unreliable = flow.occluded(backward, forward) | flow.motion_boundary(backward)
    assert unreliable[68:124, 82:90].mean() > 0.8
    hidden = motion.hidden
    assert hidden[unreliable].mean() > 0.9
    assert (motion.weights[hidden] == 0).all()
    beside = cv2.dilate(hidden.astype(np.uint8), np.ones((3, 3))).astype(bool) & ~hidden
    assert 0 < motion.weights[beside].mean() < 0.95


def test_the_border_that_a_pan_reveals_is_not_trusted() -> None:
    earlier, later = pan(2, step=6)
    weights = flow.between(earlier, later).weights
    assert weights[:, -5:].max() < 0.1
    assert weights[8:-8, 8:-20].mean() > 0.95


@given(st.integers(0, 2**32 - 1))
def test_weights_are_between_0_and_1(seed: int) -> None:
    rng = np.random.default_rng(seed)
    frames = rng.integers(0, 256, (2, 24, 30, 3), dtype=np.uint8)
    motion = flow.between(*frames, "fast")
    assert motion.weights.dtype == motion.flow.dtype == np.float32
    assert motion.weights.min() >= 0 and motion.weights.max() <= 1
    assert np.isfinite(motion.flow).all()


def test_the_number_of_threads_changes_nothing() -> None:
    earlier, later = (with_square(frame, 30 + 5 * n) for n, frame in enumerate(pan(2)))
    before, results = cv2.getNumThreads(), []
    try:
        for threads in (1, 2, 5):
            cv2.setNumThreads(threads)
            for quality in flow.QUALITIES:
                motion = flow.between(earlier, later, quality)
                warped = warping.warp(earlier.astype(np.float32), motion.flow)
                results.append((quality, motion.flow.tobytes(), motion.weights.tobytes(), warped.tobytes()))
    finally:
        cv2.setNumThreads(before)
    assert len(set(results)) == len(flow.QUALITIES)
