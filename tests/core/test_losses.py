"""Closed forms first, then the NumPy reference, then what a preview relies on: size does not matter."""

import numpy as np
import pytest
from keras import ops

from pipeline.core.backend import CompiledGradient
from pipeline.core.losses import (
    content_loss,
    gram_matrix,
    style_loss,
    style_target,
    temporal_loss,
    total_variation,
)
from tests.support import reference

CONTENT_FORMS = ("mean", "gatys", "sum", "relative")
STYLE_FORMS = ("mean", "gatys", "keras", "per-channel", "relative")
TV_FORMS = ("l1", "l2", "l2-mean", "power", "power-mean")


def features(seed: int, shape: tuple[int, ...] = (6, 5, 4)) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0, 3, shape).astype(np.float32)


def checkerboard(side: int) -> np.ndarray:
    rows, columns = np.mgrid[:side, :side]
    return np.repeat(((rows + columns) % 2).astype(np.float32)[..., None], 3, axis=2)


def test_gram_matrix_of_two_known_channels():
    activations = np.array([[[1, 2], [3, 4]]], np.float32)  # positions (1, 2) and (3, 4)
    np.testing.assert_array_equal(gram_matrix(activations), [[10, 14], [14, 20]])


def test_gram_matrix_is_the_reference():
    actual, desired = gram_matrix(features(0)), reference.gram(features(0).astype(np.float64))
    np.testing.assert_allclose(actual, desired, rtol=1e-5)


def with_gradient(function, value: np.ndarray) -> tuple[float, np.ndarray]:
    terms, gradient = CompiledGradient(lambda x: [function(x)], value.shape, device="cpu")(value)
    return float(terms[0]), np.asarray(gradient)


def test_a_gram_matrix_through_a_readout_is_that_of_what_is_read_out():
    rng = np.random.default_rng(3)
    readout, slopes = rng.normal(size=(5, 7)).astype(np.float32), rng.normal(size=(7, 7)).astype(np.float32)

    def of_readout(x):
        return ops.sum(slopes * gram_matrix(x, readout))

    def of_what_is_read_out(x):
        return ops.sum(slopes * gram_matrix(ops.matmul(x, readout[:-1]) + readout[-1]))

    value, gradient = with_gradient(of_readout, features(0))
    desired_value, desired = with_gradient(of_what_is_read_out, features(0))
    assert value == pytest.approx(desired_value, rel=1e-4)
    np.testing.assert_allclose(gradient, desired, rtol=1e-3, atol=1e-4 * np.abs(desired).max())


@pytest.mark.parametrize("readout", [None, np.eye(5, 4, dtype=np.float32)], ids=["plain", "read out"])
def test_a_gram_matrix_of_bfloat16_is_summed_in_float32(readout):
    """1001 positions of 1: bfloat16, which has eight binary digits, has no such number."""
    ones = ops.ones((7, 143, 4), "bfloat16")
    assert gram_matrix(ones, readout).dtype == "float32"
    np.testing.assert_array_equal(gram_matrix(ones, readout), np.full((4, 4), 1001))


@pytest.mark.parametrize("readout", [None, np.eye(5, 4, dtype=np.float32)], ids=["plain", "read out"])
def test_the_gradient_of_a_gram_matrix_of_bfloat16_keeps_two_digits(readout):
    slopes = np.random.default_rng(4).normal(size=(4, 4)).astype(np.float32)
    exact, rounded = (
        with_gradient(
            lambda x, p=precision: ops.sum(slopes * gram_matrix(ops.cast(x, p), readout)), features(0)
        )[1]
        for precision in ("float32", "bfloat16")
    )
    assert 1e-4 < np.linalg.norm(rounded - exact) / np.linalg.norm(exact) < 0.01


@pytest.mark.parametrize(
    ("form", "desired"), [("mean", 4.0), ("gatys", 24.0), ("sum", 48.0), ("relative", 4 / 9)]
)
def test_content_loss_of_a_constant_difference(form, desired):
    activations = np.full((2, 2, 3), 5, np.float32)
    assert float(content_loss(activations, activations - 2, form)) == pytest.approx(desired)


