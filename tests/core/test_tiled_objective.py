"""The objective in tiles against the untiled one and against NumPy: losses, gradient, Gram sums."""

import numpy as np
import pytest

from pipeline.core.frame_start import TemporalTarget
from pipeline.core.loss_graphs import GraphOptions, LossGraphs, fitting
from pipeline.core.objective import Objective
from pipeline.core.targets import Targets
from pipeline.core.tiled_objective import TiledObjective, gram_sums, style_targets
from pipeline.core.tiles import Grid, Reach
from pipeline.extractor.weights import Weights
from pipeline.settings.settings import Settings
from tests.support import reference
from tests.support.tiny_weights import readout, tiny_weights

READOUTS = {"block4_conv2": readout(6, 4), "block3_conv1": readout(6, 9, seed=1)}
ALL_STYLES = {f"block{block}_conv1": 1.0 / block for block in range(1, 6)}
SHALLOW = {
    "content_layers": {"block2_conv2": 1.0},
    "style_layers": {"block1_conv1": 1.0, "block3_conv1": 2.0},
}
"""A reach of 32 pixels: several windows fit into small pictures."""


def picture(seed: int, height: int, width: int) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0, 255, (height, width, 3)).astype(np.float32)


GRAPHS: dict[GraphOptions, LossGraphs] = {}


def traced_once(settings: Settings, weights: Weights) -> LossGraphs:
    """The graphs; tracing them takes most of the time of these tests."""
    return GRAPHS.setdefault(GraphOptions.of(settings, weights), fitting(settings, weights))


def both(size, rows, columns, *, keep=True, hold=None, readouts=None, **changes):
    """(losses, gradient) untiled, and in tiles."""
    values = {"content_layers": {"block4_conv2": 1.0}, "style_layers": ALL_STYLES, "device": "cpu"}
    settings = Settings(**values | {"tv_weight": 0.5} | changes)
    graphs = traced_once(settings, tiny_weights(readouts=readouts))
    grid = Grid(rows, columns, Reach.of([*settings.content_layers, *settings.style_layers]))
    content, style = picture(1, *size), picture(2, 50, 41)
    x = picture(0, *size) * np.float32(settings.pixel_range / 255)
    grams = graphs.style_targets(style)
    whole = Objective(settings, graphs).at(x, Targets(graphs.content_targets(content), grams), hold)
    tiled = TiledObjective(settings, graphs, grid)
    assert len(grid.tiles(size)) == rows * columns
    return whole, tiled.at(x, tiled.targets(content, grams, keep=keep), hold)


def assert_agree(*arguments, tolerance=1e-4, **changes) -> None:
    (losses, gradient), (tiled_losses, tiled_gradient) = both(*arguments, **changes)
    assert list(tiled_losses) == list(losses)
    assert tiled_losses == pytest.approx(losses, rel=tolerance)
    assert np.linalg.norm(tiled_gradient - gradient) < tolerance * np.linalg.norm(gradient)
    assert np.abs(tiled_gradient - gradient).max() < 10 * tolerance * np.abs(gradient).max()


@pytest.mark.parametrize("pooling", ["max", "avg"])
@pytest.mark.parametrize(
    ("size", "rows", "columns"),
    [((64, 64), 1, 1), ((395, 35), 3, 1), ((47, 211), 1, 2), ((239, 203), 2, 2), ((16, 700), 1, 5)],
)
def test_the_deepest_layers_agree_for_odd_sizes_and_any_number_of_tiles(size, rows, columns, pooling):
    assert_agree(size, rows, columns, pooling=pooling)


@pytest.mark.parametrize("form", ["mean", "gatys", "sum", "relative"])
def test_content_forms_agree(form):
    changes = SHALLOW | {"content_form": form, "style_weight": 1e-12, "content_weight": 3.0, "tv_weight": 0}
    for keep in (True, False):
        assert_agree((99, 107), 2, 3, keep=keep, **changes)


@pytest.mark.parametrize("form", ["mean", "gatys", "keras", "per-channel", "relative"])
def test_style_forms_agree(form):
    assert_agree((99, 107), 3, 2, style_form=form, content_weight=0, tv_weight=0, **SHALLOW)


@pytest.mark.parametrize("form", ["l1", "l2", "l2-mean", "power", "power-mean"])
def test_tv_forms_agree(form):
    alone = {"tv_form": form, "tv_weight": 10.0, "content_weight": 0, "style_weight": 0}
    assert_agree((99, 107), 2, 3, **alone, **SHALLOW)


def test_pixels_of_0_to_1_agree():
    assert_agree((99, 107), 2, 2, pixel_range=1, tv_weight=50.0, tv_form="power", pooling="avg", **SHALLOW)


def test_readouts_agree():
    assert_agree((205, 30), 2, 1, readouts=READOUTS)


def test_one_layer_for_content_and_style_agrees():
    assert_agree((205, 30), 2, 1, content_layers={"block3_conv1": 1.0}, content_weight=100.0)


@pytest.mark.parametrize("pixel_range", [1, 255])
def test_the_temporal_loss_agrees(pixel_range):
    weights = np.random.default_rng(4).uniform(0, 2e4, (99, 107)).astype(np.float32)
    hold = TemporalTarget(picture(3, 99, 107), weights)
    assert_agree((99, 107), 2, 2, hold=hold, pixel_range=pixel_range, **SHALLOW)


def test_bfloat16_agrees_within_its_rounding():
    """Eight bits: the untiled gradient in bfloat16 is a few percent from that in float32."""
    assert_agree((239, 30), 2, 1, tolerance=1e-2, precision="bfloat16")


def test_a_tile_more_or_less_at_the_seams_would_be_seen():
    """The gradient near seams alone, where a missing neighbour or halo would be most of the error."""
    (_, gradient), (_, tiled) = both((99, 107), 2, 2, **SHALLOW)
    seam = (slice(40, 60), slice(40, 60))
    assert np.linalg.norm((tiled - gradient)[seam]) < 1e-4 * np.linalg.norm(gradient[seam])


def test_gram_sums_over_tiles_are_those_of_numpy():
    settings = Settings(device="cpu", content_weight=0, style_layers=ALL_STYLES)
    weights, pixels = tiny_weights(), picture(5, 205, 51)
    graphs = fitting(settings, weights).of_tiles
    grid = Grid(2, 1, Reach.of(ALL_STYLES))
    features = reference.Network(weights.kernels, "max").forward(pixels)
    sums, means = gram_sums(graphs, pixels, grid), style_targets(graphs, pixels, grid)
    for layer in ALL_STYLES:
        desired = reference.gram(features[layer])
        np.testing.assert_allclose(sums[layer], desired, rtol=1e-4, atol=1e-5 * np.abs(desired).max())
        height, width = features[layer].shape[:2]
        np.testing.assert_allclose(means[layer], sums[layer] / (height * width), rtol=1e-6)
