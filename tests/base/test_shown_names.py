import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.base.messages import shown


@pytest.mark.parametrize(
    "name", ["a b.jpg", "-o.png", "żółw 亀.png", "全　角.png", "C:\\x\\new.png", "🐢.jpg"]
)
def test_what_a_terminal_can_print_stays(name: str) -> None:
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
def test_the_rest_is_escaped(name: str | Path, desired: str) -> None:
    assert shown(name) == desired


@given(st.text(alphabet=st.characters(exclude_categories=())))
def test_any_name_is_one_line_that_can_be_encoded(name: str) -> None:
    actual = shown(name)
    assert len(actual.splitlines()) <= 1
    actual.encode("utf-8")  # raises for what a terminal cannot take
