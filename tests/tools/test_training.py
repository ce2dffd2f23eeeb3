"""Training: batches repeat, a stopped course continues to the same weights, folding is exact."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.extractor.random_filters import LEVELS
from pipeline.extractor.vgg import Extractor
from tools.training import course, crops, folding, gallery, network

CLASSES = 16

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"
)
"""Keras' own saving and reading of weights, with this TensorFlow and NumPy."""


@pytest.fixture(scope="module")
def pictures():
    return np.stack([gallery.pictures_of((0, number)) for number in range(CLASSES)])


def test_a_batch_is_a_function_of_seed_and_step(pictures):
    first, again = (crops.training(pictures, 1, 5, 12) for _ in range(2))
    np.testing.assert_array_equal(first.images, again.images)
    np.testing.assert_array_equal(first.maps, again.maps)
    for other in (crops.training(pictures, 1, 6, 12), crops.training(pictures, 2, 5, 12)):
        assert not np.array_equal(first.images, other.images)


def test_the_answers_to_a_batch_agree_with_its_map(pictures):
    batch = crops.training(pictures, 0, 0, 48)
    assert batch.images.min() >= 0 and batch.images.max() <= 255
    np.testing.assert_allclose(batch.shares.sum(1), 1, rtol=1e-5)
    whole = batch.shares.max(1) == 1
    assert 0.3 < whole.mean() < 0.9
    assert not batch.borders_at(8)[whole].any()
    assert batch.borders_at(8)[~whole].any((1, 2, 3)).mean() > 0.9
    for grid in (8, 4):
        desired = batch.shares.argmax(1)[whole, None, None]
        assert (batch.classes_at(grid)[whole] == desired).all()


def test_a_cells_picture_is_its_colours_averaged(pictures):
    batch = crops.training(pictures, 0, 0, 2)
    actual = batch.colours_at(4)[1, 2, 3].reshape(4, 4, 3)[1, 2]
    desired = (batch.images[1, 32 + 4 : 32 + 8, 48 + 8 : 48 + 12].mean((0, 1)) - 127.5) / 64
    np.testing.assert_allclose(actual, desired, atol=1e-5)


def test_the_held_out_pictures_are_never_trained_on(pictures):
    marked = pictures.copy()
    marked[:, -1] = 255 - marked[:, -1]
    np.testing.assert_array_equal(
        crops.training(marked, 0, 3, 24).images, crops.training(pictures, 0, 3, 24).images
    )
    assert not np.array_equal(crops.held_out(marked, 0).images, crops.held_out(pictures, 0).images)


class Stopped(Exception):
    pass


def both_courses(pictures, folder: Path, monkeypatch: pytest.MonkeyPatch):
    """The same short course twice: in one go, and stopped after its first checkpoint."""
    begun = {"seed": 3, "steps": 3, "report_every": 2, "batch": 8}
    straight = course.Course(folder=folder / "straight", **begun).run(pictures)
    keep = course._keep

    def keep_and_stop(*arguments):
        keep(*arguments)
        raise Stopped

    with monkeypatch.context() as patch:
        patch.setattr(course, "_keep", keep_and_stop)
        with pytest.raises(Stopped):
            course.Course(folder=folder / "stopped", **begun).run(pictures)
    return straight, course.Course(folder=folder / "stopped", **begun).run(pictures)


def check_same(straight, resumed) -> None:
    (model, log), (model_of_resumed, log_of_resumed) = straight, resumed
    assert log == log_of_resumed
    assert [row["step"] for row in log] == [2, 3]
    for desired, actual in zip(model.get_weights(), model_of_resumed.get_weights(), strict=True):
        np.testing.assert_array_equal(actual, desired)


@pytest.mark.slow
def test_a_stopped_course_continues_to_the_same_weights(pictures, tmp_path, monkeypatch):
    check_same(*both_courses(pictures, tmp_path, monkeypatch))


def test_a_stopped_course_continues_with_the_next_batch(pictures, tmp_path, monkeypatch):
    """As above, with a step that needs no gradient: it adds the batch's mean to every bias of a norm."""
    import tensorflow as tf

    def cheap_step(model):
        if not model.optimizer.built:
            model.optimizer.build(model.trainable_variables)

        def step(images, changes, answers, limit):
            mean = tf.reduce_mean(images + changes) / 1000
            for norm in (layer for layer in model.layers if layer.name.endswith("_norm")):
                norm.beta.assign(norm.beta * 0.5 + mean)
            model.optimizer.iterations.assign_add(1)
            return mean, changes / 2

        return step

    monkeypatch.setattr(network, "hardened_step", cheap_step)
    straight, resumed = both_courses(pictures, tmp_path, monkeypatch)
    check_same(straight, resumed)
    betas = straight[0].get_layer("block1_conv1_norm").beta
    assert float(np.ptp(betas)) == 0 < float(betas[0])


@pytest.fixture(scope="module")
def model():
    """A network as it begins, but with gains, offsets and statistics in its batch norms."""
    import keras

    keras.utils.set_random_seed(0)
    model, rng = network.build(CLASSES), np.random.default_rng(0)
    for norm in (layer for layer in model.layers if layer.name.endswith("_norm")):
        width = norm.gamma.shape[0]
        gamma, variance = rng.uniform(0.5, 1.5, (2, width))
        beta, mean = rng.normal(0, 0.2, (2, width))
        norm.set_weights([gamma, beta, mean, variance])
    return model


def test_folded_convolutions_give_the_networks_activations(model, pictures):
    """At every head's layer, up to the rounding to float16."""
    import keras

    image = pictures[5, 0, : crops.CROP, : crops.CROP].astype(np.float32)
    layer = "block4_conv2"
    norm = model.get_layer(f"{layer}_norm").output
    desired = np.maximum(keras.Model(model.input, norm).predict(image[None], verbose=0)[0], 0)
    extractor = Extractor(folding.as_weights(folding.folded(model), {}), "avg", [layer])
    actual = np.asarray(extractor.activations(image)[layer])
    assert np.abs(actual - desired).max() < 0.02 * desired.max()


def test_scales_bring_each_layer_to_the_presets_level(model, pictures):
    kernels = folding.folded(model)
    scales = folding.scaled(kernels, pictures[:4, -1])
    extractor = Extractor(folding.as_weights(kernels, scales), "avg")
    found = [extractor.activations(picture) for picture in pictures[:4, -1]]
    for layer, level in LEVELS.items():
        assert np.mean([np.mean(features[layer]) for features in found]) == pytest.approx(level, rel=1e-3)


@pytest.mark.slow
def test_a_step_changes_pixels_so_that_the_loss_rises(pictures):
    """The changes that a step returns raise the loss of the network that it has trained."""
    import keras
    import tensorflow as tf

    keras.utils.set_random_seed(0)
    model = network.build(CLASSES)
    network.compile_for(model, 100)
    batch = crops.training(pictures, 0, 0, 16)
    answers = network.answers_to(batch)
    step = network.hardened_step(model)
    unchanged = tf.zeros_like(tf.constant(batch.images))
    _, changes = step(tf.constant(batch.images), unchanged, answers, 3.0)
    assert float(tf.reduce_max(tf.abs(changes))) == 3.0
    worse, _ = step(tf.constant(batch.images), changes, answers, 3.0)
    better, _ = step(tf.constant(batch.images), -changes, answers, 3.0)
    assert float(worse) > float(better)
