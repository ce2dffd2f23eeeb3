"""The whole objective, terms and gradient, against the NumPy reference: every form, both poolings."""

import numpy as np
import pytest
import tensorflow as tf

from pipeline.core.frame_start import TemporalTarget
from pipeline.core.loss_graphs import LossGraphs, fitting
from pipeline.core.objective import Objective
from pipeline.core.targets import Targets
from pipeline.errors import DivergedError, SettingsError
from pipeline.settings.settings import Settings
from tests.support import reference
from tests.support.tiny_weights import readout, tiny_weights

CONTENT, STYLES = "block4_conv2", ("block1_conv1", "block3_conv1", "block5_conv1")
READOUTS = {CONTENT: readout(6, 4), "block3_conv1": readout(6, 9, seed=1)}


def picture(seed: int, height: int = 35, width: int = 38) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0, 255, (height, width, 3)).astype(np.float32)


def settings(**changes) -> Settings:
    values = {
        "content_layers": {CONTENT: 1.0},
        "style_layers": dict(zip(STYLES, (0.5, 1.0, 2.0), strict=True)),
        "device": "cpu",
    }
    return Settings(**(values | changes))


def objective_and_graphs(readouts=None, **changes) -> tuple[Objective, LossGraphs]:
    graphs = fitting(settings(**changes), tiny_weights(readouts=readouts))
    return Objective(settings(**changes), graphs), graphs


def targets_of(graphs: LossGraphs) -> Targets:
    return Targets(graphs.content_targets(picture(1)), graphs.style_targets(picture(2, 50, 41)))


def actual(
    x: np.ndarray, hold: TemporalTarget | None = None, **changes
) -> tuple[dict[str, float], np.ndarray]:
    objective, graphs = objective_and_graphs(READOUTS, **changes)
    return objective.at(x, targets_of(graphs), hold)


def read_out(layer: str, activations: np.ndarray) -> np.ndarray:
    matrix = READOUTS.get(layer)
    return activations if matrix is None else activations @ matrix[:-1].astype(float) + matrix[-1]


def read_back(layer: str, gradient: np.ndarray) -> np.ndarray:
    matrix = READOUTS.get(layer)
    return gradient if matrix is None else gradient @ matrix[:-1].T.astype(float)


def desired(x: np.ndarray, **changes) -> tuple[dict[str, float], np.ndarray]:
    """The same by the reference: features, losses, and the gradient through all of it."""
    own_settings = settings(**changes)
    network = reference.Network(tiny_weights().kernels, own_settings.pooling)
    contents, styles = (
        network.forward(picture(1).astype(float)),
        network.forward(picture(2, 50, 41).astype(float)),
    )
    units, x = 255 / own_settings.pixel_range, x.astype(float)
    own = network.forward(x * units)
    terms, by_layer = {}, {}
    for layer, share in own_settings.content_layers.items():
        weight = own_settings.content_weight * share
        loss, back = reference.content(
            read_out(layer, own[layer]), read_out(layer, contents[layer]), own_settings.content_form
        )
        terms[f"content {layer}"], by_layer[layer] = weight * loss, weight * read_back(layer, back)
    for layer, share in own_settings.style_layers.items():
        weight = own_settings.style_weight * share
        height, width = styles[layer].shape[:2]
        target = reference.gram(read_out(layer, styles[layer])) / (height * width)
        pixels = x.shape[0] * x.shape[1]
        loss, back = reference.style(read_out(layer, own[layer]), target, own_settings.style_form, pixels)
        terms[f"style {layer}"] = weight * loss
        by_layer[layer] = by_layer.get(layer, 0) + weight * read_back(layer, back)
    variation, back = reference.total_variation(x, own_settings.tv_form)
    terms["tv"] = own_settings.tv_weight * variation
    return terms, units * network.backward(by_layer) + own_settings.tv_weight * back


def assert_agree(x: np.ndarray, **changes) -> None:
    (terms, gradient), (true_terms, true_gradient) = actual(x, **changes), desired(x, **changes)
    for name, value in true_terms.items():
        assert terms[name] == pytest.approx(value, rel=1e-4), name
    assert terms["total"] == pytest.approx(sum(true_terms.values()), rel=1e-4)
    assert np.linalg.norm(gradient - true_gradient) < 1e-4 * np.linalg.norm(true_gradient)


