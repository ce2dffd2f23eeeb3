from fractions import Fraction

from pipeline.video.decoding import frame_times
from pipeline.video.decoding.frame_times import StoredTimes


def stored(times, **others):
    usual = {"step": 40, "last_duration": 40, "time_base": Fraction(1, 1000), "start": Fraction(0)}
    return StoredTimes(times, missing=Fraction(0), damage=[], **(usual | others))


def test_times_are_kept_as_they_are():
    actual = frame_times.fit(stored([0, 30, 100], last_duration=70), 3)

    assert actual.times == (0, 30, 100)
    assert (actual.last_duration, actual.time_base, actual.are_estimated) == (70, Fraction(1, 1000), False)


def test_fewer_frames_than_times_take_the_first_times():
    actual = frame_times.fit(stored([0, 30, 100, 200], last_duration=999), 2)

    assert actual.times == (0, 30)
    assert actual.last_duration == 70
    assert not actual.are_estimated


def test_more_frames_than_times_follow_a_step_apart():
    actual = frame_times.fit(stored([0, 30], step=30, last_duration=999), 4)

    assert actual.times == (0, 30, 60, 90)
    assert actual.last_duration == 30
    assert actual.are_estimated


def test_a_first_time_below_zero_becomes_zero_and_is_the_origin():
    actual = frame_times.fit(stored([-80, -40, 0]), 3)

    assert actual.times == (0, 40, 80)
    assert actual.origin == Fraction(-80, 1000)


def test_an_arbitrary_start_becomes_the_origin():
    actual = frame_times.fit(stored([10_000, 10_040], start=Fraction(9_990, 1000)), 2)

    assert actual.times == (10, 50)
    assert actual.origin == Fraction(9_990, 1000)


def test_a_finer_unit_keeps_every_time_in_seconds():
    actual = frame_times.fit(stored([0, 1, 1, 2], time_base=Fraction(1, 25), step=1, last_duration=1), 4)

    assert [time * actual.time_base * 25 for time in actual.times] == [0, 1, Fraction(3, 2), 2]
    assert actual.last_duration * actual.time_base == Fraction(1, 25)
    assert actual.are_estimated
