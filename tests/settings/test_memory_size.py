"""Bytes as people write them."""

import pytest

from pipeline.errors import SettingsError
from pipeline.settings.choice import Choice
from pipeline.settings.settings import Settings


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("4GB", 4_000_000_000),
        ("1.5 GiB", 1_610_612_736),
        ("800mb", 800_000_000),
        ("2g", 2_000_000_000),
        ("123456789", 123_456_789),
        (3_000_000_000, 3_000_000_000),
        (None, None),
    ],
)
def test_a_size_is_read(text: object, size: int | None) -> None:
    assert Settings(memory=text).memory == size


@pytest.mark.parametrize("text", ["4 apples", "GB", "-1GB", "1e9", ""])
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(SettingsError, match="4GB"):
        Choice(None, {"memory": text}).resolve()
