import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.base.arrays import FloatArray
from pipeline.base.resizing import resize, size_to_fit

SIZES = st.integers(1, 5000)


def floats(height: int, width: int) -> FloatArray:
    return np.random.default_rng(0).uniform(0, 255, (height, width, 3)).astype(np.float32)


@given(st.tuples(SIZES, SIZES), SIZES)
def test_size_to_fit(size: tuple[int, int], longest_side: int) -> None:
    actual = size_to_fit(size, longest_side)
    assert max(actual) == min(max(size), longest_side)
    assert min(actual) >= 1
    if max(size) <= longest_side:
        assert actual == size
    scale = max(actual) / max(size)
    for new, old in zip(actual, size, strict=True):
        assert abs(new - old * scale) <= 0.5 or new == 1


@pytest.mark.parametrize(
    ("size", "desired"), [((3000, 4000), (384, 512)), ((4000, 3000), (512, 384)), ((1, 9000), (1, 512))]
)
def test_size_to_fit_by_hand(size: tuple[int, int], desired: tuple[int, int]) -> None:
    assert size_to_fit(size, 512) == desired


@given(st.tuples(st.integers(1, 40), st.integers(1, 40)), st.tuples(st.integers(1, 40), st.integers(1, 40)))
def test_resize_keeps_range_type_and_flat_colour(size: tuple[int, int], new: tuple[int, int]) -> None:
    actual = resize(floats(*size), new)
    assert actual.shape == (*new, 3) and actual.dtype == np.float32
    assert actual.min() >= 0 and actual.max() <= 255
    flat = resize(np.full((*size, 3), 200, np.float32), new)
    np.testing.assert_allclose(flat, 200, rtol=1e-5)


def test_resize_averages_when_it_shrinks() -> None:
    pixels = floats(8, 12)
    desired = pixels.reshape(4, 2, 4, 3, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(resize(pixels, (4, 4)), desired, rtol=1e-5)


def test_resize_takes_alpha_and_copies() -> None:
    alpha = floats(6, 6)[..., 0]
    assert resize(alpha, (3, 12)).shape == (3, 12)
    same = resize(alpha, (6, 6))
    np.testing.assert_array_equal(same, alpha)
    assert not np.shares_memory(same, alpha)


def test_resize_keeps_a_ramp_when_it_enlarges() -> None:
    ramp = np.broadcast_to(np.arange(0, 160, 10, np.float32)[None, :, None], (16, 16, 3))
    actual = resize(np.ascontiguousarray(ramp), (32, 32))[16, 4:-4, 0]
    np.testing.assert_allclose(np.diff(actual), 5, atol=1)
