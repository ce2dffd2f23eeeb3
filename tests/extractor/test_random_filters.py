"""Filters that nobody trained: orthogonal, at the level that presets expect, the same on every machine."""

import numpy as np
import pytest

from pipeline.extractor import dead_leaves, random_filters
from pipeline.extractor.layers import LAYERS, QUARTER_WIDTHS, block_of


@pytest.fixture(scope="module")
def kernels():
    return random_filters.kernels()


def columns(kernel):
    return kernel.reshape(-1, kernel.shape[-1]).astype(np.float64)


def test_it_is_a_vgg19_of_quarter_width_without_biases(kernels):
    assert tuple(kernels) == LAYERS
    channels = 3
    for layer, (kernel, bias) in kernels.items():
        width = QUARTER_WIDTHS[block_of(layer) - 1]
        assert kernel.shape == (3, 3, channels, width)
        assert kernel.dtype == bias.dtype == np.float32
        np.testing.assert_array_equal(bias, np.zeros(width))
        channels = width


@pytest.mark.parametrize("layer", LAYERS)
def test_filters_of_a_layer_are_orthogonal_and_equally_strong(layer, kernels):
    products = columns(kernels[layer][0]).T @ columns(kernels[layer][0])
    strength = np.trace(products) / len(products)
    np.testing.assert_allclose(products / strength, np.eye(len(products)), atol=2e-3)


def test_the_same_seed_gives_the_same_bits_and_another_gives_others(kernels):
    again, other = random_filters.kernels(), random_filters.kernels(seed=1)
    for layer in LAYERS:
        np.testing.assert_array_equal(kernels[layer][0], again[layer][0])
        assert not np.array_equal(kernels[layer][0], other[layer][0])


def test_values_have_eleven_bits(kernels):
    """So rounded, they do not depend on the order in which a machine adds."""
    for kernel, _ in kernels.values():
        np.testing.assert_array_equal(kernel, kernel.astype(np.float16).astype(np.float32))


def test_activations_of_another_picture_are_at_the_stated_levels(kernels):
    activations = dead_leaves.calibration_picture(np.random.default_rng(7), 96)
    for layer, response in walk(activations, kernels):
        assert response.mean() == pytest.approx(random_filters.LEVELS[layer], rel=0.5), layer


def test_positions_of_deep_layers_differ(kernels):
    """Without the filters' being orthogonal to the mean patch, 0.8 of the energy would be the mean's."""
    activations = dead_leaves.calibration_picture(np.random.default_rng(7), 96)
    *_, (_, deepest) = walk(activations, kernels)
    mean = deepest.mean((0, 1))
    assert mean @ mean / np.square(deepest).sum(2).mean() < 0.5


def test_the_calibration_picture_has_the_statistics_of_a_photograph():
    picture = dead_leaves.calibration_picture(np.random.default_rng(3), 96)
    assert picture.shape == (96, 96, 3)
    assert np.abs(picture).max() <= 130
    assert 40 < picture.std() < 80
    across = np.abs(np.diff(picture, axis=1)).mean(2)
    assert np.median(across) < 8 < np.percentile(across, 97)  # flat, with edges
    colours = np.corrcoef(picture.reshape(-1, 3).T)
    assert colours.min() > 0.7


def walk(activations, kernels):
    """Each layer's activations (h, w, channels), by a convolution written out in shifts."""
    block = 1
    for layer, (kernel, _) in kernels.items():
        if block_of(layer) > block:
            block = block_of(layer)
            activations = activations.reshape(
                activations.shape[0] // 2, 2, activations.shape[1] // 2, 2, -1
            ).max((1, 3))
        height, width, _ = activations.shape
        padded = np.pad(activations, ((1, 1), (1, 1), (0, 0)))
        activations = np.maximum(
            sum(
                padded[row : row + height, column : column + width] @ kernel[row, column]
                for row in range(3)
                for column in range(3)
            ),
            0,
        )
        yield layer, activations
