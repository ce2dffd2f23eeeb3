"""The measured speed of the processor: plausible, quick, and by its own time."""

import subprocess
import sys
import time

import pytest

from pipeline.base import speed


def test_the_speed_of_this_machine_is_plausible() -> None:
    measured = speed.measured()
    assert 1e8 < measured.products < 1e13
    assert 1e8 < measured.traffic < 1e13
    assert 1e2 < measured.functions < 1e7
    assert measured.cores == speed.usable_cores() >= 1


def test_time_in_which_the_core_works_for_others_does_not_count() -> None:
    """A pause of the thread stands for it."""
    assert speed._seconds(lambda: time.sleep(0.02)) < 0.01


def test_nothing_that_takes_seconds_to_load_is_imported() -> None:
    code = "import sys; from pipeline.base import speed; speed.measured(); print('tensorflow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_a_limit_on_the_cores_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: {0, 3, 5}, raising=False)
    assert speed.usable_cores() == 3
