"""The windows of a picture in tiles: own parts cover it once, and windows hold all that they depend on."""

import hypothesis
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.tiles import Grid, Reach, Span, grid, spans, window_length

DEEP = Reach(16, 80)


@pytest.mark.parametrize(
    ("layer", "reach"),
    [
        ("block1_conv1", Reach(1, 1)),
        ("block1_conv2", Reach(1, 2)),
        ("block2_conv2", Reach(2, 6)),  # 2 of block 1 and 2·2
        ("block4_conv2", Reach(8, 40)),  # 2 + 4 + 16 + 2·8 = 38
        ("block5_conv1", Reach(16, 80)),  # 2 + 4 + 16 + 32 + 16 = 70
        ("block5_conv4", Reach(16, 128)),  # 2 + 4 + 16 + 32 + 64 = 118
    ],
)
def test_a_layer_sees_as_far_as_its_kernels_reach_together(layer, reach):
    assert Reach.of(["block1_conv1", layer]) == reach


def test_three_windows_by_hand():
    assert spans(1003, 3, DEEP) == (
        Span(0, 448, 0, 368),
        Span(288, 736, 368, 624),
        Span(544, 1003, 624, 1003),  # 992 - 448, and the 11 odd pixels
    )


@hypothesis.settings(deadline=None)
@given(length=st.integers(16, 3000), count=st.integers(1, 12), deepest=st.sampled_from([1, 4, 16]))
def test_own_parts_are_the_picture_and_lie_a_halo_inside(length, count, deepest):
    reach = {1: Reach(1, 2), 4: Reach(4, 24), 16: DEEP}[deepest]
    if length < reach.stride or window_length(length, count, reach) is None:
        return
    windows = spans(length, count, reach)
    assert 1 <= len(windows) <= count
    np.testing.assert_array_equal(
        np.concatenate([np.arange(window.own_start, window.own_stop) for window in windows]),
        np.arange(length),
    )
    for window in windows:
        assert window.start % reach.stride == window.own_start % reach.stride == 0
        assert window.start == max(0, window.own_start - reach.halo) or window is windows[-1]
        assert window.start == 0 or window.own_start - window.start >= reach.halo
        assert window.stop == length or window.stop - window.own_stop >= reach.halo
        assert window.own_stop > window.own_start
        assert 0 <= window.start < window.stop <= length
    assert len({window.stop - window.start for window in windows}) <= 2


def test_a_grid_has_the_least_work_within_the_pixels():
    """Of a square, the least halo is computed by squares; of a strip, by pieces of it."""
    square = grid((1600, 1600), DEEP, 700_000)
    assert square is not None and (square.rows, square.columns) == (2, 3)
    strip = grid((64, 100_000), DEEP, 64 * 2000)
    assert strip is not None and strip.rows == 1
    for size, most, made in (((1600, 1600), 700_000, square), ((64, 100_000), 128_000, strip)):
        for tile in made.tiles(size):
            rows, columns = tile.window
            assert (rows.stop - rows.start) * (columns.stop - columns.start) <= most
    assert grid((1600, 1600), DEEP, 1600 * 1600) == Grid(1, 1, DEEP)
    assert grid((1600, 1600), DEEP, 160 * 160) is None
