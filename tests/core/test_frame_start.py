"""Where a frame starts, what it is held to, and which changes it keeps; by hand on plain pictures."""

import numpy as np
import pytest

from pipeline.core.frame_start import TemporalTerms, enlarged, frame_start
from pipeline.core.margins import Margin

SIZE = (16, 20)
CONTENT, INIT = np.full((*SIZE, 3), 40, np.float32), np.full((*SIZE, 3), 200, np.float32)
BARE, RIM = Margin(SIZE, 0), Margin(SIZE, 2)


def share(value: float = 0.0) -> np.ndarray:
    return np.full(SIZE, value, np.float32)


def terms(**changes) -> TemporalTerms:
    values = {
        "init_share": share(1),
        "newly_visible": share(),
        "weights": share(1),
        "changeable": share(1),
        "unit": 1.0,
    }
    return TemporalTerms(**(values | changes))


def test_without_terms_a_frame_starts_from_the_earlier_pastiche_and_keeps_every_change():
    start = frame_start(CONTENT, INIT, None, BARE, 10.0)
    np.testing.assert_array_equal(start.pixels, INIT)
    assert start.target is None and not start.needs_coarse_scales
    np.testing.assert_array_equal(start.kept(INIT), INIT)


@pytest.mark.parametrize(("init_share", "level"), [(0, 40), (0.25, 80), (1, 200)])
def test_a_place_starts_between_its_content_and_the_earlier_pastiche(init_share, level):
    start = frame_start(CONTENT, INIT, terms(init_share=share(init_share)), BARE, 10.0)
    np.testing.assert_array_equal(start.pixels, np.full_like(INIT, level))
    np.testing.assert_array_equal(start.target.pixels, start.pixels)


def test_a_start_beyond_the_range_is_brought_into_it():
    beyond = np.where(np.arange(20)[None, :, None] < 10, np.float32(-30), np.float32(300)) + 0 * INIT
    start = frame_start(CONTENT, beyond, terms(), BARE, 10.0)
    assert set(np.unique(start.pixels)) == {0, 255}


def test_the_hold_is_the_weights_times_the_setting_in_units_of_the_first_frames_loss():
    weights = share(0.5)
    weights[:, :5] = 0
    start = frame_start(CONTENT, INIT, terms(weights=weights, unit=300.0), BARE, 10.0)
    np.testing.assert_array_equal(start.target.weights[:, 5:], 1500)
    np.testing.assert_array_equal(start.target.weights[:, :5], 0)


def test_everything_gets_the_rim():
    start = frame_start(CONTENT, INIT, terms(), RIM, 10.0)
    for array in (
        start.pixels,
        start.target.pixels,
        start.target.weights,
        start.changeable,
        start.newly_visible,
    ):
        assert array.shape[:2] == (20, 24)


@pytest.mark.parametrize(("newly_visible", "needed"), [(0.25, False), (0.26, True)])
def test_one_place_that_is_new_enough_needs_the_coarse_scales(newly_visible, needed):
    places = share()
    places[3, 4] = newly_visible
    assert frame_start(CONTENT, INIT, terms(newly_visible=places), BARE, 10.0).needs_coarse_scales is needed


def test_at_full_size_what_is_changeable_keeps_its_change():
    changeable = share(0.5)
    changeable[:, :5] = 0
    start = frame_start(CONTENT, INIT, terms(changeable=changeable, newly_visible=share(1)), BARE, 10.0)
    kept = start.kept(np.full((*SIZE, 3), 8, np.float32))
    np.testing.assert_array_equal(kept[:, 5:], 4)
    np.testing.assert_array_equal(kept[:, :5], 0)


def test_at_coarse_scales_what_is_newly_visible_keeps_its_change():
    new = share()
    new[:, 10:] = 1
    new[:, 9] = 1  # half of the fifth coarse column
    start = frame_start(CONTENT, INIT, terms(newly_visible=new, changeable=share()), BARE, 10.0)
    kept = start.kept(np.full((8, 10, 3), 8, np.float32))
    np.testing.assert_array_equal(kept[:, :4], 0)
    np.testing.assert_array_equal(kept[:, 4], 4)
    np.testing.assert_array_equal(kept[:, 5:], 8)


def test_a_change_is_enlarged_without_a_clip_or_a_shift():
    change = np.full((8, 10, 3), -60, np.float32)
    np.testing.assert_array_equal(enlarged(change, SIZE), np.full((*SIZE, 3), -60, np.float32))
    ramp = np.repeat(np.arange(10, dtype=np.float32)[None, :, None], 3, axis=2).repeat(8, 0)
    middle = enlarged(ramp, SIZE)[0, 1:-1, 0]
    np.testing.assert_allclose(middle, np.arange(18) / 2 + 0.25)
