"""How people write the time that a job may take."""

from datetime import datetime

import pytest

from pipeline.errors import SettingsError
from pipeline.jobs.planning import deadlines


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("8h", 28800), ("90m", 5400), ("1h30m", 5400), ("1.5h", 5400), ("1h 30m 10s", 5410), ("45s", 45)],
)
def test_a_budget(text: str, seconds: float) -> None:
    assert deadlines.seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "8", "h", "8 hours", "-1h", "0h", "1h30", "h1", "1e3s", "8h!"])
def test_a_budget_that_is_none(text: str) -> None:
    with pytest.raises(SettingsError, match="--budget .*: write hours, minutes or seconds: 8h, 90m, 1h30m"):
        deadlines.seconds_of(text)


@pytest.mark.parametrize(
    ("now", "seconds"),
    [("2026-11-26 23:00", 8 * 3600), ("2026-11-26 06:59", 60), ("2026-11-26 07:00", 24 * 3600)],
)
def test_a_time_of_day_is_the_next_one(now: str, seconds: float) -> None:
    assert deadlines.seconds_until("07:00", datetime.fromisoformat(now)) == seconds


@pytest.mark.parametrize("text", ["7", "24:00", "07:60", "seven", "07:00:00"])
def test_a_time_of_day_that_is_none(text: str) -> None:
    with pytest.raises(SettingsError, match="--finish-by .*: write a time of day: 07:00, 23:30"):
        deadlines.seconds_until(text, datetime(2026, 11, 26))


def test_the_shorter_of_both_counts() -> None:
    assert deadlines.allowed(None, None) is None
    assert deadlines.allowed("90m", None) == 5400
    assert deadlines.allowed("1s", "07:00") == 1
    assert 0 < (deadlines.allowed("9999h", "07:00") or 0) <= 24 * 3600
