"""The grid of a comparison: axes, cells, their settings, and what is refused."""

from pathlib import Path

import pytest

from pipeline.errors import SettingsError
from pipeline.experiments.cells import SWEPT, grid, objective_of
from pipeline.settings.settings import Settings

STYLES = [Path("starry.jpg")]


def test_two_sweeps_make_every_pair_row_by_row() -> None:
    made = grid(STYLES, None, ["content-weight=0.5, 5", "optimizer=adam,lbfgs,sgd"], {"size": "64"})
    settings = [cell.settings() for cell in made.cells]
    assert [(one.content_weight, one.optimizer) for one in settings] == [
        *((0.5, "adam"), (0.5, "lbfgs"), (0.5, "sgd")),
        *((5.0, "adam"), (5.0, "lbfgs"), (5.0, "sgd")),
    ]
    assert {one.size for one in settings} == {64}
    assert made.cells[1].name == "content_weight=0.5 optimizer=lbfgs"


def test_presets_are_an_axis_and_a_single_one_applies_to_all_cells() -> None:
    made = grid(STYLES, "lbfgs-50,adam-1500", ["seed=1,2"], {})
    assert [axis.name for axis in made.axes] == ["preset", "seed"]
    assert [cell.settings().optimizer for cell in made.cells] == ["lbfgs", "lbfgs", "adam", "adam"]
    with_snapshots = grid(STYLES, "avgpool-251,adam-1500", [], {})
    assert {cell.settings().snapshot_every for cell in with_snapshots.cells} == {0}
    base = grid(STYLES, "adam-1500", ["seed=1,2"], {})
    assert [cell.labels for cell in base.cells] == [("seed=1",), ("seed=2",)]
    assert {cell.settings().optimizer for cell in base.cells} == {"adam"}


def test_several_styles_are_the_first_axis_and_a_single_one_is_none() -> None:
    starry, scream = Path("a/starry.jpg"), Path("b/scream.old.png")
    made = grid([starry, scream], "adam-1500", ["seed=1,2"], {})
    assert [cell.name for cell in made.cells] == [
        *("style=starry seed=1", "style=starry seed=2"),
        *("style=scream.old seed=1", "style=scream.old seed=2"),
    ]
    assert [cell.style for cell in made.cells] == [starry] * 2 + [scream] * 2
    assert [cell.settings().seed for cell in made.cells] == [1, 2, 1, 2]
    assert [cell.name for cell in grid([starry, scream], None, [], {}).cells] == [
        "style=starry",
        "style=scream.old",
    ]
    (alone,) = {(cell.name, cell.style) for cell in grid([starry], None, ["seed=1"], {}).cells}
    assert alone == ("seed=1", starry)


@pytest.mark.parametrize(
    ("styles", "presets", "message"),
    [
        (["a/starry.jpg", "b/starry.png"], None, "style=starry: two styles have this name; rename"),
        (["a/É.jpg", "b/e\u0301.jpg"], None, "two styles have this name"),
        (["starry.jpg", "starry.jpg"], None, "style=starry: two styles have this name"),
        (["a.jpg", "b.jpg"], "preview,balanced", "style x preset x seed: a grid has at most two axes"),
    ],
)
def test_styles_that_are_refused(styles, presets, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        grid(list(map(Path, styles)), presets, ["seed=1,2"], {})


def test_a_preset_s_file_has_its_stem_as_label() -> None:
    Path("folder").mkdir()
    Path("folder/mine.toml").write_text("steps = 7\n")
    made = grid(STYLES, "folder/mine.toml,preview", [], {})
    assert [cell.name for cell in made.cells] == ["preset=mine", "preset=preview"]
    assert made.cells[0].settings().steps == (7,)


def test_values_between_semicolons_can_be_lists() -> None:
    made = grid(STYLES, None, ["steps=30; 70, 55,35 ;"], {"scales": "3"})
    assert [cell.settings().steps for cell in made.cells] == [(30,), (70, 55, 35)]
    assert [cell.name for cell in made.cells] == ["steps=30", "steps=70,55,35"]
    assert len(grid(STYLES, None, ["steps=70,55,35"], {}).cells) == 3
    layers = grid(STYLES, None, ["style_layers=block1_conv1=2,block3_conv1=1;block2_conv1=3"], {})
    assert [cell.settings().style_layers for cell in layers.cells] == [
        {"block1_conv1": 2, "block3_conv1": 1},
        {"block2_conv1": 3},
    ]


@pytest.mark.parametrize(
    ("presets", "sweeps", "flags", "message"),
    [
        (None, [], {}, "nothing to compare; give --presets A,B, --sweep .* or more styles"),
        ("preview", [], {}, "nothing to compare"),
        (" , ", [], {}, "--presets ' , ': has no value"),
        ("preview,previw", [], {}, "no preset is called 'previw'; did you mean preview"),
        ("preview,preview", [], {}, "preset=preview: is there twice"),
        (None, ["strength"], {}, "--sweep 'strength': write NAME=VALUE,VALUE, or .*steps=30;70,55,35"),
        (None, ["steps=; ,;"], {}, "--sweep steps '; ,;': has no value"),
        (None, ["steps=9,8; 9, 8"], {}, "steps=9,8: is there twice"),
        (None, ["steps=9;8,x"], {}, "steps = 'x' .from --steps"),
        (None, ["strenght=1,2"], {}, "no setting is called 'strenght'; did you mean strength"),
        (None, ["strength=50,101"], {}, "strength = '101' .from --strength.*less than or equal to 100"),
        (None, ["optimizer=adam,adm"], {}, "optimizer = 'adm' .from --optimizer"),
        (None, ["strength=,"], {}, "--sweep strength ',': has no value"),
        (None, ["weights=builtin,random"], {}, "--sweep weights: .*is the same in every cell"),
        (None, ["temporal=none,flow"], {}, "--sweep temporal: changes no pixel of a picture"),
        (None, ["seed=1,2", "size=32,64", "steps=1,2"], {}, "seed x size x steps: .* at most two axes"),
        (None, ["seed=1,2", "seed=3,4"], {}, "seed is swept twice; put its values into one --sweep"),
        (None, ["seed=1,2"], {"seed": "3"}, "seed is swept and given by --seed; leave out one"),
        (None, ["seed=1,2"], {"steps": "0"}, "steps = '0' .from --steps"),
    ],
)
def test_what_is_refused(presets, sweeps, flags, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        grid(STYLES, presets, sweeps, flags)


def test_every_setting_that_changes_a_picture_can_be_swept() -> None:
    assert set(SWEPT) == set(Settings().that_change_pixels(of_a_video=False))


@pytest.mark.parametrize("same", [{"optimizer": "adam"}, {"steps": 9}, {"init": "noise"}, {"step_size": 1}])
def test_how_a_loss_is_descended_is_no_part_of_it(same) -> None:
    assert objective_of(Settings(**same)) == objective_of(Settings())


@pytest.mark.parametrize(
    "other", [{"strength": 40}, {"size": 64}, {"style_form": "gatys"}, {"tv_weight": 1}, {"pooling": "avg"}]
)
def test_what_a_loss_measures_is_part_of_it(other) -> None:
    assert objective_of(Settings(**other)) != objective_of(Settings())
