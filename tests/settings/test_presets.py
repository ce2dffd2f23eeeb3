"""Presets: the numbers of the sources, and the order in which settings win."""

import tomllib
from pathlib import Path

import pytest

from pipeline.errors import SettingsError
from pipeline.settings import presets
from pipeline.settings.choice import Choice
from pipeline.settings.settings import Settings


def resolve(preset: str | None = None, **flags: object) -> Settings:
    return Choice(preset, flags, environ={}).resolve().settings


def test_every_preset_resolves_and_the_default_comes_first() -> None:
    assert presets.names()[0] == "balanced"
    assert len(presets.names()) == 12
    for name in presets.names():
        assert resolve(name).steps
        assert presets.load(name).description


# The numbers of design's table, written out once more so that a slip in a preset file shows.
@pytest.mark.parametrize(
    ("preset", "desired"),
    [
        ("adam-1500", dict(content_weight=1000, style_weight=0.1, tv_weight=30, tv_form="l1", steps=(1500,))),
        ("adam-1500", dict(optimizer="adam", step_size=5.0, content_layers={"block5_conv2": 1.0})),
        ("lbfgs-50", dict(content_weight=0.5, style_weight=1, tv_weight=30, max_iterations=50, steps=(70,))),
        ("lbfgs-30", dict(content_weight=0.5, style_weight=1, tv_weight=30, max_iterations=30)),
        ("adam-epochs", dict(content_form="gatys", style_form="gatys", tv_form="l2", steps=(10000,))),
        ("adam-epochs", dict(step_size=0.02, beta1=0.99, epsilon=0.1, pixel_range=1, size=512)),
        ("adam-epochs-adagrad", dict(optimizer="adagrad", step_size=0.02, steps=(10000,))),
        ("adam-epochs-rmsprop", dict(optimizer="rmsprop", step_size=0.02, steps=(10000,))),
        (
            "avgpool-251",
            dict(content_form="sum", content_weight=2.5e-8, style_form="keras", style_weight=1e-6),
        ),
        (
            "avgpool-251",
            dict(tv_form="power", tv_weight=1e-6, smooth_every=251, init="content", steps=(4000,)),
        ),
        ("gatys-2016", dict(content_layers={"block4_conv2": 1.0}, pooling="avg", init="noise", tv_weight=0)),
        ("gatys-2016", dict(content_form="gatys", style_form="gatys", optimizer="lbfgs", steps=(500,))),
        ("neural-style", dict(content_weight=5, style_weight=100, tv_weight=1e-3, steps=(1000,), size=512)),
        ("balanced", dict(content_weight=1.06e-2, tv_weight=0.212, tv_form="power-mean", optimizer="lbfgs")),
    ],
)
def test_a_preset_holds_its_sources_numbers(preset: str, desired: dict[str, object]) -> None:
    settings = resolve(preset)
    assert {name: getattr(settings, name) for name in desired} == desired


def test_gatys_ratio_is_content_to_style_1e_3() -> None:
    settings = resolve("gatys-2016")
    assert settings.content_weight / settings.style_weight == pytest.approx(1e-3)


def test_balanced_weighs_its_style_layers_as_the_keras_example_does() -> None:
    """1e-6/5 · Σ(G-A)²/(4·3²·(HW)²) as a mean over N² entries, for M = HW/4^(block-1) positions."""
    widths = (64, 128, 256, 512, 512)
    desired = [1e-6 / 5 * width**2 / 36 / 16**block for block, width in enumerate(widths)]
    assert list(resolve("balanced").style_layers.values()) == pytest.approx(desired, rel=0.02)


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
    assert resolved.settings.tv_weight == 0.212


def test_the_preset_is_named_by_flag_environment_or_project(tmp_path: Path) -> None:
    (tmp_path / "nstpipe.toml").write_text('preset = "lbfgs-30"\n')
    assert Choice(None, environ={}, folder=tmp_path).resolve().preset.name == "lbfgs-30"
    environ = {"NSTPIPE_PRESET": "preview"}
    assert Choice(None, environ=environ, folder=tmp_path).resolve().preset.name == "preview"
    assert Choice("quality", environ=environ, folder=tmp_path).resolve().preset.name == "quality"


