"""Rows of settings: the later wins, and each value knows its row."""

import pytest

from pipeline.errors import SettingsError
from pipeline.settings.choice import Merged


def merged(**rows: dict[str, object]) -> Merged:
    found = Merged()
    for row, values in rows.items():
        found.add(values, lambda name, row=row: f"{row} {name}")  # type: ignore[misc]
    return found


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
def test_layers_that_cannot_be_are_refused_in_their_own_row(value: object, message: str) -> None:
    with pytest.raises(SettingsError, match=message) as caught:
        merged(file={"content_layers": value}, flag={"content_layers": "block5_conv2"})
    assert "\n" not in str(caught.value)
