"""What each reconstruction matches, and which settings users can change."""

from pathlib import Path

import pytest

from pipeline.core.loss_graphs import loss_weights
from pipeline.errors import SettingsError
from pipeline.experiments import objectives
from pipeline.experiments.objectives import OPEN_SETTINGS, figure, settings_of

BLOCKS = [f"block{number}_conv1" for number in range(1, 6)]


def terms(kind: objectives.Kind) -> list[set[str]]:
    """The losses of each picture of a figure."""
    return [set(loss_weights(settings_of(one, {}))) for one in figure(kind)]


def test_the_content_is_matched_at_one_layer_at_a_time() -> None:
    assert terms("content") == [{f"content {layer}", "tv"} for layer in BLOCKS]


def test_the_style_is_matched_at_one_more_layer_each_time() -> None:
    assert terms("style") == [{f"style {layer}" for layer in BLOCKS[:count]} for count in range(1, 6)]


def test_the_layers_of_a_style_weigh_the_same_and_1_in_all() -> None:
    for one in figure("style"):
        weights = list(loss_weights(settings_of(one, {})).values())
        assert weights == pytest.approx([1 / len(weights)] * len(weights))


@pytest.mark.parametrize("kind", objectives.KINDS)
def test_every_picture_starts_from_noise_at_its_own_size(kind: objectives.Kind) -> None:
    settings = [settings_of(one, {}) for one in figure(kind)]
    assert {(one.init, one.scales, one.smooth_every, one.margin) for one in settings} == {("noise", 1, 0, 0)}


def test_names_and_labels_differ() -> None:
    pictures = [*figure("content"), *figure("style")]
    assert len({one.name for one in pictures} | {one.label for one in figure("content")}) == 15
    assert len({one.label for one in figure("style")}) == 5


def test_a_project_and_variables_change_open_settings_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    one = figure("content")[2]
    before = settings_of(one, {}).model_dump()
    Path("nstpipe.toml").write_text(
        'preset = "quality"\nsize = 96\nstyle_weight = 3\ninit = "content"\ntv_weight = 9\nscales = 4\n'
    )
    monkeypatch.setenv("NSTPIPE_SEED", "8")
    monkeypatch.setenv("NSTPIPE_OPTIMIZER", "adam")
    assert settings_of(one, {"steps": "7"}).model_dump() == before | {"size": 96, "seed": 8, "steps": (7,)}


def test_a_wrong_value_is_named_with_its_source() -> None:
    with pytest.raises(SettingsError, match=r"pooling = 'mean' \(from --pooling\)"):
        settings_of(figure("style")[0], {"pooling": "mean"})


@pytest.mark.parametrize(
    ("content", "style", "kinds"),
    [
        (True, False, ("content",)),
        (False, True, ("style",)),
        (True, True, ("content", "style")),
        (False, False, ("content", "style")),
    ],
)
def test_both_figures_are_made_where_none_is_named(content: bool, style: bool, kinds: tuple) -> None:
    assert objectives.kinds(content=content, style=style) == kinds


def test_the_open_settings_have_values_in_the_preset_or_belong_to_the_machine() -> None:
    settings = settings_of(figure("content")[0], {})
    assert (settings.size, settings.pooling) == (256, "avg")
    assert set(OPEN_SETTINGS) == {"size", "steps", "pooling", "seed", "weights", "device"}
