"""Values of megabytes are cut in messages, wherever they come from, and cost no time."""

import os
import time

import pytest

from pipeline.base.messages import cut, quoted, shown
from pipeline.errors import FailedItemsError, InputError, NstpipeError, SettingsError
from pipeline.settings import preset_files
from pipeline.settings.choice import Choice

LONG = "a" * 1_000_000


@pytest.mark.parametrize(
    "text",
    [
        f"{LONG} = 1",
        f'"{LONG}" = 1',
        f'optimizer = "{LONG}"',
        f'content_layers = "{LONG}"',
        f'content_layers = "{LONG}=1"',
        f"content_layers = {{ {LONG} = 1 }}",
        f'description = ["{LONG}"]',
        f'extends = "{LONG}"',
        f"sources = {{ {LONG} = 1 }}",
        f"steps = {'1' * 10_000}",
        f"a = {LONG}",
    ],
    ids=range(11),
)
def test_a_long_value_in_a_preset_is_cut(text):
    began = time.monotonic()
    with open("mine.toml", "w") as file:
        file.write(text)
    with pytest.raises(SettingsError) as caught:
        Choice("mine.toml").resolve()
    assert len(str(caught.value)) < 1000
    assert "mine.toml" in str(caught.value)
    assert time.monotonic() - began < 20


def test_a_long_value_of_a_flag_or_variable_is_cut():
    for choice in (
        Choice(flags={"optimizer": LONG}),
        Choice(environ={"NSTPIPE_OPTIMIZER": LONG}),
        Choice(environ={f"NSTPIPE_{LONG}": "1"}),
        Choice(LONG),
    ):
        with pytest.raises(SettingsError) as caught:
            choice.resolve()
        assert len(str(caught.value)) < 1000


def test_the_beginning_and_the_end_of_a_long_text_stay():
    assert cut("abcdefghij", 10) == "abcdefghij"
    assert cut("abcdefghijk", 9) == "abcde…ijk"
    assert quoted("x") == "'x'"
    assert len(quoted(LONG)) == 200
    path = os.path.join(*(["f" * 100] * 12), "a.png")
    assert len(shown(path)) == 1000 and shown(path).endswith("fff/a.png".replace("/", os.sep))
    assert shown("f" * 255) == "f" * 255  # the longest name of a file


def test_the_middle_of_a_message_of_any_error_is_left_out():
    message = str(InputError(f"a.png: {LONG}; get an intact copy"))
    assert len(message) == 4001
    assert message.startswith("a.png: aaa") and message.endswith("aaa; get an intact copy")


def test_a_list_of_failed_items_is_whole():
    names = ", ".join(f"{number}.png" for number in range(2000))
    assert str(FailedItemsError(names)) == names
    assert str(NstpipeError("short")) == "short"


def test_presets_are_still_read():
    assert preset_files.load("balanced").name == "balanced"
