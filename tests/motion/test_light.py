"""The light of frames, and the gains of those that are in a fade."""

from collections.abc import Sequence

import numpy as np
import pytest

from pipeline.motion import light
from pipeline.motion.light import Light
from tests.support.fades import DIP, FADE_IN_AND_OUT, dimmed
from tests.support.moving import noisy, pan, textured


def lit(shares: Sequence[float], mean: float = 120.0, highlights: float = 230.0) -> list[Light]:
    """The light of frames of which each has a share of the same light."""
    return [Light(share * mean, share * highlights) for share in shares]


@pytest.mark.parametrize("level", [0, 1, 90, 255])
def test_the_light_of_a_plain_frame_is_its_level(level: int) -> None:
    actual = light.of(np.full((90, 160, 3), level, np.uint8))
    assert (actual.mean, actual.highlights) == pytest.approx((level, level), abs=1e-3)


def test_highlights_are_the_brightest_half_percent() -> None:
    frame = np.zeros((100, 160, 3), np.uint8)
    frame[:1, :80] = 200  # 80 of 16000 pixels
    actual = light.of(frame)
    assert (actual.mean, actual.highlights) == pytest.approx((1.0, 200.0), abs=1e-3)
    frame[:1, 40:80] = 0
    assert light.of(frame).highlights == pytest.approx(100.0, abs=1e-3)


def test_luma_weighs_green_most_and_blue_least() -> None:
    frames = np.zeros((3, 40, 60, 3), np.uint8)
    for channel in range(3):
        frames[channel, ..., channel] = 200
    means = [light.of(frame).mean for frame in frames]
    np.testing.assert_allclose(means, [59.8, 117.4, 22.8], atol=0.1)


@pytest.mark.parametrize("shares", [[1.0] * 20, [1.0, 0.75, 0.51] * 9, np.linspace(0.6, 1, 30), [0.7]])
def test_a_shot_without_a_fade_has_the_gain_1_throughout(shares: Sequence[float]) -> None:
    assert light.gains_of_shot(lit(shares)) == [1.0] * len(shares)


def test_a_pan_over_a_noisy_scene_has_no_gains() -> None:
    frames = [noisy(frame, number) for number, frame in enumerate(pan(8))]
    assert light.gains_of_clip([light.of(frame) for frame in frames], [0]) == {}


@pytest.mark.parametrize("shares", [FADE_IN_AND_OUT, DIP, FADE_IN_AND_OUT[5:], DIP[9:], DIP[:12]])
@pytest.mark.parametrize("brightness", [1.0, 0.2])
def test_the_gains_of_a_fade_are_its_shares_in_a_bright_shot_and_at_night(
    shares: Sequence[float], brightness: float
) -> None:
    actual = light.gains_of_shot(lit(shares, 120 * brightness, 230 * brightness))
    np.testing.assert_allclose(actual, shares, atol=6e-5)


def test_a_slow_fade_has_gains_to_its_end() -> None:
    shares = [1.0] * 30 + [1 - n / 200 for n in range(201)]
    np.testing.assert_allclose(light.gains_of_shot(lit(shares)), shares, atol=6e-5)


@pytest.mark.parametrize("level", [0.0, 3.0, 15.0])
def test_a_shot_that_is_black_throughout_has_no_fade(level: float) -> None:
    assert light.gains_of_shot([Light(0, 0), Light(level, level), Light(level / 9, level)]) == [1.0] * 3


def test_white_letters_on_black_after_a_scene_are_not_dimmed() -> None:
    assert light.gains_of_shot([*lit([1.0] * 10), *[Light(3, 230)] * 6]) == [1.0] * 16


def test_a_scene_of_small_lights_fades_with_them() -> None:
    actual = light.gains_of_shot(lit(FADE_IN_AND_OUT, mean=0.5, highlights=90))
    np.testing.assert_allclose(actual, FADE_IN_AND_OUT, atol=6e-5)


def test_a_flash_does_not_make_the_rest_of_a_shot_dim() -> None:
    assert light.gains_of_shot([*lit([0.3] * 20), *lit([1.0]), *lit([0.3] * 20)]) == [1.0] * 41


def test_a_dip_between_two_lights_begins_and_ends_at_1_without_a_jump() -> None:
    shares = [*[1.0] * 6, 0.7, *[0.1] * 20, 0.5, *[0.7] * 6]
    actual = np.array(light.gains_of_shot(lit(shares)))
    np.testing.assert_array_equal(actual[:6], 1)
    np.testing.assert_array_equal(actual[-6:], 1)
    dark = actual[7:27]
    assert (np.diff(dark) > 0).all() and np.diff(dark).max() < 0.005
    np.testing.assert_allclose(dark[[0, -1]], [0.1 / 0.973, 0.1 / 0.727], atol=1e-3)


def test_gains_are_numbered_through_the_clip_and_each_shot_has_a_light_of_its_own() -> None:
    day, night = lit([1, 1, 1, 0.25, 0]), lit([1, 1, 1, 1], 10, 25)
    fades = light.gains_of_clip([*night, *day, *night, *day], [0, 4, 9, 13])
    assert fades == {7: 0.25, 8: 0.0, 16: 0.25, 17: 0.0}


def test_shots_beyond_the_last_frame_that_can_be_read_have_no_gains() -> None:
    assert light.gains_of_clip(lit([1, 1]), [0, 1, 2]) == {}


@pytest.mark.parametrize("gain", [1.0, 0.5, 1 / 12])
def test_a_dimmed_frame_in_the_usual_light_is_the_frame_up_to_rounding(gain: float) -> None:
    frame = textured(1)
    actual = light.usual(dimmed([frame], [gain])[0].astype(np.float32), gain)
    assert actual.dtype == np.float32
    np.testing.assert_allclose(actual, frame, atol=0.501 / gain if gain < 1 else 0)


def test_the_usual_light_of_a_black_frame_is_black_and_no_frame_exceeds_the_range() -> None:
    black = np.zeros((20, 30, 3), np.float32)
    np.testing.assert_array_equal(light.usual(black, 0.0), black)
    np.testing.assert_array_equal(light.usual(black + 200, 0.5), black + 255)


def test_frames_in_full_light_are_not_uncertain_and_dimmer_ones_are_more_so() -> None:
    assert light.uncertainty((1.0, 1.0)) == 0
    assert light.uncertainty((1.0, 0.5)) == 3
    assert light.uncertainty((0.25, 0.5)) == 10
