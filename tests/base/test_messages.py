"""Parts of messages."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.base.messages import did_you_mean, duration, shown


@pytest.mark.parametrize(
    "name", ["a b.jpg", "-o.png", "żółw 亀.png", "全　角.png", "C:\\x\\new.png", "🐢.jpg"]
)
def test_printable_characters_stay(name: str) -> None:
    assert shown(name) == name


@pytest.mark.parametrize(
    ("name", "desired"),
    [
        ("a\nb.jpg", "a\\nb.jpg"),
        ("a\r\tb\x00", "a\\r\\tb\\x00"),
        ("a\x1b[31mred", "a\\x1b[31mred"),
        ("a\u2028b\x85c", "a\\u2028b\\x85c"),
        ("txt\u202egpj.exe", "txt\\u202egpj.exe"),
        (os.fsdecode(b"caf\xe9.jpg"), "caf\\xe9.jpg"),
        (Path("folder") / "x\ny", f"folder{os.sep}x\\ny"),
    ],
)
def test_other_characters_are_escaped(name: str | Path, desired: str) -> None:
    assert shown(name) == desired


@given(st.text(alphabet=st.characters(exclude_categories=())))
def test_every_name_is_one_line_that_can_be_encoded(name: str) -> None:
    actual = shown(name)
    assert len(actual.splitlines()) <= 1
    actual.encode("utf-8")  # raises for a surrogate


@pytest.mark.parametrize(
    ("name", "among", "alike", "desired"),
    [
        ("stpes", ["steps", "size"], 0.0, "; did you mean steps?"),
        ("zzz", ["steps"], 0.0, "; did you mean steps?"),
        ("zzz", ["steps"], 0.6, ""),
        ("imagnet", ("auto", "imagenet"), 0.6, "; did you mean imagenet?"),
        ("steps", [], 0.0, ""),
    ],
)
def test_the_nearest_name_is_suggested_if_it_is_alike_enough(
    name: str, among: list[str], alike: float, desired: str
) -> None:
    assert did_you_mean(name, among, alike=alike) == desired


@pytest.mark.parametrize(
    ("seconds", "desired"),
    [(0.4, "0 s"), (89, "89 s"), (90, "2 min"), (150, "2 min"), (89.4 * 60, "89 min"), (7500, "2 h 05 min")],
)
def test_a_duration_has_the_unit_of_its_size(seconds: float, desired: str) -> None:
    assert duration(seconds) == desired
