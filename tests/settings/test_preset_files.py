"""Preset files: their numbers, how they extend each other, and what is said of faulty ones."""

from pathlib import Path

import pytest

from pipeline.errors import SettingsError
from pipeline.settings import preset_files
from pipeline.settings.choice import Choice
from pipeline.settings.settings import Settings


def resolve(preset: str | None = None, **flags: object) -> Settings:
    return Choice(preset, flags, environ={}).resolve().settings


def test_every_preset_resolves_and_the_default_comes_first() -> None:
    assert preset_files.names()[0] == "balanced"
    assert len(preset_files.names()) == 12
    for name in preset_files.names():
        assert resolve(name).steps
        assert preset_files.load(name).description


FIVE_LAYERS = ("block1_conv1", "block2_conv1", "block3_conv1", "block4_conv1", "block5_conv1")

BALANCED = {
    "optimizer": "projected-lbfgs",
    "precision": "auto",
    "content_layers": {"block4_conv2": 0.46},
    "content_form": "relative",
    "style_layers": dict(zip(FIVE_LAYERS, (1.0, 1.0, 1.0, 1.0, 0.3), strict=True)),
    "style_form": "relative",
    "tv_weight": 1e-4,
    "tv_form": "l2-mean",
}
ADAM_EPOCHS = {
    "steps": (10000,),
    "content_layers": {"block5_conv2": 0.5},
    "style_layers": dict.fromkeys(FIVE_LAYERS, 0.1),
    "tv_weight": 1.0,
    "content_form": "gatys",
    "style_form": "gatys",
    "tv_form": "l2",
    "pixel_range": 1,
    "step_size": 0.02,
    "beta1": 0.99,
}
"""Without the optimizer's own numbers."""

LBFGS_50 = {
    "steps": (70,),
    "content_layers": {"block5_conv2": 0.5},
    "tv_weight": 30.0,
    "tv_form": "l1",
    "max_iterations": 50,
}

NUMBERS = {
    "balanced": BALANCED | {"scales": 3, "steps": (70, 55, 35)},
    "preview": BALANCED | {"size": 256, "scales": 3, "steps": (60, 50, 30)},
    "quality": BALANCED | {"size": 1024, "scales": 4, "steps": (90, 75, 60, 45)},
    "adam-1500": {
        "steps": (1500,),
        "content_layers": {"block5_conv2": 1000.0},
        "style_layers": dict.fromkeys(FIVE_LAYERS, 0.02),
        "tv_weight": 30.0,
        "tv_form": "l1",
        "optimizer": "adam",
    },
    "lbfgs-50": LBFGS_50,
    "lbfgs-30": LBFGS_50 | {"max_iterations": 30},
    "adam-epochs": ADAM_EPOCHS | {"optimizer": "adam", "epsilon": 0.1},
    "adam-epochs-adagrad": ADAM_EPOCHS | {"optimizer": "adagrad", "epsilon": 0.1},
    "adam-epochs-rmsprop": ADAM_EPOCHS | {"optimizer": "rmsprop", "beta2": 0.9},
    "avgpool-251": {
        "steps": (4000,),
        "content_form": "sum",
        "content_layers": {"block5_conv2": 2.5e-8},
        "style_form": "keras",
        "style_layers": dict.fromkeys(FIVE_LAYERS, 2e-7),
        "tv_form": "power",
        "tv_weight": 1e-6,
        "optimizer": "adam",
        "decay_rate": 0.96,
        "smooth_every": 251,
        "snapshot_every": 100,
    },
    "gatys-2016": {
        "steps": (500,),
        "init": "noise",
        "pooling": "avg",
        "content_layers": {"block4_conv2": 1.0},
        "content_form": "gatys",
        "style_form": "gatys",
        "style_layers": dict.fromkeys(FIVE_LAYERS, 200.0),
    },
    "neural-style": {
        "steps": (1000,),
        "init": "noise",
        "content_layers": {"block4_conv2": 5.0},
        "style_layers": dict.fromkeys(FIVE_LAYERS, 100.0),
        "style_form": "per-channel",
        "tv_form": "l2",
        "tv_weight": 1e-3,
        "snapshot_every": 100,
    },
}
"""Where each preset differs from the defaults, written a second time so that a slip in a file shows."""


def changes(before: Settings, after: Settings) -> dict[str, object]:
    usual = before.model_dump()
    return {name: value for name, value in after.model_dump().items() if value != usual[name]}


@pytest.mark.parametrize("preset", preset_files.names())
def test_a_preset_holds_these_numbers_and_no_others(preset: str) -> None:
    assert changes(Settings(), resolve(preset)) == NUMBERS[preset]


def test_gatys_ratio_is_content_to_style_1e_3() -> None:
    settings = resolve("gatys-2016")
    assert sum(settings.content_layers.values()) / sum(settings.style_layers.values()) == pytest.approx(1e-3)


@pytest.mark.parametrize("preset", preset_files.names())
def test_content_and_style_weight_2_mean_twice_as_much_on_every_preset(preset: str) -> None:
    usual = resolve(preset)
    assert (usual.strength, usual.content_weight, usual.style_weight) == (50, 1, 1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("stpes = 3", "no setting is called 'stpes'; did you mean steps"),
        ("styl_weight = 3", "styl_weight.*style_weight"),
        ("[builtin]\nsteps = 3", "no setting is called 'builtin'"),
        ("steps = = 3", "not a TOML file"),
        ("\0", "not a TOML file"),
    ],
)
def test_a_bad_preset_or_project_file_is_reported(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "nstpipe.toml").write_text(text)
    (tmp_path / "mine.toml").write_text(text)
    for choice in (Choice("mine.toml", environ={}), Choice(environ={}, folder=tmp_path)):
        with pytest.raises(SettingsError, match=message):
            choice.resolve()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sources = 3", "sources = 3: it must be a table"),
        ("[sources]\nsize = 3", "sources.size = 3: it must be text"),
        ("source = 5", "source = 5: it must be text"),
        ("description = 5", "description = 5: it must be text"),
        ("extends = 5", "extends = 5: it must be text"),
        ('extends = "balancd"', "balancd.*did you mean balanced"),
        ('extends = "mine.toml"', "mine.toml: extends leads back to .*mine.toml"),
        ('extends = "../{folder}/mine.toml"', "mine.toml: extends leads back to"),
        ('extends = "a\\u0000.toml"', "not a TOML file"),
        ("a = " + "[" * 10_000, "not a TOML file"),
    ],
)
def test_a_preset_file_of_the_wrong_shape_is_reported(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(text.replace("{folder}", tmp_path.name))
    with pytest.raises(SettingsError, match=message) as caught:
        Choice(str(file), environ={}).resolve()
    assert str(tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_presets_that_extend_each_other_in_a_circle_are_reported(tmp_path: Path) -> None:
    for name, other in (("a", "b"), ("b", "c"), ("c", "a")):
        (tmp_path / f"{name}.toml").write_text(f'extends = "{other}.toml"\n')
    with pytest.raises(SettingsError, match="c.toml: extends leads back to .*a.toml"):
        preset_files.load(str(tmp_path / "a.toml"))


def test_a_preset_extends_a_file_beside_it(tmp_path: Path) -> None:
    (tmp_path / "base.toml").write_text('extends = "balanced"\nseed = 7\n')
    (tmp_path / "mine.toml").write_text('extends = "base.toml"\nsize = 99\n')
    settings = resolve(str(tmp_path / "mine.toml"))
    assert (settings.seed, settings.size, settings.style_form) == (7, 99, "relative")
