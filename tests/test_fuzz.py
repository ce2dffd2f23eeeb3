"""Damaged files of every kind that is read: the right result or one line.

``benchmarks/fuzz.py`` does the same for hours.
"""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings

from tests.support.fuzzing import FORMATS, Format, bounded_memory, changes, damaged

EXAMPLES = {"jpeg": 150, "png": 150, "mp4": 50, "journal": 200, "toml": 150, "npz": 150, "h5": 150}

SECONDS = 30.0
"""No file may take so long, on a busy machine."""

MEGABYTES = 200


@pytest.fixture(params=FORMATS)
def form(request: pytest.FixtureRequest) -> Iterator[str]:
    yield request.param


def test_a_damaged_file_is_read_rightly_or_refused_in_one_line(form: str, tmp_path: Path) -> None:
    read, refused = fuzzed(FORMATS[form], EXAMPLES[form], tmp_path)
    assert refused > read / 20, "the damage must be seen"


def fuzzed(form: Format, examples: int, folder: Path) -> tuple[int, int]:
    """Damage and read a file so often; how many were read, and how many refused."""
    whole = form.whole(folder)
    assert form.try_damaged(whole, folder) is None
    results = [0, 0]

    @settings(max_examples=examples, deadline=None, derandomize=True, database=None)
    @given(changes(whole))
    def check(made) -> None:
        with tempfile.TemporaryDirectory(dir=folder) as own:
            began = time.monotonic()
            error = form.try_damaged(damaged(whole, made), Path(own))
            assert time.monotonic() - began < SECONDS
        results[error is not None] += 1

    with bounded_memory(MEGABYTES):
        check()
    return results[0], results[1]