def test_the_builtin_table_counts_for_small_extractors_alone(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('extends = "balanced"\n[builtin]\ntv_weight = 3.0\n')
    choice = Choice(str(file), environ={})
    assert choice.resolve("builtin").settings.tv_weight == 3.0
    assert choice.resolve("random").settings.tv_weight == 3.0
    assert choice.resolve("imagenet").settings.tv_weight == 0.212
    assert "[builtin]" in choice.resolve().as_toml()


def test_what_is_shown_is_a_preset_that_gives_the_same(tmp_path: Path) -> None:
    for name in presets.names():
        resolved = Choice(name, {"size": "77"}, environ={}).resolve()
        file = tmp_path / f"{name}.toml"
        file.write_text(resolved.as_toml())
        assert Choice(str(file), environ={}).resolve().settings == resolved.settings
        assert set(tomllib.loads(file.read_text())) - {"builtin", "description"} <= set(Settings.model_fields)


KINDS = (None, "builtin", "imagenet")


def every_row(folder: Path) -> Choice:
    """Each row says something that the ``[builtin]`` table of balanced says too; one layer has no weight."""
    (folder / "nstpipe.toml").write_text("margin = 0.1\n")
    return Choice(
        "balanced",
        flags={"tv_weight": "3", "style_layers": "block3_conv1,block1_conv1=2", "pooling": "max"},
        environ={"NSTPIPE_CONTENT_WEIGHT": "0.5"},
        folder=folder,
    )


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_saved_gives_the_same_with_the_extractor_it_was_for(tmp_path: Path, kind: str | None) -> None:
    for choice in (Choice("balanced", {"tv_weight": "3"}, environ={}), every_row(tmp_path)):
        resolved = choice.resolve(kind)
        (tmp_path / "saved.toml").write_text(resolved.as_toml())
        again = Choice(str(tmp_path / "saved.toml"), environ={}).resolve(kind)
        assert again.settings == resolved.settings
        assert again.settings.tv_weight == 3.0


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_saved_for_any_extractor_gives_the_same_with_each(tmp_path: Path, kind: str | None) -> None:
    choice = every_row(tmp_path)
    (tmp_path / "saved.toml").write_text(choice.resolve().as_toml())
    again = Choice(str(tmp_path / "saved.toml"), environ={}).resolve(kind)
    assert again.settings == choice.resolve(kind).settings


def test_the_builtin_table_that_is_saved_leaves_out_what_won_over_it(tmp_path: Path) -> None:
    actual = tomllib.loads(every_row(tmp_path).resolve().as_toml())["builtin"]
    # the flag gave block3_conv1 no weight, so it has the one of the preset, or of its [builtin]
    assert actual == {
        "steps": [150, 100, 20],
        "content_palette": "style",
        "content_layers": {"block4_conv2": 7.2e-3, "block3_conv2": 2.24e-3},
        "style_layers": {"block3_conv1": 2.34e-6, "block1_conv1": 2.0},
    }


def test_for_a_small_extractor_the_values_that_run_are_saved() -> None:
    actual = tomllib.loads(Choice("balanced", environ={}).resolve("random").as_toml())
    assert (actual["tv_weight"], actual["pooling"]) == (0.0, "avg")
    assert "builtin" not in actual


def test_a_source_or_description_of_several_lines_is_saved_too(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('description = "a\\nb\\u007f"\nsource = "one\\ntwo"\nsize = 99\n')
    resolved = Choice(str(file), environ={}).resolve()
    file.write_text(resolved.as_toml())
    again = Choice(str(file), environ={}).resolve()
    assert (again.settings, again.preset.description) == (resolved.settings, "a\nb\x7f")


def test_a_layer_named_without_weight_keeps_the_presets_weight_or_its_neighbours() -> None:
    actual = resolve("balanced", style_layers="block3_conv1,block5_conv4,block1_conv1=7").style_layers
    assert actual == {"block3_conv1": 1.42e-6, "block5_conv4": 2.2e-8, "block1_conv1": 7.0}


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
def test_a_mistake_is_named_with_its_place(choice: Choice, message: str) -> None:
    with pytest.raises(SettingsError, match=message) as caught:
        choice.resolve()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("stpes = 3", "no setting is called 'stpes'; did you mean steps"),
        ("[builtin]\nstyl_weight = 3", "styl_weight.*style_weight"),
        ("steps = = 3", "not a TOML file"),
        ("\0", "not a TOML file"),
    ],
)
def test_a_bad_preset_or_project_file_is_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "nstpipe.toml").write_text(text.removeprefix("[builtin]\n"))
    (tmp_path / "mine.toml").write_text(text)
    for choice in (Choice("mine.toml", environ={}), Choice(environ={}, folder=tmp_path)):
        with pytest.raises(SettingsError, match=message):
            choice.resolve()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("builtin = 3", "builtin = 3: it must be a table"),
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
def test_a_preset_file_of_the_wrong_shape_is_named(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(text.replace("{folder}", tmp_path.name))
    with pytest.raises(SettingsError, match=message) as caught:
        Choice(str(file), environ={}).resolve()
    assert str(tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_presets_that_extend_each_other_in_a_circle_are_named(tmp_path: Path) -> None:
    for name, other in (("a", "b"), ("b", "c"), ("c", "a")):
        (tmp_path / f"{name}.toml").write_text(f'extends = "{other}.toml"\n')
    with pytest.raises(SettingsError, match="c.toml: extends leads back to .*a.toml"):
        presets.load(str(tmp_path / "a.toml"))


def test_a_preset_extends_a_file_beside_it(tmp_path: Path) -> None:
    (tmp_path / "base.toml").write_text('extends = "balanced"\nseed = 7\n')
    (tmp_path / "mine.toml").write_text('extends = "base.toml"\nsize = 99\n')
    settings = resolve(str(tmp_path / "mine.toml"))
    assert (settings.seed, settings.size, settings.tv_weight) == (7, 99, 0.212)


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


def test_what_a_preset_says_itself_wins_over_its_bases_builtin_table(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('extends = "balanced"\ntv_weight = 3.0\n')
    settings = Choice(str(file), environ={}).resolve("builtin").settings
    assert (settings.tv_weight, settings.pooling) == (3.0, "avg")
