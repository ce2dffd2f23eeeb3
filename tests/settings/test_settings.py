"""Settings: what they take, what they refuse, what reaches the fingerprint."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pipeline.errors import SettingsError
from pipeline.extractor.layers import LAYERS
from pipeline.settings import layer_weights
from pipeline.settings.settings import Settings


@pytest.mark.parametrize(
    ("steps", "scales", "desired"),
    [
        ("300", 1, [300]),
        (300, 3, [300, 300, 300]),
        ("10,20", 3, [10, 10, 20]),
        ([120, 100, 60], 3, [120, 100, 60]),
        ([120, 100, 60], 1, [60]),
    ],
)
def test_steps_for_each_scale(steps: object, scales: int, desired: list[int]) -> None:
    settings = Settings(steps=steps, scales=scales)
    assert [settings.steps_at(scale) for scale in range(scales)] == desired
    assert settings.total_steps == sum(desired)


def test_a_following_frame_takes_half_of_each_scales_steps() -> None:
    halved = Settings(steps=[100, 60], scales=2)
    assert [halved.frame_steps_at(scale) for scale in (0, 1)] == [50, 30]
    assert Settings(steps=1).frame_steps_at(0) == 1
    given = Settings(frame_steps="9,7", scales=3)
    assert [given.frame_steps_at(scale) for scale in (0, 1, 2)] == [9, 9, 7]
    assert Settings(frame_steps=7, scales=2).frame_steps_at(0) == 7


def test_layers_without_weights_share_one() -> None:
    assert Settings(style_layers="block1_conv1, block3_conv1").style_layers == {
        "block1_conv1": 0.5,
        "block3_conv1": 0.5,
    }


def test_layers_without_weights_share_one_among_themselves() -> None:
    wanted = {"block1_conv1": None, "block2_conv1": None, "block3_conv1": 2}
    assert layer_weights.fill(wanted, {}) == {"block1_conv1": 0.5, "block2_conv1": 0.5, "block3_conv1": 2}
    assert Settings(style_layers="block1_conv1,block2_conv1=2").style_layers == {
        "block1_conv1": 1.0,
        "block2_conv1": 2.0,
    }


@pytest.mark.parametrize("bad", [5, None, 0.5])
def test_what_is_no_table_of_layers_is_told(bad: object) -> None:
    with pytest.raises(SettingsError, match=f"NAME or NAME=WEIGHT, by commas, not {bad}"):
        Settings(content_layers=bad)  # type: ignore[arg-type]


def test_layers_with_weights() -> None:
    assert Settings(style_layers="block1_conv1=2,block3_conv1=0.25").style_layers == {
        "block1_conv1": 2.0,
        "block3_conv1": 0.25,
    }


def test_an_unknown_layer_is_named_with_the_nearest() -> None:
    with pytest.raises(SettingsError, match="block4_convo2.*did you mean block4_conv2"):
        Settings(content_layers="block4_convo2")


@pytest.mark.parametrize(
    "bad",
    [
        {"content_weight": -1},
        {"style_layers": {"block1_conv1": -1}},
        {"style_layers": ""},
        {"size": 15},
        {"steps": 0},
        {"steps": ""},
        {"steps": "many"},
        {"optimizer": "lbgfs"},
        {"tv_weight": "nan"},
        {"step_size": 0},
        {"style_weights": "0,0"},
        {"device": "tpu"},
        {"stepps": 3},
    ],
)
def test_what_cannot_be_is_refused(bad: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Settings(**bad)  # type: ignore[arg-type]


def test_settings_that_do_not_change_pixels_stay_out_of_the_fingerprint() -> None:
    unseen = Settings(snapshot_every=5, weights="random", device="cpu")

    def seen(settings: Settings, of_a_video: bool = True) -> object:
        return settings.that_change_pixels(of_a_video=of_a_video)

    assert seen(unseen) == seen(Settings())
    assert seen(Settings(seed=1)) != seen(Settings())
    for name, value in {
        "temporal": "init",
        "temporal_weight": 2,
        "flow_quality": "fast",
        "frame_steps": 3,
    }.items():
        of_frames = Settings(**{name: value})
        assert seen(of_frames) != seen(Settings())
        assert seen(of_frames, of_a_video=False) == seen(Settings(), of_a_video=False)


@given(st.sampled_from(LAYERS), st.dictionaries(st.sampled_from(LAYERS), st.floats(0.1, 9), min_size=1))
def test_a_layer_takes_the_weight_of_the_nearest_known(layer: str, known: dict[str, float]) -> None:
    actual = layer_weights.fill({layer: None}, known)[layer]
    distance = {name: abs(LAYERS.index(name) - LAYERS.index(layer)) for name in known}
    assert actual in [known[name] for name in known if distance[name] == min(distance.values())]
