"""Names and paths of any bytes as ASCII text, and back."""

import os
from pathlib import Path

import pytest

from pipeline.base import path_text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("photos/a_b-1.2~.png", "photos/a_b-1.2~.png"),
        ("a b%20#?.png", "a%20b%2520%23%3F.png"),
        ('<script>"\n', "%3Cscript%3E%22%0A"),
        ("É", "%C3%89"),
        (os.fsdecode(b"\xff.png"), "%FF.png"),
    ],
)
def test_text_is_percent_encoded_and_gives_the_name_back(name: str, text: str) -> None:
    assert path_text.encoded(name) == text
    assert path_text.decoded(text) == name


def test_an_absolute_path_has_no_link_on_its_way(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    assert path_text.absolute(Path("link/a b")) == f"{path_text.encoded(tmp_path.resolve())}/real/a%20b"