@pytest.mark.parametrize("pooling", ["max", "avg"])
@pytest.mark.parametrize("form", ["mean", "gatys", "sum", "relative"])
def test_content_forms_agree_with_the_reference(form, pooling):
    assert_agree(picture(0), content_form=form, pooling=pooling, style_weight=1e-9, content_weight=3.0)


@pytest.mark.parametrize("form", ["mean", "gatys", "keras", "per-channel", "relative"])
def test_style_forms_agree_with_the_reference(form):
    assert_agree(picture(0), style_form=form, content_weight=1e-9, style_weight=0.3)


@pytest.mark.parametrize("form", ["l1", "l2", "l2-mean", "power", "power-mean"])
def test_tv_forms_agree_with_the_reference(form):
    assert_agree(picture(0), tv_form=form, tv_weight=10.0, content_weight=1e-9, style_weight=1e-9)


@pytest.mark.parametrize("tv_form", ["l1", "power"])
def test_all_together_on_pixels_of_0_to_1_agree_with_the_reference(tv_form):
    assert_agree(picture(0) / 255, pixel_range=1, tv_weight=50.0, tv_form=tv_form, pooling="avg")


def test_one_layer_can_serve_content_and_style():
    shared = {"content_layers": {"block3_conv1": 1.0}, "content_weight": 100.0, "tv_weight": 1.0}
    assert_agree(picture(0), **shared)


def test_terms_sum_up():
    terms, _ = actual(picture(0), tv_weight=2.0)
    assert list(terms)[:5] == ["total", "content", "style", "tv", "temporal"]
    assert terms["total"] == pytest.approx(terms["content"] + terms["style"] + terms["tv"])
    assert terms["style"] == pytest.approx(sum(terms[f"style {layer}"] for layer in STYLES))
    assert terms["content"] == terms[f"content {CONTENT}"]


def held(pixel_range: int = 255) -> tuple[np.ndarray, TemporalTarget]:
    """A picture, and a temporal target with weights of 0 on the left."""
    weights = np.random.default_rng(4).uniform(0.5, 2, (35, 38)).astype(np.float32)
    weights[:, :10] = 0
    return picture(0) * np.float32(pixel_range / 255), TemporalTarget(picture(3), 1e3 * weights)


def temporal(x: np.ndarray, hold: TemporalTarget, pixel_range: int = 255) -> tuple[float, np.ndarray]:
    """Term and gradient by the reference."""
    target = hold.pixels * (pixel_range / 255)
    loss, gradient = reference.temporal(*(each.astype(float) for each in (x, target, hold.weights)))
    return loss / pixel_range**2, gradient / pixel_range**2


@pytest.fixture(params=[1, 255])
def measured(request):
    """The range of the pixels, and the evaluation of an objective on them: (x, hold) -> losses, gradient."""
    objective, graphs = objective_and_graphs(pixel_range=request.param)
    targets = targets_of(graphs)
    return request.param, lambda x, hold=None: objective.at(x, targets, hold)


def test_the_temporal_loss_and_its_gradient_are_the_reference(measured):
    pixel_range, at = measured
    x, hold = held(pixel_range)
    (terms, gradient), (plain, without) = at(x, hold), at(x)
    loss, desired = temporal(x, hold, pixel_range)
    assert terms["temporal"] == pytest.approx(loss, rel=1e-4) and plain["temporal"] == 0
    assert terms["total"] == pytest.approx(plain["total"] + loss, rel=1e-4)
    pull = gradient - without
    assert np.linalg.norm(pull - desired) < 1e-3 * np.linalg.norm(desired)
    pulled = np.abs(desired[:, 10:]) > np.abs(desired).max() / 100
    assert pulled.mean() > 0.9
    assert (np.sign(pull) == np.sign(x - hold.pixels * (pixel_range / 255)))[:, 10:][pulled].all()
    assert (pull[:, :10] == 0).all()


