"""How steady a pastiche is: closed forms on drawn clips with their true motion."""

import math
from collections.abc import Iterator

import numpy as np
import pytest

from pipeline.errors import InputError
from pipeline.motion.flow import Motion
from pipeline.steadiness import curves, frame_measures
from pipeline.steadiness.curves import LONG_TERM_GAP, Steadiness
from pipeline.steadiness.true_motion import TrueMotion
from tests.support.drawn_motion import PAN, draw
from tests.support.media import scene

SIZE = 48, 64
COUNT = 12

Frames = list[np.ndarray]


def measured(source: Frames, pastiche: Frames, motions=None, starts=(0,)) -> Steadiness:
    return curves.measure(source, pastiche, starts, motions)


def held(count: int = COUNT) -> tuple[Frames, TrueMotion]:
    """A picture that stands still, with its true motion."""
    cameras = np.tile(np.eye(2, 3), (1, count, 1, 1))
    return [scene(1, *SIZE)] * count, TrueMotion(cameras, np.zeros((count, *SIZE), np.uint8))


def grey(*values: float) -> Frames:
    """One frame of one colour for each value."""
    return [np.full((*SIZE, 3), value, np.uint8) for value in values]


def recoloured(frames: Frames) -> Frames:
    """Another colour map: its channels swapped, darker, one of them inverted."""
    return [
        np.rint(np.dstack([255 - frame[..., 2], frame[..., 0], 0.6 * frame[..., 1]])).astype(np.uint8)
        for frame in frames
    ]


@pytest.mark.parametrize("kind", ["pan", "zoom", "rotation", "sprite"])
def test_a_pastiche_that_moves_with_its_source_is_steady(kind: str) -> None:
    """What is left is the rounding to whole levels and the interpolation: less than 0.7 levels."""
    frames, true = draw(kind, COUNT, SIZE)
    result = measured(frames, recoloured(frames), true)
    assert 0 < result.mean_warping_error < (0.7 / 255) ** 2
    assert 0 < result.mean_long_term_error < (0.7 / 255) ** 2


def test_a_pastiche_that_alternates_by_a() -> None:
    a = 6
    source, true = held()
    result = measured(source, grey(*(100 + a * (-1) ** t for t in range(COUNT))), true)
    assert result.warping_error == (None, *[pytest.approx((2 * a / 255) ** 2)] * (COUNT - 1))
    # five frames apart the sign differs, too
    assert result.long_term_error[LONG_TERM_GAP:] == (
        *[pytest.approx((2 * a / 255) ** 2)] * (COUNT - LONG_TERM_GAP),
    )
    assert result.flicker == (None, *[pytest.approx(a)] * (COUNT - 2), None)
    assert result.largest_drift == result.largest_departure == pytest.approx(2 * a)


def test_a_pastiche_that_grows_brighter_by_b_a_frame() -> None:
    b = 3
    source, true = held()
    result = measured(source, grey(*(50 + b * t for t in range(COUNT))), true)
    assert result.mean_warping_error == pytest.approx((b / 255) ** 2)
    assert result.mean_long_term_error == pytest.approx((LONG_TERM_GAP * b / 255) ** 2)
    assert result.long_term_error[:LONG_TERM_GAP] == (None,) * LONG_TERM_GAP
    assert result.drift == (None, *(pytest.approx(b * t) for t in range(1, COUNT)))
    assert result.departure == result.drift
    assert result.largest_drift == pytest.approx(b * (COUNT - 1))
    assert result.mean_flicker == pytest.approx(0, abs=1e-4)


def test_drift_is_of_the_mean_and_departure_of_each_pixel() -> None:
    """One channel moves by 9; and half of the pixels by +4, the others by -4, in another."""
    source, true = held(2)
    first, second = grey(100, 100)
    second[..., 1] += 9
    second[..., 2] = np.where(np.arange(SIZE[1]) % 2, 104, 96)
    result = measured(source, [first, second], true)
    assert result.largest_drift == pytest.approx(9)
    assert result.largest_departure == pytest.approx(math.sqrt((9**2 + 4**2) / 3))


def panned(pixels: float, count: int) -> TrueMotion:
    """A view that moves to the right over one surface, by ``pixels`` a frame."""
    cameras = np.tile(np.eye(2, 3), (1, count, 1, 1))
    cameras[0, :, 0, 2] = pixels * np.arange(count)
    return TrueMotion(cameras, np.zeros((count, *SIZE), np.uint8))


