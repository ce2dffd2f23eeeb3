"""Places that stand still are held in spite of noise; places that move, alone or with a camera, are not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.motion import unchanged
from tests.support.moving import noisy, pan, textured, with_square

SHAPE = (96, 128)


def walked(frames: list[np.ndarray]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Each frame after the first as it is held, and where it changed."""
    held, results = frames[0], []
    for frame in frames[1:]:
        held, changed = unchanged.keep_unchanged(held, frame)
        results.append((held, changed))
    return results


def test_the_same_frame_has_no_changes() -> None:
    for frame in (textured(1), np.full((*SHAPE, 3), 9, np.uint8), textured(1, 16, 16)):
        held, changed = unchanged.keep_unchanged(frame, frame.copy())
        np.testing.assert_array_equal(held, frame)
        assert not changed.any()


@given(st.integers(0, 2**32 - 1))
def test_noise_in_any_number_of_frames_is_no_change(seed: int) -> None:
    frame = textured(1)
    for held, changed in walked([frame, *(noisy(frame, seed + n) for n in range(3))]):
        np.testing.assert_array_equal(held, frame)
        assert not changed.any()


def test_noise_over_noise_is_no_change() -> None:
    frames = [noisy(textured(1), n) for n in range(6)]
    for held, changed in walked(frames):
        # Two noises together are near the bound: a pixel at the border, where the mean is of fewer, may pass.
        assert (held == frames[0]).mean() > 0.999
        assert changed.mean() < 0.001


@given(st.integers(0, 2**32 - 1))
def test_changed_places_have_the_new_pixels_and_the_others_the_old_ones(seed: int) -> None:
    before, frame = noisy(textured(1), seed), noisy(with_square(textured(1), 50), seed + 1)
    held, changed = unchanged.keep_unchanged(before, frame)
    np.testing.assert_array_equal(held[changed], frame[changed])
    np.testing.assert_array_equal(held[~changed], before[~changed])
    assert changed.any() and not changed.all()


def test_a_moving_object_changes_only_its_surroundings() -> None:
    background = textured(1)
    held, changed = unchanged.keep_unchanged(
        with_square(background, 40), noisy(with_square(background, 52), 1)
    )
    # it was at 40..68 and is at 52..80, in rows 32..60; as far as the neighbourhood reaches it may spread
    assert changed[32:60, 40:80].mean() > 0.9
    changed[22:70, 30:90] = False
    assert not changed.any()
    np.testing.assert_array_equal(held[80:], background[80:])


def test_places_that_a_small_object_uncovered_get_the_new_pixels() -> None:
    background = textured(1)
    frames = [with_square(background, left, side=14) for left in (40, 44, 48, 200, 200)]
    held, changed = walked(frames)[-1]
    np.testing.assert_allclose(held.astype(float)[36:44, 44:58], background[36:44, 44:58], atol=6)
    assert not changed.any()


@pytest.mark.parametrize("step", [1, -1])
def test_slow_brightening_counts_as_a_change_when_it_exceeds_the_noise(step: int) -> None:
    frame = np.full((*SHAPE, 3), 128, np.int16)
    frames = [noisy(frame + step * n, n, 1.0) for n in range(12)]
    results = walked(frames)
    changes = [changed.mean() for _, changed in results]
    assert changes[0] < 0.01  # one level alone is noise
    assert max(changes) > 0.5  # several are not
    assert np.mean([share > 0.5 for share in changes]) < 0.6  # and then they add up again
    for (held, _), frame in zip(results, frames[1:], strict=True):
        assert np.abs(held.mean() - frame.mean()) < 6


def test_only_the_place_that_brightens_changes() -> None:
    frames = []
    for n in range(10):
        frame = textured(1).astype(np.int16)
        frame[40:60, 40:60] += 2 * n
        frames.append(np.clip(frame, 0, 255).astype(np.uint8))
    ever = np.any([changed for _, changed in walked(frames)], axis=0)
    assert ever[44:56, 44:56].all()
    ever[30:70, 30:70] = False
    assert not ever.any()


@pytest.mark.parametrize("step", [1, 4])
def test_if_the_camera_moves_everything_changes_even_a_plain_sky(step: int) -> None:
    frames = pan(4, step)
    for frame in frames:
        frame[:30, 30:] = (90, 140, 220)
    for (held, changed), frame in zip(walked(frames), frames[1:], strict=True):
        assert changed.all()
        np.testing.assert_array_equal(held, frame)


def test_a_large_object_in_the_middle_is_not_taken_for_a_moving_camera() -> None:
    background = textured(1)
    frames = [with_square(background, left, 18, 60) for left in (30, 36)]
    _, changed = unchanged.keep_unchanged(*frames)
    assert changed[22:74, 34:90].mean() > 0.9
    assert not changed[:, 112:].any() and not changed[90:].any()


def test_an_object_with_most_of_the_texture_is_not_taken_for_a_moving_camera() -> None:
    """A plain wall with a textured strip above, and in front of it a large object that moves."""
    wall = np.full((*SHAPE, 3), 150, np.uint8)
    wall[:10] = textured(2, 10, SHAPE[1])
    frames = [with_square(wall, left, 18, 64) for left in (30, 37)]
    held, changed = unchanged.keep_unchanged(*frames)
    assert changed[22:78, 36:94].mean() > 0.9
    assert not changed[:, 112:].any()
    np.testing.assert_array_equal(held[:, 112:], wall[:, 112:])


def test_fine_texture_that_moves_is_a_change_even_if_its_mean_stays() -> None:
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    frame = np.repeat((100 + 60 * ((rows + columns) % 2))[..., None], 3, axis=2).astype(np.uint8)
    later = frame.copy()
    later[40:60, 50:80] = np.roll(frame, 1, 1)[40:60, 50:80]
    _, changed = unchanged.keep_unchanged(frame, later)
    assert changed[42:58, 52:78].all()
    assert not changed[:25].any() and not changed[:, 100:].any()


def test_a_feathered_mask_falls_to_0_at_its_radius() -> None:
    mask = np.zeros((61, 71), bool)
    mask[20:40, 20:50] = True
    for radius in (1, 3, 6):
        soft = unchanged.feathered(mask, radius)
        assert soft.min() == 0 and soft.max() == pytest.approx(1)
        assert soft[30, 30] == pytest.approx(1)
        assert soft[30, 20 - radius] > 0 and not soft[:, : 20 - radius - 1].any()
        assert (np.diff(soft[30, :30]) >= -1e-6).all()
    assert not unchanged.feathered(np.zeros((9, 9), bool), 3).any()


@pytest.mark.parametrize(("tolerance", "is_other"), [(0.0, True), (4.0, True), (9.0, False)])
def test_frames_may_differ_by_the_tolerance_in_addition_to_noise(tolerance: float, is_other: bool) -> None:
    frame = textured(1) // 2
    lighter = frame.copy()
    lighter[20:60, 20:90] += 8
    differing = unchanged.differs(lighter, frame, tolerance)
    assert differing[26:54, 26:84].all() == differing.any() == is_other