def test_the_temporal_loss_does_not_depend_on_the_pixel_range():
    terms = []
    for pixel_range in (1, 255):
        x, hold = held(pixel_range)
        terms.append(actual(x, hold, pixel_range=pixel_range)[0]["temporal"])
    assert terms[0] == pytest.approx(terms[1], rel=1e-4)
    assert terms[0] > 1


def test_the_temporal_loss_is_0_at_its_target_and_without_weights(measured):
    pixel_range, at = measured
    _, hold = held(pixel_range)
    x = hold.pixels / np.float32(255 / pixel_range)
    for still in (hold, TemporalTarget(picture(0), np.zeros_like(hold.weights))):
        (terms, gradient), (plain, without) = at(x, still), at(x)
        assert terms["temporal"] == 0
        assert terms["total"] == plain["total"]
        np.testing.assert_array_equal(gradient, without)


def test_the_tensors_on_the_device_are_the_numbers_on_the_host():
    objective, graphs = objective_and_graphs(tv_weight=2.0)
    x, hold = held()
    targets = targets_of(graphs)
    for temporal in (None, hold):
        terms, desired = objective.at(x, targets, temporal)
        values, gradient = objective.value_and_gradient(tf.constant(x), targets, temporal)
        assert "CPU:0" in values.device and "CPU:0" in gradient.device
        names = [name for name in terms if " " in name] + ["tv"] + (["temporal"] if temporal else [])
        assert list(np.asarray(values, float)) == [terms[name] for name in names]
        np.testing.assert_array_equal(gradient, desired)


def test_losses_that_weigh_0_are_left_out():
    objective, graphs = objective_and_graphs(content_weight=0, style_layers={STYLES[0]: 1, STYLES[2]: 0})
    targets = targets_of(graphs)
    assert targets.contents == {} and list(targets.grams) == [STYLES[0]]
    terms, _ = objective.at(picture(0), targets)
    assert (terms["content"], terms["tv"]) == (0, 0)
    assert set(terms) == {"total", "content", "style", "tv", "temporal", f"style {STYLES[0]}"}


def test_variation_alone_is_an_objective():
    objective, graphs = objective_and_graphs(content_weight=0, style_weight=0, tv_weight=1)
    targets = targets_of(graphs)
    assert targets.contents == targets.grams == {}
    terms, gradient = objective.at(picture(0), targets)
    assert terms["total"] == terms["tv"] > 0 and np.abs(gradient).max() > 0


@pytest.mark.parametrize(
    ("value", "slope"), [(np.inf, 1.0), (np.nan, 1.0), (1.0, np.inf), (1.0, np.nan), (1.0, -1e19)]
)
def test_a_loss_or_a_gradient_alone_that_is_not_finite_or_too_large_is_an_error(value, slope, monkeypatch):
    objective, graphs = objective_and_graphs(content_weight=0, style_weight=0, tv_weight=1)
    gradient = np.ones((35, 38, 3), np.float32)
    gradient[3, 4, 1] = slope
    monkeypatch.setattr(graphs, "value_and_gradient", lambda *arguments: (np.float32([value]), gradient))
    with pytest.raises(DivergedError, match="no longer finite"):
        objective.at(picture(0), Targets({}, {}))


@pytest.mark.parametrize("weight", [1e30, 1e300])
def test_a_weight_beyond_float32_diverges(weight):
    with pytest.raises(DivergedError, match="smaller weights"):
        actual(1e10 * picture(0), tv_weight=weight, tv_form="l2")


def test_every_weight_0_is_refused():
    with pytest.raises(SettingsError, match="every loss weighs 0"):
        fitting(settings(content_weight=0, style_weight=0), tiny_weights())


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_pixel_that_is_not_finite_is_an_error(bad):
    x = picture(0)
    x[3, 4, 1] = bad
    with pytest.raises(DivergedError, match="no longer finite"):
        actual(x, tv_weight=1.0)


def test_a_gpu_that_is_not_there_is_refused():
    with pytest.raises(SettingsError, match="no device gpu:99"):
        fitting(settings(device="gpu:99"), tiny_weights())