def ramp(slope: int, size: tuple[int, int] = SIZE) -> np.ndarray:
    """Grey that rises by ``slope`` levels a pixel to the right."""
    row = np.tile(slope * np.arange(size[1], dtype=np.uint8), (size[0], 1))
    return np.repeat(row[..., None], 3, axis=2)


@pytest.mark.parametrize("pixels", [1, 2.5])
def test_a_frozen_picture_over_a_pan(pixels: float) -> None:
    """A slope of g levels a pixel, warped by d pixels, is g·d off; OpenCV's kernel keeps a ramp nearly."""
    result = measured(held()[0], [ramp(3)] * COUNT, panned(pixels, COUNT))
    assert result.mean_warping_error == pytest.approx((3 * pixels / 255) ** 2, rel=1e-3)
    assert result.mean_long_term_error == pytest.approx((LONG_TERM_GAP * 3 * pixels / 255) ** 2, rel=1e-3)


def test_hidden_places_do_not_count() -> None:
    frames, true = draw("sprite", 20, SIZE)
    hidden = true(0, 19).weights == 0
    uncovered = hidden & (true.surfaces[0] == 1) & (true.surfaces[19] == 0)
    assert uncovered.sum() > 50
    first, last = np.full((*SIZE, 3), 90, np.uint8), np.full((*SIZE, 3), 90, np.uint8)
    last[uncovered] = 255
    pair = [first, last]
    result = measured([frames[0], frames[19]], pair, lambda _, later: true(0, 19))
    assert result.mean_warping_error == pytest.approx(0, abs=1e-12)
    blind = measured(
        [frames[0], frames[19]], pair, lambda *_: Motion(true(0, 19).flow, np.ones(SIZE, np.float32))
    )
    assert blind.mean_warping_error > 1e-3


def test_nothing_is_measured_across_a_cut() -> None:
    """The pastiche jumps by 100 levels at the cut; the source is one picture, then another."""
    source = [scene(1, *SIZE)] * 7 + [scene(2, *SIZE)] * 8
    styled = grey(*[50] * 7, *[150] * 8)
    asked: list[tuple[int, int]] = []

    def motions(earlier: int, later: int) -> Motion:
        asked.append((earlier, later))
        return Motion(np.zeros((*SIZE, 2), np.float32), np.ones(SIZE, np.float32))

    result = measured(source, styled, motions, starts=[0, 7])
    assert result.starts == (0, 7)
    assert [pair for pair in asked if pair[0] < 7 <= pair[1]] == []
    for name in ("warping_error", "long_term_error", "drift", "departure", "flicker"):
        curve = getattr(result, name)
        assert len(curve) == 15
        assert {value for value in curve if value is not None} == {0}
        assert curve[7] is None
    assert (result.flicker[6], result.flicker[8]) == (None, 0)
    assert [at for at, value in enumerate(result.long_term_error) if value is not None] == [5, 6, 12, 13, 14]
    across = measured(source, styled, motions)
    assert across.warping_error[7] == pytest.approx((100 / 255) ** 2)


def test_without_a_still_place_there_is_no_drift_and_no_flicker() -> None:
    """A place counts as still only if it was so in every frame: here each half moves once, for one frame."""
    base, left, right = (scene(1, *SIZE) for _ in range(3))
    left[:, :40] = 255 - left[:, :40]
    right[:, 24:] = 255 - right[:, 24:]
    _, true = held(4)
    result = measured([base, left, right, base], grey(1, 2, 3, 4), true)
    assert result.drift[1] == pytest.approx(1)
    assert result.drift[2:] == result.departure[2:] == (None, None)
    assert result.flicker[2] is None
    assert (result.mean_flicker, result.largest_drift) == (None, pytest.approx(1))


def test_still_places_are_measured_where_another_moves() -> None:
    """The source moves in its left half; there the pastiche drifts by 40, on the right by 5."""
    base, other = scene(1, *SIZE), scene(1, *SIZE)
    other[:, :32] = 255 - other[:, :32]
    first, second = grey(100, 140)
    second[:, 24:] = 105
    result = measured([base, other], [first, second], held(2)[1])
    assert result.largest_drift == pytest.approx(5)


