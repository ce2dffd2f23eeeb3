"""What a frame starts from and how it is held, on frames of known motion and pastiches of known pixels."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from pipeline.core.frame_start import TemporalTerms
from pipeline.motion.shot_memory import ShotMemory
from pipeline.motion.warping import warp
from tests.support.moving import noisy, pan, textured, with_square

Found = tuple[np.ndarray, TemporalTerms]


def remembering(frames: Sequence[np.ndarray]) -> ShotMemory:
    memory = ShotMemory()
    for frame in frames:
        memory.add_frame(frame)
    return memory


def pastiches_of(frames: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Pastiches that move as their frames do: the frames with changed colours, in whole levels."""
    return [(255 - frame[:, :, ::-1]).astype(np.float32) for frame in frames]


def follow(frames: Sequence[np.ndarray], pastiches: Sequence[np.ndarray], unit: float = 5.0) -> Found:
    """The start and the terms of the last frame; ``pastiches`` are those of the frames before it."""
    return remembering(frames).start_and_hold(lambda gap: pastiches[len(frames) - 1 - gap], unit)


def unrelated(count: int, size: tuple[int, int] = (96, 128)) -> list[np.ndarray]:
    """Random pastiches, so that a pixel shows which pastiche it is from."""
    rng = np.random.default_rng(8)
    return [rng.integers(0, 256, (*size, 3)).astype(np.float32) for _ in range(count)]


def test_a_frame_with_only_new_noise_is_unchanged() -> None:
    memory, frame = ShotMemory(), textured(1)
    memory.add_frame(frame)
    assert not memory.is_unchanged  # a shot's first frame repeats nothing
    for number in range(3):
        memory.add_frame(noisy(frame, number))
        assert memory.is_unchanged
        np.testing.assert_array_equal(memory.frame, frame)
    memory.add_frame(with_square(frame, 50))
    assert not memory.is_unchanged
    np.testing.assert_array_equal(memory.frame[36:56, 54:74], with_square(frame, 50)[36:56, 54:74])


@pytest.mark.parametrize("count", [2, 3, 5, 7])
def test_places_that_stand_still_start_from_the_last_pastiche_and_may_not_change(count: int) -> None:
    frames = [noisy(textured(1), number) for number in range(count - 1)]
    frames.append(with_square(textured(1), 20))
    pastiches = unrelated(count - 1)
    start, hold = follow(frames, pastiches)
    still = np.s_[:, 80:]
    np.testing.assert_array_equal(start[still], pastiches[-1][still])
    assert (hold.init_share[still] == 1).all()
    assert (hold.weights[still] > 5).all()
    assert not hold.changeable[still].any()
    assert hold.changeable[32:60, 20:48].all()
    assert hold.unit == 5.0


def test_places_that_stand_still_have_ten_times_the_weight_of_places_that_move() -> None:
    _, hold = follow([textured(1), with_square(textured(1), 20)], unrelated(1))
    np.testing.assert_array_equal(hold.weights[:, 80:], 10)
    frames = pan(11, step=3)  # what is in the middle was in sight for more than the frames that it takes
    _, hold = follow(frames, pastiches_of(frames)[:-1])
    assert hold.weights.max() == 1


def test_newly_visible_places_start_from_the_content_and_may_change() -> None:
    frames = [textured(1), with_square(textured(1), 50)]
    _, hold = follow(frames, unrelated(1))
    assert hold.init_share[36:56, 54:74].mean() < 0.1
    assert hold.weights[36:56, 54:74].mean() < 0.1
    assert hold.changeable[32:60, 50:78].all()


@pytest.mark.parametrize("count", [2, 4, 6])
def test_a_pan_takes_the_pastiche_along_and_sees_nothing_new_at_the_border(count: int) -> None:
    frames = pan(count, step=6)
    pastiches = pastiches_of(frames)
    start, hold = follow(frames, pastiches[:-1])
    inner = np.s_[8:-8, 8:-20]
    assert np.abs(start - pastiches[-1])[inner].mean() < 2
    assert np.abs(pastiches[-2] - pastiches[-1])[inner].mean() > 20
    assert hold.init_share[inner].mean() > 0.95
    assert hold.init_share[:, -4:].max() < 0.1
    assert hold.changeable.all()


def test_starts_and_weights_of_unrelated_frames_are_finite_and_in_range() -> None:
    """The core mixes the start with the content by ``init_share``: finite, and shares from 0 to 1."""
    rng = np.random.default_rng(0)
    frames = list(rng.integers(0, 256, (5, 96, 128, 3), dtype=np.uint8))
    start, hold = follow(frames, unrelated(4))
    for share in (hold.init_share, hold.newly_visible, hold.changeable, hold.weights):
        assert share.dtype == np.float32 and share.min() >= 0 and share.max() <= 1 + 1e-6
    assert np.isfinite(start).all() and start.dtype == np.float32