@pytest.mark.parametrize(
    ("form", "desired"),
    [("mean", 9.0), ("gatys", 9 / 4), ("per-channel", 9 / 4), ("keras", 9 / 36), ("relative", 36 / 7)],
)
def test_style_loss_of_a_known_gram(form, desired):
    # Two channels that are 1 and 2 everywhere: G/M = [[1, 2], [2, 4]], and the target is 3 below it.
    activations = np.tile(np.array([1, 2], np.float32), (4, 4, 1))
    target = np.array([[1, 2], [2, 4]], np.float32) - 3
    # At half the picture's sides M is a quarter of its pixels: keras = 4·9 · (16/64)² / 36.
    actual = float(style_loss(activations, target, form, pixels=64))
    assert actual == pytest.approx(desired / 4 if form == "keras" else desired)


@pytest.mark.parametrize("form", STYLE_FORMS)
def test_style_loss_vanishes_at_the_target(form):
    assert float(style_loss(features(0), style_target(features(0)), form, pixels=30)) == 0


@pytest.mark.parametrize("factor", [1e-2, 1.0, 50.0])
def test_relative_losses_have_no_unit(factor):
    """Activations of another level, as another extractor has them, give the same loss; none at all give 1."""
    pair = factor * features(0), factor * features(1)
    desired = [float(np.sum((features(0) - features(1)) ** 2) / np.sum(features(1) ** 2))]
    grams = [reference.gram(features(number).astype(float)) for number in (0, 1)]
    desired.append(float(np.sum((grams[0] - grams[1]) ** 2) / np.sum(grams[1] ** 2)))
    actual = [
        float(content_loss(*pair, "relative")),
        float(style_loss(pair[0], style_target(pair[1]), "relative")),
    ]
    assert actual == pytest.approx(desired, rel=1e-4)
    nothing = 0 * pair[0]
    assert float(content_loss(nothing, pair[1], "relative")) == pytest.approx(1)
    assert float(style_loss(nothing, style_target(pair[1]), "relative")) == pytest.approx(1)


@pytest.mark.parametrize("form", ["mean", "relative"])
def test_a_layer_that_does_not_respond_costs_nothing(form):
    nothing = np.zeros((3, 4, 5), np.float32)
    assert float(content_loss(nothing, nothing, form)) == 0
    assert float(style_loss(nothing, style_target(nothing), form)) == 0


def test_style_loss_gatys_is_the_published_formula_where_the_sizes_agree():
    own, other = features(0).astype(np.float64), features(1).astype(np.float64)
    positions, channels = 30, 4
    desired = np.sum((reference.gram(own) - reference.gram(other)) ** 2) / (4 * channels**2 * positions**2)
    actual = float(style_loss(features(0), style_target(features(1)), "gatys"))
    assert actual == pytest.approx(desired, rel=1e-4)


def test_style_loss_keras_is_the_examples_formula():
    own, other = features(0).astype(np.float64), features(1).astype(np.float64)
    desired = np.sum((reference.gram(own) - reference.gram(other)) ** 2) / (4 * 3**2 * 120**2)
    actual = float(style_loss(features(0), style_target(features(1)), "keras", pixels=120))
    assert actual == pytest.approx(desired, rel=1e-4)


@pytest.mark.parametrize(
    ("form", "desired"),
    [
        ("l1", 2.0),
        ("l2", 2 * 3 * 8 * 7),
        ("l2-mean", 2.0),
        ("power", 3 * 49 * 2**1.25),
        ("power-mean", 3 * 2**1.25),
    ],
)
def test_total_variation_of_a_checkerboard(form, desired):
    assert float(total_variation(checkerboard(8), form)) == pytest.approx(desired, rel=1e-5)


@pytest.mark.parametrize("form", TV_FORMS)
def test_total_variation_of_a_plain_picture(form):
    assert float(total_variation(np.full((5, 7, 3), 9, np.float32), form)) == 0


def test_temporal_loss_counts_what_weighs_something():
    target = features(0, (4, 6, 3))
    weights = np.zeros((4, 6), np.float32)
    weights[:2, :3] = 2  # a quarter of the picture
    image = target + 3
    assert float(temporal_loss(image, target, weights)) == pytest.approx(9 * 2 / 4, rel=1e-5)
    image[:2, :3] = target[:2, :3]
    assert float(temporal_loss(image, target, weights)) == 0


