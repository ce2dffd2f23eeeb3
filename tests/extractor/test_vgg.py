"""The extractor against Keras' own network, and against itself."""

import keras
import numpy as np
import pytest
from keras import ops

from pipeline.core.backend import CompiledGradient
from pipeline.errors import SettingsError, WeightsError
from pipeline.extractor import layers
from pipeline.extractor.vgg import CHANNEL_MEANS_BGR, Extractor
from pipeline.extractor.weights import Weights
from tests.support import reference
from tests.support.extracting import compared
from tests.support.tiny_weights import WIDTHS, readout, tiny_weights


def picture(height: int = 33, width: int = 40, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0, 255, (height, width, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def keras_network():
    keras.utils.set_random_seed(0)
    network = keras.applications.VGG19(weights=None, include_top=False, input_shape=(32, 32, 3))
    yield network
    keras.backend.clear_session()


def test_equals_keras_network(keras_network):
    kernels = {layer: tuple(keras_network.get_layer(layer).get_weights()) for layer in layers.LAYERS}
    actual = compared(Extractor(Weights("file", kernels, {}, "", "keras")), picture(32, 32))
    inputs = picture(32, 32)[..., ::-1] - np.array(CHANNEL_MEANS_BGR, np.float32)
    outputs = {layer: keras_network.get_layer(layer).output for layer in layers.LAYERS}
    desired = keras.Model(keras_network.inputs[0], outputs)(inputs[None])
    assert list(actual) == list(layers.LAYERS)
    for layer in layers.LAYERS:
        scale = np.abs(desired[layer]).max()
        np.testing.assert_allclose(
            actual[layer], desired[layer][0], rtol=1e-4, atol=1e-5 * scale, err_msg=layer
        )


def test_means_are_those_of_keras_preprocessing():
    black = np.zeros((1, 1, 1, 3), np.float32)
    desired = -keras.applications.vgg19.preprocess_input(black).ravel()
    np.testing.assert_allclose(CHANNEL_MEANS_BGR, desired, rtol=1e-6)


@pytest.mark.parametrize("pooling", ["max", "avg"])
def test_equals_the_reference(pooling):
    weights = tiny_weights()
    actual = compared(Extractor(weights, pooling), picture())
    desired = reference.Network(weights.kernels, pooling).forward(picture().astype(float))
    for layer in layers.LAYERS:
        scale = np.abs(desired[layer]).max()
        np.testing.assert_allclose(actual[layer], desired[layer], rtol=1e-4, atol=1e-5 * scale, err_msg=layer)


def test_shapes_halve_at_each_pooling_and_widths_come_from_the_weights():
    activations = compared(Extractor(tiny_weights()), picture(33, 40))
    for layer in layers.LAYERS:
        block = layers.block_of(layer)
        desired = (33 >> (block - 1), 40 >> (block - 1), WIDTHS[block - 1])
        assert tuple(activations[layer].shape) == desired


def test_a_readout_maps_the_activations_of_its_layer_alone():
    matrix = readout(4, 3)
    plain = compared(Extractor(tiny_weights()), picture())
    read = compared(Extractor(tiny_weights(readouts={"block2_conv1": matrix})), picture())
    desired = np.asarray(plain["block2_conv1"]) @ matrix[:4] + matrix[4]
    np.testing.assert_allclose(read["block2_conv1"], desired, rtol=1e-4, atol=1e-4 * np.abs(desired).max())
    np.testing.assert_array_equal(read["block5_conv4"], plain["block5_conv4"])


@pytest.mark.parametrize("pooling", ["max", "avg"])
def test_bfloat16_keeps_two_digits(pooling):
    exact, rounded = (
        compared(Extractor(tiny_weights(), pooling, precision=precision), picture())
        for precision in ("float32", "bfloat16")
    )
    for layer in layers.LAYERS:
        assert rounded[layer].dtype == exact[layer].dtype == "float32"
        apart = np.linalg.norm(np.asarray(rounded[layer]) - exact[layer]) / np.linalg.norm(exact[layer])
        assert 1e-4 < apart < 0.05, layer


def test_the_first_layer_is_computed_in_float32_and_then_rounded():
    layer = "block1_conv1"
    exact, rounded = (
        compared(Extractor(tiny_weights(), layers=[layer], precision=precision), picture())[layer]
        for precision in ("float32", "bfloat16")
    )
    np.testing.assert_array_equal(rounded, ops.cast(ops.cast(exact, "bfloat16"), "float32"))


@pytest.mark.parametrize(("precision", "tolerance"), [("float32", 1e-5), ("bfloat16", 1e-2)])
def test_the_gradient_of_the_first_layer_is_the_reference(precision, tolerance):
    weights, layer, image = tiny_weights(), "block1_conv1", picture()
    network = reference.Network(weights.kernels, "max")
    slopes = np.random.default_rng(1).normal(size=network.forward(image.astype(float))[layer].shape)
    desired = network.backward({layer: slopes})
    extractor = Extractor(weights, layers=[layer], precision=precision)
    compiled = CompiledGradient(
        lambda x: [ops.sum(compared(extractor, x)[layer] * slopes.astype(np.float32))],
        image.shape,
        device="cpu",
    )
    _, actual = compiled(image)
    assert np.linalg.norm(actual - desired) < tolerance * np.linalg.norm(desired)


def test_returns_the_given_layers_and_needs_no_deeper_ones():
    whole = tiny_weights()
    kernels = {layer: whole.kernels[layer] for layer in layers.up_to_deepest(["block2_conv1"])}
    cut = Weights("file", kernels, {}, "", "cut")
    activations = compared(Extractor(cut, layers=["block2_conv1", "block1_conv1"]), picture())
    assert list(activations) == ["block1_conv1", "block2_conv1"]
    assert list(compared(Extractor(cut), picture())) == list(kernels)


def test_takes_whole_numbers_and_does_not_change_the_picture():
    whole = picture().astype(np.uint8)
    before = whole.copy()
    extractor = Extractor(tiny_weights(), layers=["block1_conv1"])
    np.testing.assert_array_equal(
        compared(extractor, whole)["block1_conv1"],
        compared(extractor, whole.astype(np.float32))["block1_conv1"],
    )
    np.testing.assert_array_equal(whole, before)


def test_missing_layer_is_reported():
    cut = Weights("file", {"block1_conv1": tiny_weights().kernels["block1_conv1"]}, {}, "", "cut.npz")
    with pytest.raises(WeightsError, match=r"cut\.npz.*block1_conv2"):
        Extractor(cut, layers=["block2_conv1"])


def test_unknown_layer_is_refused_with_the_nearest():
    with pytest.raises(SettingsError, match="block5_conv2"):
        Extractor(tiny_weights(), layers=["blok5_conv2"])