@pytest.mark.parametrize("gap", [2, 4])
def test_a_place_that_was_hidden_gets_its_earlier_pastiche_again(gap: int) -> None:
    """A square stands in front of it from ``gap - 1`` frames ago to the last frame, and is gone."""
    background = textured(1)
    frames = [background] * 2 + [with_square(background, 50)] * (gap - 1) + [background]
    pastiches = unrelated(len(frames) - 1)
    start, hold = follow(frames, pastiches)
    hidden = np.s_[38:54, 56:72]
    before = pastiches[len(frames) - 1 - gap]
    assert np.abs(start - before)[hidden].mean() < 5 < 60 < np.abs(start - pastiches[-1])[hidden].mean()
    assert hold.init_share[hidden].mean() > 0.95
    still = np.s_[80:, 100:]
    np.testing.assert_array_equal(start[still], pastiches[-1][still])


def test_a_place_that_has_just_come_to_rest_is_held_less_than_one_that_never_moved() -> None:
    """A square went two frames ago; since then nothing moves there, and a place elsewhere flickers."""
    background = textured(1)
    frames = [background, with_square(background, 50), background, with_square(background, 4, side=14)]
    _, hold = follow(frames, unrelated(3))
    uncovered, always = np.s_[38:54, 56:72], np.s_[:, 100:]
    assert (hold.init_share[uncovered] == 1).all() and (hold.init_share[always] == 1).all()
    assert (hold.weights[always] > 5).all()
    assert hold.weights[uncovered].mean() < 0.5 * hold.weights[always].mean()


def test_a_place_that_was_hidden_for_longer_starts_from_its_content() -> None:
    background = textured(1)
    frames = [background] + [with_square(background, 50)] * 4 + [background]
    _, hold = follow(frames, unrelated(len(frames) - 1))
    assert hold.init_share[38:54, 56:72].mean() < 0.1


def test_earlier_pastiches_are_moved_to_the_present_places() -> None:
    """A square passes in front of a scene that a camera pans over, for one frame."""
    frames = pan(4, step=4)
    pastiches = pastiches_of(frames)
    frames[-2] = with_square(frames[-2], 50)
    pastiches[-2] = np.zeros_like(pastiches[-2])
    start, hold = follow(frames, pastiches[:-1])
    hidden = np.s_[40:52, 54:66]  # 50..78 in the last frame, 46..74 in this one
    assert hold.init_share[hidden].mean() > 0.9
    assert np.abs(start - pastiches[-1])[hidden].mean() < 20
    assert np.abs(warp(pastiches[-3], np.zeros((96, 128, 2), np.float32)) - pastiches[-1])[hidden].mean() > 25


def test_newly_visible_places_are_held_less_than_places_visible_for_long() -> None:
    frames = pan(6, step=3)
    _, hold = follow(frames, pastiches_of(frames)[:-1])
    long_seen, young = np.s_[8:-8, 20:80], np.s_[8:-8, -8:-5]  # the last ten columns came with the last three
    assert hold.init_share[young].mean() > 0.5
    ripe, fresh = (hold.weights[part].mean() / hold.init_share[part].mean() for part in (long_seen, young))
    assert fresh < 0.8 * ripe
    assert ripe > 0.9


def same(one: Found, other: Found) -> bool:
    pairs = [(one[0], other[0])]
    pairs += [
        (getattr(one[1], part), getattr(other[1], part)) for part in ("init_share", "weights", "changeable")
    ]
    return all(np.array_equal(*pair) for pair in pairs)


@pytest.mark.parametrize("scene", [pan, lambda n: [with_square(textured(1), 8 * k) for k in range(n)]])
def test_the_memory_depends_on_the_source_alone(scene: Callable[[int], list[np.ndarray]]) -> None:
    """One memory is asked for a start at every frame; it gives the same as a new one that is asked once."""
    frames = [noisy(frame, number, 1.0) for number, frame in enumerate(scene(8))]
    pastiches = unrelated(8)
    memory = ShotMemory()
    for number, frame in enumerate(frames):
        memory.add_frame(frame)
        if number:
            actual = memory.start_and_hold(lambda gap, number=number: pastiches[number - gap], 5.0)
            desired = follow(frames[: number + 1], pastiches)
            assert same(actual, desired)


def test_the_given_pastiches_are_not_changed() -> None:
    frames = pan(5)
    pastiches = unrelated(4)
    before = [pastiche.copy() for pastiche in pastiches]
    follow(frames, pastiches)
    np.testing.assert_array_equal(pastiches, before)


@pytest.mark.parametrize("side", [(36, 48), (48, 64), (96, 128)])
def test_no_content_is_mixed_into_places_that_stand_still_in_small_pictures(side: tuple[int, int]) -> None:
    background = textured(1, *side)
    frames = [with_square(background, left, 8, 12) for left in (8, 12, 16)]
    pastiches = unrelated(2, side)
    start, hold = follow(frames, pastiches)
    held = hold.changeable == 0
    assert held.any()
    assert (hold.init_share[held] == 1).all()
    np.testing.assert_array_equal(start[held], pastiches[-1][held])
