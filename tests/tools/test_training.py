"""Distillation: batches repeat, a stopped course ends in the same weights, pruning and folding are exact."""

import io
import re
import zipfile

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from pipeline.extractor.layers import LAYERS
from pipeline.extractor.vgg import Extractor
from tests.support.extracting import compared
from tests.support.tiny_weights import tiny_weights
from tools import show_training
from tools.training import course, crops, folding, network, pastiches, photographs, pruning, teacher

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"
)
"""Keras' own saving and reading of weights, with this TensorFlow and NumPy."""

NARROW = tiny_weights(widths=(8, 12, 12, 12, 12))
"""A teacher that is narrower than the student in every layer, so that the student can be equal to it."""

LEVELS = dict.fromkeys(LAYERS, 2.0)


def pictures(seed: int, count: int = 3, side: int = 160) -> list[np.ndarray]:
    """Smooth random pictures: uint8 (side, side + 10, 3)."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (count, side // 8, side // 8 + 2, 3), np.uint8)
    return [np.asarray(Image.fromarray(grid).resize((side + 10, side), Image.BICUBIC)) for grid in coarse]


GROUPS = [(1.0, pictures(0))]


def test_a_batch_is_a_function_of_seed_and_step():
    first, again = (crops.training(GROUPS, 1, 5, 4) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert first.shape == (4, crops.CROP, crops.CROP, 3)
    assert first.min() >= 0 and first.max() <= 255
    for other in (crops.training(GROUPS, 1, 6, 4), crops.training(GROUPS, 2, 5, 4)):
        assert not np.array_equal(first, other)


def test_groups_have_their_shares_of_the_crops():
    black, white = (np.full((120, 120, 3), level, np.uint8) for level in (0, 255))
    means = crops.training([(3.0, [black]), (1.0, [white])], 0, 0, 400).mean((1, 2, 3))
    assert 0.15 < np.mean(means > 127) < 0.35  # a quarter; one in twenty of all is a negative


def test_the_teacher_is_the_extractor_in_sixteen_bits():
    images = crops.training(GROUPS, 0, 0, 2)
    found = teacher.of(NARROW)(tf.constant(images))
    for layer, desired in compared(Extractor(NARROW), images[1]).items():
        assert found[layer].dtype == tf.bfloat16
        apart = np.asarray(tf.cast(found[layer][1], tf.float32)) - np.asarray(desired)
        assert np.linalg.norm(apart) < 0.05 * np.linalg.norm(desired), layer


def activations(seed: int = 0) -> dict[str, tf.Tensor]:
    rng = np.random.default_rng(seed)
    return {layer: tf.constant(rng.gamma(1, 1, (2, 8, 8, 5)), tf.float32) for layer in LAYERS}


def test_a_perfect_prediction_has_no_error_and_none_at_all_has_one():
    desired = activations()
    sampled = {layer: network._sampled(array, layer) for layer, array in desired.items()}
    levels = {layer: float(np.sqrt(np.mean(np.square(array)))) for layer, array in sampled.items()}
    perfect = {layer: array / levels[layer] for layer, array in sampled.items()}
    nothing = {layer: tf.zeros_like(array) for layer, array in perfect.items()}
    assert max(map(float, network.errors(desired, perfect, levels).values())) < 1e-12
    for name, error in network.errors(desired, nothing, levels).items():
        assert float(error) == pytest.approx(1, rel=1e-4), name


@pytest.fixture(scope="module")
def student():
    """A pruned student of NARROW."""
    keras.utils.set_random_seed(0)
    model = network.build(NARROW.channels)
    pruning.begin(model, NARROW, LEVELS, GROUPS, seed=0, count=10)
    return model


def test_a_student_with_room_for_every_channel_is_its_teacher(student):
    images = tf.constant(crops.training(GROUPS, 1, 0, 4))
    levels = course.levels_of(teacher.of(NARROW), GROUPS, 0)
    predicted = {layer: array * (2.0 / levels[layer]) for layer, array in student(images).items()}
    found = network.errors(teacher.of(NARROW)(images), predicted, levels)
    assert max(map(float, found.values())) < 0.02


def test_the_channels_that_are_kept_are_those_from_which_the_others_follow():
    rng = np.random.default_rng(0)
    free = rng.normal(size=(500, 3)) * (1, 2, 3)
    dependent = free @ rng.normal(0, 0.3, (3, 5))
    mixed = np.concatenate([dependent[:, :2], free, dependent[:, 2:]], 1).astype(np.float32)
    kept = pruning._kept(mixed, 3)
    predictor, constant = pruning._fit([(mixed[:, kept], mixed)])
    assert np.abs(mixed[:, kept] @ predictor + constant - mixed).max() < 0.05
    assert len(set(pruning._kept(mixed, 6))) == 6  # more than there are dimensions


def test_what_is_stored_gives_the_students_distances(student):
    """Between two pictures, of the predictions and of their Gram matrices, up to the rounding to float16."""
    images = crops.training(GROUPS, 2, 0, 2)
    stored = Extractor(folding.folded(student, LEVELS))
    own = [compared(stored, image) for image in images]
    predicted = student(tf.constant(images))
    for layer in ("block1_conv1", "block3_conv1", "block4_conv2"):
        stride = {1: 4, 2: 2}.get(int(layer[5]), 1)
        one, other = (np.asarray(features[layer], np.float64)[::stride, ::stride] for features in own)
        first, second = np.asarray(predicted[layer], np.float64) * LEVELS[layer]
        apart, desired = np.mean((one - other) ** 2), np.mean((first - second) ** 2)
        assert apart == pytest.approx(desired, rel=0.02), layer


class Stopped(Exception):
    pass


@pytest.mark.slow
def test_a_stopped_course_continues_to_the_same_weights(tmp_path, monkeypatch):
    begun = {"name": "one", "seed": 3, "steps": 3, "report_every": 2, "batch": 2}
    taught = (teacher.of(NARROW), LEVELS, GROUPS, lambda model: None)
    straight, log = course.Course(folder=tmp_path / "straight", **begun).run(*taught)
    keep = course._keep

    def keep_and_stop(*arguments):
        keep(*arguments)
        raise Stopped

    with monkeypatch.context() as patch:
        patch.setattr(course, "_keep", keep_and_stop)
        with pytest.raises(Stopped):
            course.Course(folder=tmp_path / "stopped", **begun).run(*taught)
    resumed, log_of_resumed = course.Course(folder=tmp_path / "stopped", **begun).run(*taught)
    assert log == log_of_resumed
    assert [row["step"] for row in log] == [2, 3]
    for desired, actual in zip(straight.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_array_equal(actual, desired)


def test_pastiches_are_kept_on_their_way():
    made = pastiches.make(tiny_weights(), pictures(1), pictures(2), seed=0, count=1, side=120)
    assert all(picture.dtype == np.uint8 for picture in made)
    sides = [max(picture.shape) for picture in made]
    assert sides == sorted(sides) and sides[-4:] == [120] * 4 and len(made) >= 10  # three scales
    changes = [np.abs(made[-1] - picture.astype(float)).mean() for picture in made[-4:]]
    assert changes == sorted(changes, reverse=True) and changes[-2] > 0


def test_pictures_are_taken_from_a_wheel_by_their_names(tmp_path):
    stored = io.BytesIO()
    Image.fromarray(pictures(3)[0]).save(stored, "PNG")
    wheel = tmp_path / "some_package-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name in ("some/data/b.png", "some/data/a.png", "some/other/c.png"):
            archive.writestr(name, stored.getvalue())
    assert photographs._wheel("some-package==1.0", tmp_path) == wheel
    found = list(photographs._in_wheel(wheel, re.compile(r"some/data/.*\.png")))
    assert [picture.shape for picture in found] == [(160, 170, 3)] * 2


def test_a_large_photograph_is_shrunk_and_a_panorama_less():
    assert photographs._shrunk(np.zeros((900, 1280, 3), np.uint8)).shape == (450, 640, 3)
    assert photographs._shrunk(np.zeros((600, 1920, 3), np.uint8)).shape == (600, 1920, 3)


def test_the_training_of_a_file_is_shown():
    """Of the log what presets compare, at every so many steps and at the end."""
    numbers = dict.fromkeys(show_training.COLUMNS, 0.5) | {"block5_conv4": 7.0}
    origin = {
        "command": "python -m tools.train_builtin --steps 5",
        "teacher": "VGG19",
        "versions": {"python": "3.11", "numpy": "2.0"},
        "errors": [{"step": float(step), **numbers} for step in (1, 2, 3, 4, 5)],
    }
    *head, names, rule, first, second, last = show_training.lines(origin, every=2)
    assert head == ["python -m tools.train_builtin --steps 5", "VGG19", "python 3.11, numpy 2.0", ""]
    assert names.startswith("| step | block1_conv1 | ") and names.endswith(" | block5_conv1 gram |")
    assert rule.count("---") == names.count("|") - 1 == 12
    for step, row in ((2, first), (4, second), (5, last)):
        assert row == f"| {step} | " + " | ".join(["0.500"] * 11) + " |"
