"""Tables of layers and weights: the forms that users write, and the weights of layers that have none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import SettingsError
from pipeline.extractor.layers import LAYERS
from pipeline.settings import layer_weights
from pipeline.settings.settings import Settings


def test_layers_without_weights_share_one() -> None:
    assert Settings(style_layers="block1_conv1, block3_conv1").style_layers == {
        "block1_conv1": 0.5,
        "block3_conv1": 0.5,
    }


def test_layers_without_weights_share_one_among_themselves() -> None:
    table = {"block1_conv1": None, "block2_conv1": None, "block3_conv1": 2}
    assert layer_weights.fill(table, {}) == {"block1_conv1": 0.5, "block2_conv1": 0.5, "block3_conv1": 2}
    assert Settings(style_layers="block1_conv1,block2_conv1=2").style_layers == {
        "block1_conv1": 1.0,
        "block2_conv1": 2.0,
    }


@pytest.mark.parametrize("bad", [5, None, 0.5])
def test_what_is_no_table_of_layers_is_refused(bad: object) -> None:
    with pytest.raises(SettingsError, match=f"NAME or NAME=WEIGHT, by commas, not {bad}"):
        Settings(content_layers=bad)  # type: ignore[arg-type]


def test_layers_with_weights() -> None:
    assert Settings(style_layers="block1_conv1=2,block3_conv1=0.25").style_layers == {
        "block1_conv1": 2.0,
        "block3_conv1": 0.25,
    }


def test_an_unknown_layer_is_reported_with_the_nearest() -> None:
    with pytest.raises(SettingsError, match="block4_convo2.*did you mean block4_conv2"):
        Settings(content_layers="block4_convo2")


@given(st.sampled_from(LAYERS), st.dictionaries(st.sampled_from(LAYERS), st.floats(0.1, 9), min_size=1))
def test_a_layer_takes_the_weight_of_the_nearest_default(layer: str, defaults: dict[str, float]) -> None:
    actual = layer_weights.fill({layer: None}, defaults)[layer]
    distance = {name: abs(LAYERS.index(name) - LAYERS.index(layer)) for name in defaults}
    assert actual in [defaults[name] for name in defaults if distance[name] == min(distance.values())]
