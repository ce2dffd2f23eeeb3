"""Pool and upsample: the size stays, plain pictures stay, noise goes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.core.smoothing import pool_and_upsample


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).uniform(0, 255, (height, width, 3)).astype(np.float32)


@settings(deadline=None, max_examples=20)
@given(st.integers(1, 21), st.integers(1, 21), st.floats(0, 255, width=32))
def test_plain_picture_of_any_size_stays(height, width, level):
    plain = np.full((height, width, 3), level, np.float32)
    np.testing.assert_allclose(pool_and_upsample(plain), plain, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("size", [(16, 16), (17, 16), (16, 17), (33, 47)])
def test_noise_fades_and_the_mean_stays(size):
    before = noise(*size)
    after = pool_and_upsample(before)
    assert after.shape == before.shape and after.dtype == np.float32
    assert after.std() < 0.6 * before.std()
    assert after.mean() == pytest.approx(before.mean(), rel=0.03)


def test_border_is_no_darker_than_the_middle():
    plain = np.full((15, 15, 3), 200, np.float32)
    assert pool_and_upsample(plain)[[0, -1]].min() > 199.9


def test_checkerboard_becomes_grey():
    rows, columns = np.mgrid[:8, :8]
    board = np.repeat(255.0 * ((rows + columns) % 2)[..., None], 3, axis=2)
    np.testing.assert_allclose(pool_and_upsample(board), 127.5, rtol=1e-6)


def test_known_row():
    # Pairs average to 0 and 8; between their centres at 0.5 and 2.5 the values are linear.
    row = np.repeat(np.array([0, 0, 8, 8], np.float32)[None, :, None], 3, axis=2)
    np.testing.assert_allclose(pool_and_upsample(row)[0, :, 0], [0, 2, 6, 8], rtol=1e-6)


def test_the_picture_is_not_changed():
    before = noise(9, 9)
    kept = before.copy()
    pool_and_upsample(before)
    np.testing.assert_array_equal(before, kept)