def test_temporal_loss_and_its_gradient_are_the_reference():
    image, target, weights = features(0, (5, 7, 3)), features(1, (5, 7, 3)), features(2, (5, 7))
    loss, gradient = reference.temporal(*(each.astype(float) for each in (image, target, weights)))
    compiled = CompiledGradient(
        lambda *tensors: [temporal_loss(*tensors)], (5, 7, 3), (5, 7, 3), (5, 7), device="cpu"
    )
    terms, actual = compiled(image, target, weights)
    assert float(terms[0]) == pytest.approx(loss, rel=1e-5)
    np.testing.assert_allclose(actual, gradient, rtol=1e-5)


@pytest.mark.parametrize("form", CONTENT_FORMS)
def test_content_loss_is_the_reference(form):
    desired, _ = reference.content(features(0).astype(float), features(1).astype(float), form)
    assert float(content_loss(features(0), features(1), form)) == pytest.approx(desired, rel=1e-5)


@pytest.mark.parametrize("form", STYLE_FORMS)
def test_style_loss_is_the_reference_for_a_style_of_another_size(form):
    target = reference.gram(features(1, (9, 8, 4)).astype(float)) / 72
    desired, _ = reference.style(features(0).astype(float), target, form, 120)
    actual = float(style_loss(features(0), style_target(features(1, (9, 8, 4))), form, pixels=120))
    assert actual == pytest.approx(desired, rel=1e-4)


@pytest.mark.parametrize("form", TV_FORMS)
def test_total_variation_is_the_reference(form):
    image = 80 * features(2, (7, 9, 3))
    desired, _ = reference.total_variation(image.astype(float), form)
    assert float(total_variation(image, form)) == pytest.approx(desired, rel=1e-5)


@pytest.mark.parametrize("shape", [(7, 9, 3), (2, 2, 3), (2, 9, 3)])
@pytest.mark.parametrize("form", TV_FORMS)
def test_the_gradient_of_total_variation_is_the_reference(form, shape):
    image = 80 * features(2, shape)
    _, desired = reference.total_variation(image.astype(float), form)
    _, actual = with_gradient(lambda x: total_variation(x, form), image)
    np.testing.assert_allclose(actual, desired, rtol=1e-4, atol=1e-5 * np.abs(desired).max())


@pytest.mark.parametrize("weight", [0.5, 3.0])
def test_a_weight_multiplies_every_form(weight):
    image, target = 80 * features(2, (7, 9, 3)), style_target(features(1))
    pairs = [(content_loss, (features(0), features(1), form)) for form in CONTENT_FORMS]
    pairs += [(style_loss, (features(0), target, form, 120)) for form in STYLE_FORMS]
    pairs += [(total_variation, (image, form)) for form in TV_FORMS]
    for loss, arguments in pairs:
        desired = weight * float(loss(*arguments))
        assert float(loss(*arguments, weight=weight)) == pytest.approx(desired, rel=1e-5), arguments[-1]


@pytest.mark.parametrize("times", [2, 4])
def test_mean_forms_do_not_depend_on_the_size(times):
    def tiled(seed: int) -> np.ndarray:
        return np.tile(features(seed), (times, times, 1))

    content = [float(content_loss(*pair)) for pair in ((features(0), features(1)), (tiled(0), tiled(1)))]
    assert content[0] == pytest.approx(content[1], rel=1e-5)
    target = style_target(features(1))
    for form in ("mean", "gatys", "per-channel", "relative"):
        small, large = (float(style_loss(each, target, form)) for each in (features(0), tiled(0)))
        assert small == pytest.approx(large, rel=1e-4)


def test_power_mean_hardly_depends_on_the_size_and_power_does():
    picture = 80 * features(2, (32, 32, 3))
    tiled = np.tile(picture, (4, 4, 1))
    small, large = (float(total_variation(each)) for each in (picture, tiled))
    assert small == pytest.approx(large, rel=0.03)  # only the seams between the tiles are new
    assert float(total_variation(tiled, "power")) > 15 * float(total_variation(picture, "power"))
