"""The compiled graphs: what they depend on, and how seldom they are traced."""

import numpy as np
import pytest

from pipeline.core.frame_start import TemporalTarget
from pipeline.core.loss_graphs import GraphOptions, fitting, loss_weights
from pipeline.core.objective import Objective
from pipeline.core.targets import Targets
from pipeline.errors import WeightsError
from pipeline.extractor.weights import Weights
from pipeline.settings.settings import Settings
from tests.support.stylizing import picture
from tests.support.tiny_weights import tiny_weights

TINY = tiny_weights()


def settings(**changes) -> Settings:
    return Settings(**({"device": "cpu", "tv_weight": 1.0} | changes))


def other_value(name: str, value: object) -> object:
    """Another valid value of a setting, of those that leave the graphs as they are."""
    return {
        "steps": (7,),
        "frame_steps": (3,),
        "style_weights": (2, 1),
        "optimizer": "adam",
        "init": "noise",
        "temporal": "none",
        "flow_quality": "fast",
        "content_palette": "style",
        "margin": 0.1,
        "weights": "random",
        "max_iterations": 5,
        "memory": 4_000_000_000,
        "decay_rate": 0.5,
        "beta1": 0.5,
        "beta2": 0.5,
        "epsilon": 0.1,
        "content_layers": {"block5_conv2": 3.0},
        "style_layers": {f"block{block}_conv1": 0.1 * block for block in range(1, 6)},
    }.get(name) or value + 1


CHANGES_OF_THE_GRAPHS = {
    "content_layers": {"block4_conv2": 1.0},
    "style_layers": {"block2_conv1": 1.0},
    "content_weight": 0.0,
    "style_weight": 0.0,
    "tv_weight": 0.0,
    "precision": "bfloat16",
    "pooling": "avg",
    "pixel_range": 1,
    "content_form": "sum",
    "style_form": "keras",
    "tv_form": "l1",
}


@pytest.mark.parametrize("name", sorted(set(Settings.model_fields) - {"device", *CHANGES_OF_THE_GRAPHS}))
def test_most_settings_leave_the_graphs_as_they_are(name):
    changed = settings(**{name: other_value(name, getattr(settings(), name))})
    assert changed != settings()
    graphs = fitting(settings(), TINY)
    assert fitting(changed, TINY, graphs) is graphs


@pytest.mark.parametrize(
    "name", ["strength", "content_weight", "style_weight", "tv_weight", "content_layers", "style_layers"]
)
def test_other_weights_above_0_leave_the_graphs_as_they_are(name):
    graphs = fitting(settings(), TINY)
    value = other_value(name, getattr(settings(), name))
    assert fitting(settings(**{name: value}), TINY, graphs) is graphs


@pytest.mark.parametrize(("name", "value"), CHANGES_OF_THE_GRAPHS.items())
def test_what_changes_a_graph_gives_new_graphs(name, value):
    graphs = fitting(settings(), TINY)
    changed = settings(**{name: value})
    assert fitting(changed, TINY, graphs) is not graphs
    assert GraphOptions.of(changed, TINY) != graphs.options


def test_other_extractor_weights_give_new_graphs():
    graphs = fitting(settings(), TINY)
    assert fitting(settings(), tiny_weights(1), graphs) is not graphs


def test_the_order_of_layers_is_part_of_the_options():
    """The gradients of the layers are summed in that order, and sums round."""
    layers = {"block1_conv1": 1.0, "block2_conv1": 2.0}
    turned = dict(reversed(layers.items()))
    orders = [GraphOptions.of(settings(style_layers=each), TINY) for each in (layers, turned)]
    assert orders[0] != orders[1]


def test_a_loss_weighs_its_layers_share():
    weights = loss_weights(
        settings(
            content_weight=3.0,
            content_layers={"block4_conv2": 0.5, "block5_conv2": 0.0},
            style_weight=10.0,
            style_layers={"block1_conv1": 0.2},
        )
    )
    assert weights == {"content block4_conv2": 1.5, "style block1_conv1": 2.0, "tv": 1.0}


@pytest.mark.parametrize(
    ("strength", "content", "style"),
    [(0, 8**0.5, 0), (25, 1.5**1.5, 0.5**1.5), (50, 1.0, 1.0), (100, 0, 8**0.5)],
)
def test_strength_moves_weight_from_the_content_to_the_style(strength, content, style):
    weights = loss_weights(
        settings(strength=strength, content_layers={"block4_conv2": 3.0}, style_layers={"block1_conv1": 7.0})
    )
    desired = {"content block4_conv2": 3 * content, "style block1_conv1": 7 * style, "tv": style}
    assert weights == pytest.approx({name: weight for name, weight in desired.items() if weight})


def evaluate(graphs, side: int, *, held: bool, **changes) -> None:
    x, content, style = picture(0, side, 40), picture(1, side, 40), picture(2, 40, side)
    targets = Targets(graphs.content_targets(content), graphs.style_targets(style))
    hold = TemporalTarget(x, np.ones(x.shape[:2], np.float32)) if held else None
    terms, gradient = Objective(settings(**changes), graphs).at(x, targets, hold)
    assert terms["total"] > 0 and gradient.shape == (side, 40, 3)


@pytest.mark.parametrize("style_form", ["mean", "keras"])
def test_one_trace_of_each_graph_serves_every_size_and_weight(style_form):
    graphs = fitting(settings(style_form=style_form), TINY)
    for side in range(16, 60, 4):
        evaluate(graphs, side, held=False, style_form=style_form, content_weight=side, style_weight=1 / side)
    assert graphs.traces == 3
    for side in (20, 30, 40):
        evaluate(graphs, side, held=True, style_form=style_form, tv_weight=side)
    assert graphs.traces == 4


def test_the_weights_are_inputs_of_the_graph():
    graphs = fitting(settings(), TINY)
    targets = Targets(graphs.content_targets(picture(1)), graphs.style_targets(picture(2)))
    single, double = (
        Objective(
            settings(content_weight=factor, style_weight=factor, tv_weight=factor),
            graphs,
        ).at(picture(0), targets)
        for factor in (1.0, 2.0)
    )
    assert double[0] == pytest.approx({name: 2 * value for name, value in single[0].items()})
    np.testing.assert_array_equal(double[1], 2 * single[1])  # a power of 2: exact


def test_a_layer_that_the_weights_lack_is_named():
    kernels = dict(TINY.kernels)
    del kernels["block5_conv1"]
    with pytest.raises(WeightsError, match="block5_conv1"):
        fitting(settings(), Weights("file", kernels, {}, "short", "short.npz"))
