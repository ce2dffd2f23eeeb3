"""Settings: defaults, accepted and refused values, and which fields the fingerprint contains."""

import pytest
from pydantic import ValidationError

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


def test_a_frame_that_follows_others_takes_fewer_steps_with_projected_lbfgs() -> None:
    fewer = Settings(optimizer="projected-lbfgs", steps=[70, 55, 35], scales=3)
    assert [fewer.frame_steps_at(scale) for scale in (0, 1, 2)] == [35, 11, 14]
    assert Settings(optimizer="projected-lbfgs", steps=35).frame_steps_at(0) == 14
    assert Settings(optimizer="projected-lbfgs", steps=2, scales=2).frame_steps_at(0) == 1
    given = Settings(optimizer="projected-lbfgs", frame_steps=7, scales=2)
    assert [given.frame_steps_at(scale) for scale in (0, 1)] == [7, 7]


def test_a_frame_that_follows_others_takes_half_of_each_scales_steps() -> None:
    halved = Settings(steps=[100, 60], scales=2)
    assert [halved.frame_steps_at(scale) for scale in (0, 1)] == [50, 30]
    assert Settings(steps=1).frame_steps_at(0) == 1
    given = Settings(frame_steps="9,7", scales=3)
    assert [given.frame_steps_at(scale) for scale in (0, 1, 2)] == [9, 9, 7]
    assert Settings(frame_steps=7, scales=2).frame_steps_at(0) == 7


@pytest.mark.parametrize(
    "bad",
    [
        {"content_weight": -1},
        {"strength": -1},
        {"strength": 101},
        {"strength": float("nan")},
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
def test_invalid_values_are_refused(bad: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Settings(**bad)  # type: ignore[arg-type]


DEFAULTS = {
    "size": 512,
    "scales": 1,
    "steps": (300,),
    "frame_steps": None,
    "strength": 50.0,
    "content_weight": 1.0,
    "style_weight": 1.0,
    "tv_weight": 0.0,
    "content_layers": {"block5_conv2": 1.0},
    "style_layers": {f"block{block}_conv1": 0.2 for block in (1, 2, 3, 4, 5)},
    "style_weights": (),
    "optimizer": "lbfgs",
    "step_size": 5.0,
    "init": "content",
    "temporal": "flow",
    "temporal_weight": 10.0,
    "flow_quality": "high",
    "content_palette": "own",
    "margin": 0.0,
    "smooth_every": 0,
    "pooling": "max",
    "seed": 0,
    "weights": "auto",
    "device": "auto",
    "precision": "float32",
    "snapshot_every": 0,
    "content_form": "mean",
    "style_form": "mean",
    "tv_form": "power-mean",
    "pixel_range": 255,
    "beta1": 0.9,
    "beta2": 0.999,
    "epsilon": 1e-7,
    "decay_rate": 1.0,
    "decay_steps": 100,
    "max_iterations": None,
    "memory": None,
}
"""Every default, written a second time so that a slip shows."""

OTHER_VALUES = {
    "size": 513,
    "scales": 2,
    "steps": 301,
    "frame_steps": 7,
    "strength": 60.0,
    "content_weight": 1.5,
    "style_weight": 1.5,
    "tv_weight": 0.5,
    "content_layers": "block4_conv2",
    "style_layers": "block1_conv1",
    "style_weights": "2,1",
    "optimizer": "adam",
    "step_size": 4.0,
    "init": "noise",
    "temporal": "init",
    "temporal_weight": 1.0,
    "flow_quality": "fast",
    "content_palette": "style",
    "margin": 0.1,
    "smooth_every": 251,
    "pooling": "avg",
    "seed": 1,
    "weights": "random",
    "device": "cpu",
    "precision": "bfloat16",
    "snapshot_every": 5,
    "content_form": "sum",
    "style_form": "gatys",
    "tv_form": "l1",
    "pixel_range": 1,
    "beta1": 0.8,
    "beta2": 0.99,
    "epsilon": 1e-6,
    "decay_rate": 0.9,
    "decay_steps": 99,
    "max_iterations": 30,
    "memory": 4_000_000_000,
}
"""A value other than the default for every field; a new field needs one too."""

WITHOUT_EFFECT_ON_PIXELS = {"weights", "device", "snapshot_every"}
WITHOUT_EFFECT_ON_PICTURES = {"frame_steps", "temporal", "temporal_weight", "flow_quality"}


def test_the_defaults_are_these() -> None:
    assert Settings().model_dump() == DEFAULTS


@pytest.mark.parametrize("of_a_video", [False, True])
@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_in_the_fingerprint_or_cannot_change_a_pixel(name: str, of_a_video: bool) -> None:
    other = Settings(**{name: OTHER_VALUES[name]})
    assert getattr(other, name) != DEFAULTS[name]
    without_effect = WITHOUT_EFFECT_ON_PIXELS | (set() if of_a_video else WITHOUT_EFFECT_ON_PICTURES)
    default, changed = (
        settings.that_change_pixels(of_a_video=of_a_video) for settings in (Settings(), other)
    )
    assert (changed == default) == (name in without_effect)
    if changed != default:
        assert {key for key in changed if changed[key] != default[key]} == {name}


def test_the_default_of_beta2_is_0_9_for_rmsprop_and_0_999_for_others() -> None:
    assert Settings(optimizer="rmsprop").beta2 == 0.9
    assert Settings(optimizer="rmsprop", beta2=0.5).beta2 == 0.5
    for optimizer in ("adam", "adagrad", "sgd", "lbfgs"):
        assert Settings(optimizer=optimizer).beta2 == 0.999
