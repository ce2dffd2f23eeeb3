from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as some

from pipeline.video.decoding.rising_times import MonotonicTimestamps, increasing, typical_step

STEP, JUMP = 40, 1000

TIMES = some.lists(some.none() | some.integers(-5000, 5000), max_size=40)


def test_times_that_rise_are_kept():
    actual = increasing([3, 10, 11, 500], STEP, JUMP)

    assert actual == ([3, 10, 11, 500], 1)


@pytest.mark.parametrize(
    ("times", "desired", "factor"),
    [
        ([0, 40, 40, 80], [0, 40, 60, 80], 1),
        ([0, 1, 1, 2], [0, 2, 3, 4], 2),  # no whole number between 1 and 2: the unit becomes finer
        ([0, 0, 0], [0, 40, 80], 1),
        ([0, 40, None, None], [0, 40, 80, 120], 1),
        ([None, 40, 80], [0, 40, 80], 1),
        ([None, None], [0, 40], 1),
        ([0, 40, 30, 120], [0, 40, 80, 120], 1),
        ([5000, 5040, 0, 40], [5000, 5040, 5080, 5120], 1),  # a clock reset
        ([], [], 1),
    ],
)
def test_times_that_do_not_rise_are_changed(times, desired, factor):
    assert increasing(times, STEP, JUMP) == (desired, factor)


@given(TIMES)
def test_any_times_become_as_many_rising_ones(times):
    actual, factor = increasing(times, STEP, JUMP)

    assert len(actual) == len(times)
    assert factor >= 1
    assert all(later > sooner for sooner, later in pairwise(actual))


def test_typical_step_is_the_median_forward_step():
    assert typical_step([0, 40, 80, None, 75, 1000]) == 40
    assert typical_step([5, 5, None]) is None


@given(TIMES)
def test_packets_rise_one_by_one(times):
    rising = MonotonicTimestamps(JUMP)

    actual = [rising(time, 20) for time in times]

    assert all(later > sooner for sooner, later in pairwise(actual))


def test_packets_that_rise_are_kept_and_repairs_are_counted():
    rising = MonotonicTimestamps(JUMP)

    actual = [rising(time, 20) for time in (-20, 0, 20, 20, 60, None, 100)]

    assert actual == [-20, 0, 20, 21, 60, 80, 100]
    assert rising.repairs == 2


def test_packets_follow_on_after_a_clock_reset():
    rising = MonotonicTimestamps(JUMP)

    actual = [rising(time, 20) for time in (5000, 5020, 0, 20, 40)]

    assert actual == [5000, 5020, 5040, 5060, 5080]
    assert rising.repairs == 1
