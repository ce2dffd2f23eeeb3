"""Targets: the tensors they hold, how they are compared, and blends."""

import numpy as np
import pytest

from pipeline.core import targets
from pipeline.core.loss_graphs import fitting
from pipeline.core.objective import Objective
from pipeline.core.targets import Targets
from pipeline.extractor.activations import Activations
from pipeline.settings.settings import Settings
from tests.support.stylizing import LBFGS_50, picture
from tests.support.tiny_weights import tiny_weights

ONES = np.ones((2, 3, 2), np.float32)
"""Activations of two channels at six positions; A/M is 1 everywhere."""

HALVED = np.array([[0.5, 0], [0, 0.5], [0, 0]], np.float32)
"""A readout."""


def test_a_picture_is_no_distance_from_its_own_targets():
    activations = {"a": Activations(5 * ONES), "b": Activations(2 * ONES, HALVED)}
    own = Targets(targets.contents(activations, ["a"]), targets.grams(activations, ["a", "b"]))
    weights = {"content a": 1.0, "style a": 1.0, "style b": 1.0}
    losses = own.losses(activations, weights, "mean", "mean", 6)
    assert {name: float(loss) for name, loss in losses.items()} == {name: 0.0 for name in weights}


def test_each_loss_is_named_weighted_and_of_its_own_target():
    target = Targets({"a": ONES}, {"b": np.full((2, 2), 4, np.float32)})
    weights = {"content a": 10.0, "style b": 100.0, "tv": 5.0}
    losses = target.losses(
        {"a": Activations(6 * ONES, HALVED), "b": Activations(2 * ONES, HALVED)}, weights, "mean", "mean", 6
    )
    assert {name: float(loss) for name, loss in losses.items()} == {"content a": 40.0, "style b": 900.0}


def test_the_forms_are_those_asked_for():
    target = Targets({"a": ONES}, {"a": np.full((2, 2), 4, np.float32)})
    weights = {"content a": 1.0, "style a": 1.0}
    losses = target.losses({"a": Activations(ONES + 1)}, weights, "gatys", "keras", 12)
    # Twelve differences of 1; G/M is 4 everywhere.
    assert {name: float(loss) for name, loss in losses.items()} == {"content a": 6.0, "style a": 0.0}
    twice = target.losses({"a": Activations(2 * ONES + 1)}, weights, "sum", "keras", 12)
    # G/M is 9, 5 above the target: M² Σ D² / (36 pixels²) = 36 · 100 / (36 · 144).
    assert float(twice["content a"]) == 48.0
    assert float(twice["style a"]) == pytest.approx(100 / 144)


def test_tensors_make_the_same_targets_again():
    before = Targets({"a": ONES}, {"b": 2 * ONES[0]})
    again = Targets(**before.tensors())
    assert again.contents == before.contents and again.grams == before.grams


def test_shapes_are_those_of_the_tensors():
    shapes = Targets.shapes(["a"], ["a", "b"], {"a": 2, "b": 5})
    assert shapes == {"contents": {"a": (None, None, 2)}, "grams": {"a": (2, 2), "b": (5, 5)}}


def test_a_blend_is_the_weighted_mean():
    styles = [{"a": 4 * ONES}, {"a": 8 * ONES}]
    np.testing.assert_array_equal(targets.blend(styles, [0.75, 0.25])["a"], 5 * ONES)
    assert targets.blend(styles[:1], [1.0]) is styles[0]


def test_the_gradient_of_a_blend_is_that_of_the_weighted_losses():
    settings = Settings(device="cpu", **LBFGS_50 | {"content_weight": 0, "tv_weight": 0})
    graphs = fitting(settings, tiny_weights())
    styles = [graphs.style_targets(picture(seed)) for seed in (7, 8)]

    def gradient(grams):
        return Objective(settings, graphs).at(picture(0), Targets({}, grams))[1]

    actual = gradient(targets.blend(styles, [0.75, 0.25]))
    desired = 0.75 * gradient(styles[0]) + 0.25 * gradient(styles[1])
    assert np.linalg.norm(actual - desired) < 1e-4 * np.linalg.norm(desired)
