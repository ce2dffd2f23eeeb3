"""Flags, environment, project file and preset: the later row wins, and each value has a source."""

import tomllib
from pathlib import Path

import pytest

from pipeline.errors import SettingsError
from pipeline.settings import preset_files
from pipeline.settings.choice import Choice, Merged
from pipeline.settings.settings import Settings


def merged(**rows: dict[str, object]) -> Merged:
    result = Merged()
    for row, values in rows.items():
        result.add(values, lambda name, row=row: f"{row} {name}")  # type: ignore[misc]
    return result


def test_the_later_row_wins_and_is_the_source() -> None:
    actual = merged(file={"size": 100, "seed": 3}, flag={"size": "200"})
    assert (actual.validate().size, actual.validate().seed) == (200, 3)
    assert actual.sources == {"size": "flag size", "seed": "file seed"}


def test_layers_without_weights_take_those_of_the_rows_below() -> None:
    actual = merged(file={"style_layers": {"block1_conv1": 3}}, flag={"style_layers": "block1_conv2"})
    assert actual.validate().style_layers == {"block1_conv2": 3.0}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (5, "content_layers .from file content_layers.: it must be layers.* not 5"),
        (None, "from file.*not None"),
        (["block9_conv1"], "from file.*no layer is called 'block9_conv1'; did you mean"),
        (
            {"block5_conv2": "abc"},
            "content_layers = 'abc' .from file content_layers.: it must be a valid num",
        ),
        ({"block5_conv2": -1}, "content_layers = -1 .from file content_layers.: it must be greater"),
        ({}, "content_layers = {} .from file"),
    ],
)
def test_invalid_layers_are_refused_with_their_source(value: object, message: str) -> None:
    with pytest.raises(SettingsError, match=message) as caught:
        merged(file={"content_layers": value}, flag={"content_layers": "block5_conv2"})
    assert "\n" not in str(caught.value)


def test_flags_win_over_environment_over_project_over_preset(tmp_path: Path) -> None:
    (tmp_path / "nstpipe.toml").write_text("size = 300\nsteps = 30\nseed = 3\n")
    choice = Choice(
        "balanced",
        flags={"size": "100"},
        environ={"NSTPIPE_SIZE": "200", "NSTPIPE_STEPS": "20"},
        folder=tmp_path,
    )
    resolved = choice.resolve()
    actual = {
        name: (getattr(resolved.settings, name), resolved.sources[name]) for name in ("size", "steps", "seed")
    }
    assert actual == {
        "size": (100, "--size"),
        "steps": ((20,), "NSTPIPE_STEPS"),
        "seed": (3, "./nstpipe.toml"),
    }
    assert resolved.settings.style_form == "relative"


def test_the_preset_comes_from_flag_environment_or_project(tmp_path: Path) -> None:
    (tmp_path / "nstpipe.toml").write_text('preset = "lbfgs-30"\n')
    assert Choice(None, environ={}, folder=tmp_path).resolve().preset.name == "lbfgs-30"
    environ = {"NSTPIPE_PRESET": "preview"}
    assert Choice(None, environ=environ, folder=tmp_path).resolve().preset.name == "preview"
    assert Choice("quality", environ=environ, folder=tmp_path).resolve().preset.name == "quality"


def test_a_saved_preset_gives_the_same_settings(tmp_path: Path) -> None:
    for name in preset_files.names():
        resolved = Choice(name, {"size": "77"}, environ={}).resolve()
        file = tmp_path / f"{name}.toml"
        file.write_text(resolved.as_toml())
        assert Choice(str(file), environ={}).resolve().settings == resolved.settings
        assert set(tomllib.loads(file.read_text())) - {"description"} <= set(Settings.model_fields)


def test_what_every_source_says_is_saved(tmp_path: Path) -> None:
    """Each overrides a value of balanced; one layer is named without a weight."""
    (tmp_path / "nstpipe.toml").write_text("margin = 0.1\n")
    flags = {"tv_weight": "3", "style_layers": "block3_conv1,block1_conv1=2", "pooling": "avg"}
    resolved = Choice("balanced", flags, {"NSTPIPE_CONTENT_WEIGHT": "0.5"}, tmp_path).resolve()
    (tmp_path / "saved.toml").write_text(resolved.as_toml())
    again = Choice(str(tmp_path / "saved.toml"), environ={}).resolve().settings
    assert again == resolved.settings
    assert (again.tv_weight, again.content_weight, again.margin, again.pooling) == (3.0, 0.5, 0.1, "avg")
    assert again.style_layers == {"block3_conv1": 1.0, "block1_conv1": 2.0}


def test_a_source_or_description_of_several_lines_is_saved_too(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('description = "a\\nb\\u007f"\nsource = "one\\ntwo"\nsize = 99\n')
    resolved = Choice(str(file), environ={}).resolve()
    file.write_text(resolved.as_toml())
    again = Choice(str(file), environ={}).resolve()
    assert (again.settings, again.preset.description) == (resolved.settings, "a\nb\x7f")


def test_a_layer_named_without_weight_keeps_the_presets_weight_or_its_neighbours() -> None:
    flags = {"style_layers": "block3_conv1,block5_conv4,block1_conv1=7"}
    actual = Choice("balanced", flags, environ={}).resolve().settings.style_layers
    assert actual == {"block3_conv1": 1.0, "block5_conv4": 0.3, "block1_conv1": 7.0}


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        (Choice("balancd", environ={}), "balancd.*did you mean balanced"),
        (Choice("no-such.toml", environ={}), "no-such.toml: no such preset file"),
        (
            Choice(flags={"content_weight": "-3"}, environ={}),
            "content_weight = '-3' .from --content-weight.*0",
        ),
        (
            Choice(environ={"NSTPIPE_STPES": "3"}),
            "no variable is called 'NSTPIPE_STPES'; did you mean NSTPIPE_STEPS",
        ),
        (Choice(environ={"NSTPIPE_SIZE": "big"}), "size = 'big' .from NSTPIPE_SIZE"),
        (Choice(flags={"content_layers": "block9_conv1"}, environ={}), "block9_conv1.*did you mean"),
        (Choice(flags={"init": "contnt"}, environ={}), "init = 'contnt'.*'content' or 'noise'"),
    ],
)
def test_a_mistake_is_reported_with_its_source(choice: Choice, message: str) -> None:
    with pytest.raises(SettingsError, match=message) as caught:
        choice.resolve()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("preset = 5", "preset = 5: it must be text"),
        ("content_layers = 5", "content_layers .from ./nstpipe.toml.: it must be layers.* not 5"),
    ],
)
def test_a_project_file_of_the_wrong_shape_is_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "nstpipe.toml").write_text(text)
    flags = {"content_layers": "block4_conv2"}
    with pytest.raises(SettingsError, match=message) as caught:
        Choice("preview", flags, environ={}, folder=tmp_path).resolve()
    assert "nstpipe.toml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_control_characters_in_a_description_are_escaped_as_toml_has_them(tmp_path: Path) -> None:
    escaped = r"a\u009b31m\u007f\u202e\t\U000e0001 größe"
    (tmp_path / "p.toml").write_text(f'description = "{escaped}"\n', "utf-8")
    printed = Choice(str(tmp_path / "p.toml"), {}).resolve().as_toml()
    assert all(line.isprintable() for line in printed.split("\n"))
    assert tomllib.loads(printed)["description"] == "a\x9b31m\x7f\u202e\t\U000e0001 größe"
