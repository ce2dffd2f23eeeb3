"""Patterns such as ``%04d.png``, and the files that they stand for."""

from pathlib import Path

import pytest

from pipeline.footage.number_pattern import NumberPattern


@pytest.mark.parametrize(
    ("pattern", "number", "name"),
    [
        ("%04d.png", 7, "0007.png"),
        ("%4d.png", 7, "0007.png"),
        ("%04d.png", 12345, "12345.png"),
        ("%d.png", 7, "7.png"),
        ("a[1]_%03d.v2.jpg", 7, "a[1]_007.v2.jpg"),
        ("100%%_%02d.png", 7, "100%_07.png"),
    ],
)
def test_a_number_has_one_name(pattern: str, number: int, name: str) -> None:
    names = NumberPattern.of(Path("frames") / pattern)
    assert names is not None
    assert names.path_of(number) == Path("frames") / name
    assert names.number_of(name) == number


@pytest.mark.parametrize("name", ["in.mp4", "%s.png", "%04x.png", "%d_%d.png", "%%04d.png", "%123d.png"])
def test_other_names_are_no_pattern(name: str) -> None:
    assert NumberPattern.of(Path(name)) is None


def test_only_the_last_part_of_a_path_is_a_pattern() -> None:
    assert NumberPattern.of(Path("%04d/a.png")) is None


def test_the_files_are_in_the_order_of_their_numbers() -> None:
    for name in ("9.png", "10.png", "010.png", "08.png", "1.jpg", "x1.png", "-1.png", "11.png.bak", "٣.png"):
        Path(name).touch()
    names = NumberPattern.of(Path("%d.png"))
    assert names is not None
    assert list(names.existing().items()) == [(9, Path("9.png")), (10, Path("10.png"))]


def test_a_folder_that_is_missing_has_no_files() -> None:
    names = NumberPattern.of(Path("no/%d.png"))
    assert names is not None and names.existing() == {}