def test_sharpness_of_a_checkerboard() -> None:
    """Each Laplacian is ±4·(difference), so that its variance is (4·difference)²."""
    rows, columns = np.indices(SIZE)
    board = np.repeat(np.where((rows + columns) % 2, 110, 90)[..., None], 3, axis=2).astype(np.float32)
    assert frame_measures.sharpness(board) == pytest.approx((4 * 20) ** 2, rel=1e-6)
    flat = np.full_like(board, 100)
    frames = [picture.astype(np.uint8) for picture in (board, flat, board, board)]
    result = measured(*(held(4)[0], frames), held(4)[1])
    assert result.sharpness == (*(pytest.approx(value, abs=1e-6) for value in (6400, 0, 6400, 6400)),)
    assert result.mean_sharpness == pytest.approx(4800)
    assert result.sharpness_jump == (None, pytest.approx(4 / 3), pytest.approx(4 / 3), pytest.approx(0))
    assert result.largest_sharpness_jump == pytest.approx(4 / 3)


def test_flat_pictures_have_no_sharpness_to_jump() -> None:
    result = measured(held(3)[0], grey(1, 2, 3), held(3)[1])
    assert (result.mean_sharpness, result.largest_sharpness_jump) == (0, 0)


def test_the_estimated_motion_gives_about_the_true_error() -> None:
    """Within 2 in a hundred, of a pastiche whose noise is new in every frame."""
    frames, true = draw("pan", 9, (90, 160))
    rng = np.random.default_rng(0)
    noisy = [np.clip(frame + rng.normal(0, 6, frame.shape), 0, 255).astype(np.uint8) for frame in frames]
    known, estimated = measured(frames, noisy, true), measured(frames, noisy)
    assert known.mean_warping_error > (6 / 255) ** 2
    assert estimated.mean_warping_error == pytest.approx(known.mean_warping_error, rel=0.02)
    assert estimated.mean_long_term_error == pytest.approx(known.mean_long_term_error, rel=0.02)


@pytest.mark.parametrize("size", [(24, 32), (96, 128)])
def test_a_pastiche_of_another_size(size: tuple[int, int]) -> None:
    """The frozen ramp again: the motion is as much larger or smaller as the picture."""
    result = measured(held(2)[0], [ramp(2, size)] * 2, panned(3, 2))
    assert result.mean_warping_error == pytest.approx((2 * 3 * size[1] / SIZE[1] / 255) ** 2, rel=1e-3)


def test_a_pastiche_of_another_size_with_estimated_motion() -> None:
    frames, _ = draw("pan", 2, SIZE)
    result = measured(frames, [ramp(4, (24, 32))] * 2)
    assert result.mean_warping_error == pytest.approx((4 * PAN[0] / 2 / 255) ** 2, rel=0.15)


def test_only_a_few_frames_are_held() -> None:
    alive: list[int] = []

    class Counted(np.ndarray):
        def __del__(self) -> None:
            if self.base is None:
                alive.remove(0)

    def frames() -> Iterator[np.ndarray]:
        for _ in range(30):
            alive.append(0)
            frame = np.ndarray.__new__(Counted, (*SIZE, 3), np.uint8)
            frame[:] = 7
            yield frame
            most.append(len(alive))

    most: list[int] = []
    measured(frames(), grey(*[5] * 30), held(30)[1])
    assert 1 < max(most) <= LONG_TERM_GAP + 4


@pytest.mark.parametrize(("sources", "pastiches"), [(3, 5), (5, 3), (2, 0)])
def test_other_numbers_of_frames_are_refused(sources: int, pastiches: int) -> None:
    with pytest.raises(InputError, match=f"the source has {sources} frames, the pastiche {pastiches};"):
        measured(iter(held(sources)[0]), iter(grey(*[9] * pastiches)), held(5)[1])


@pytest.mark.parametrize("count", [0, 1])
def test_a_clip_without_a_second_frame_is_refused(count: int) -> None:
    with pytest.raises(InputError, match="no second frame"):
        measured(held(count)[0], grey(*[9] * count), held(1)[1])


@pytest.mark.parametrize(("difference", "still"), [(0, True), (2, True), (4, False), (7, False)])
def test_a_place_that_differs_by_three_levels_or_more_does_not_stand_still(
    difference: int, still: bool
) -> None:
    one, other = grey(100, 100 + difference)
    assert (frame_measures.stands_still(one, other) == still).all()
