"""Ctrl-C: the first stops after the current step, the second at once."""

import signal

import pytest

from pipeline.command_line.interrupts import Stop
from pipeline.errors import StoppedError

by_signal = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])


@by_signal
def test_the_first_signal_only_announces_that_the_job_stops(number: int) -> None:
    announced: list[str] = []
    with Stop(announced.append) as stop:
        stop.check()
        assert announced == []
        signal.raise_signal(number)
        assert announced == ["stopping after this step; Ctrl-C again stops at once"]
        for _ in range(2):
            with pytest.raises(StoppedError, match="stopped; what is finished is kept"):
                stop.check()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_second_signal_stops_at_once(number: int) -> None:
    announced: list[str] = []
    with Stop(announced.append):
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
    assert len(announced) == 1


@by_signal
def test_the_earlier_handlers_are_restored_at_the_end(number: int) -> None:
    before = signal.getsignal(number)
    with pytest.raises(StoppedError), Stop(lambda message: None) as stop:
        assert signal.getsignal(number) != before
        signal.raise_signal(number)
        stop.check()
    assert signal.getsignal(number) == before


@pytest.mark.parametrize(
    "numbers",
    [
        [signal.SIGHUP, signal.SIGHUP, signal.SIGHUP],
        [signal.SIGHUP, signal.SIGTERM],
        [signal.SIGTERM, signal.SIGHUP],
    ],
)
def test_a_closed_terminal_is_one_wish_to_stop(numbers: list[int]) -> None:
    """It sends several hang-ups, and services are sent a hang-up beside SIGTERM."""
    announced: list[str] = []
    with Stop(announced.append) as stop:
        try:
            for number in numbers:
                signal.raise_signal(number)
        except KeyboardInterrupt:
            pytest.fail("stopped at once")
        with pytest.raises(StoppedError):
            stop.check()
        with pytest.raises(KeyboardInterrupt):  # a person still can
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
    assert len(announced) == 1


@by_signal
def test_a_signal_that_is_ignored_stays_so(number: int) -> None:
    """As `nohup` has it."""
    before = signal.signal(number, signal.SIG_IGN)
    try:
        with Stop(lambda message: None) as stop:
            signal.raise_signal(number)
            stop.check()
        assert signal.getsignal(number) == signal.SIG_IGN
    finally:
        signal.signal(number, before)
