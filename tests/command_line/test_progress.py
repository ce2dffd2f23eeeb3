"""The progress of a job: a bar on a terminal, plain lines elsewhere."""

import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import tqdm

from pipeline.command_line.progress import Progress
from pipeline.core.style_transfer import StepInfo
from pipeline.errors import StoppedError
from pipeline.jobs.planning.item_times import ItemTime
from pipeline.jobs.planning.plan import Item
from pipeline.jobs.record.entries import Entry
from tests.support.terminal import Screen, terminal


class Clock:
    """Time that passes only when a test says so."""

    def __init__(self) -> None:
        self.now = 1e6

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "monotonic", clock)
    monkeypatch.setattr(tqdm.std, "time", clock)
    monkeypatch.setattr(tqdm.tqdm, "monitor_interval", 0)
    return clock


@pytest.fixture
def screen(clock: Clock) -> Iterator[Screen]:
    with terminal() as screen:
        yield screen


@pytest.fixture
def start_on_terminal(screen: Screen, monkeypatch: pytest.MonkeyPatch):
    """A function that starts a progress on ``screen``; pytest sets standard error after fixtures have run."""

    bars: list[Progress] = []

    def make() -> Progress:
        monkeypatch.setattr(sys, "stderr", screen.file)
        bars.append(Progress(lambda: None))
        return bars[-1]

    yield make
    for progress in bars:
        progress.close()


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str], clock: Clock):
    """The lines on standard error, which is no terminal, since the last call."""
    return lambda: capsys.readouterr().err.splitlines()


def item(name: str) -> Item:
    return Item(name, Path("out", name), Path(name))


def step(number: int, of: int, loss: float = 0.0) -> StepInfo:
    return StepInfo(number, of, 1, 1, {"total": loss}, 0.0, lambda: pytest.fail("no test uses the image"))


def done(name: str, loss: float = 0.0) -> Entry:
    return Entry(name, "done", loss=loss)


def start() -> Progress:
    return Progress(lambda: None)


def percentage(line: str) -> int:
    return int(re.match(r" *(\d+)%\|", line)[1])


def work(progress: Progress, clock: Clock, name: str, steps: int, of: int = 4) -> None:
    """Make an item: ``of`` steps of a second each are planned, and ``steps`` are taken."""
    progress.item_began(item(name))
    for number in range(1, steps + 1):
        clock.now += 1
        progress.step(step(number, of, 100 / number))
    progress.item_ended(done(name))


def test_the_bar_shows_the_item_its_step_and_its_loss(
    start_on_terminal, screen: Screen, clock: Clock
) -> None:
    progress = start_on_terminal()
    progress.began(3, 0)
    work(progress, clock, "a.png", 4)
    progress.item_began(item("nested/b.png"))
    clock.now += 1
    progress.step(step(1, 4, 1234.56))
    line = screen.lines[-1]
    assert "| nested/b.png (2/3) [" in line
    assert "step 1/4, loss 1235]" in line
    assert len(screen.lines) == 1
    progress.close()


def test_percentages_rise_evenly_to_100_and_never_beyond(
    start_on_terminal, screen: Screen, clock: Clock
) -> None:
    """Four items of five steps: each step is a twentieth, whatever else is drawn."""
    progress, percentages = start_on_terminal(), []
    progress.began(4, 0)
    for name in ("a", "b", "c", "d"):
        progress.item_began(item(name))
        for number in range(1, 6):
            clock.now += 1
            progress.step(step(number, 5))
            percentages.append(percentage(screen.lines[-1]))
        progress.item_ended(done(name))
    assert percentages[1:] == list(range(10, 101, 5))  # the first step begins the bar, too soon to be drawn
    progress.close()


def test_an_item_that_takes_fewer_steps_than_planned_counts_as_one(
    start_on_terminal, screen: Screen, clock: Clock
) -> None:
    """L-BFGS-B may end early."""
    progress, percentages = start_on_terminal(), []
    progress.began(4, 0)
    for name, steps in (("a", 1), ("b", 2), ("c", 4), ("d", 3)):
        work(progress, clock, name, steps)
        progress.item_began(item("next"))  # draws
        percentages.append(percentage(screen.lines[-1]))
    assert percentages == [25, 50, 75, 100]
    progress.close()


def test_the_bar_is_full_only_at_its_end(start_on_terminal, screen: Screen, clock: Clock) -> None:
    progress = start_on_terminal()
    progress.began(2, 0)
    bars = []
    for name in ("a", "b"):
        work(progress, clock, name, 4)
        bars.append(re.search(r"\|(.*?)\|", screen.lines[-1])[1])
    half, full = bars
    assert set(full) == {"█"}
    assert half.rstrip().count("█") == pytest.approx(len(half) / 2, abs=1)
    progress.close()


def test_the_time_left_on_the_bar_is_that_of_the_steps_so_far(
    start_on_terminal, screen: Screen, clock: Clock
) -> None:
    """Five items of four seconds each."""
    progress = start_on_terminal()
    clock.now += 60  # loading
    progress.began(5, 0)
    progress.item_began(item("a"))
    progress.step(step(1, 4))
    clock.now += 1
    progress.step(step(2, 4))
    for number in (3, 4):
        clock.now += 1
        progress.step(step(number, 4))
    progress.item_ended(done("a"))
    work(progress, clock, "b", 4)
    elapsed, left = re.search(r"\[(\d\d:\d\d)<(\d\d:\d\d)", screen.lines[-1]).groups()
    assert elapsed == "00:07"  # since the first step
    assert left in ("00:11", "00:12")
    progress.close()


def test_a_job_that_resumes_begins_where_it_was(start_on_terminal, screen: Screen, clock: Clock) -> None:
    progress = start_on_terminal()
    progress.began(4, 2)
    work(progress, clock, "c", 2, of=2)
    resuming, line = screen.lines
    assert resuming == "resuming: 2 of 4 done, 2 left"
    assert percentage(line) == 75
    assert "| c (3/4) [" in line
    progress.close()


def test_the_time_of_what_was_done_before_does_not_count(
    start_on_terminal, screen: Screen, clock: Clock
) -> None:
    """90 of 100 done before; each of the others takes ten seconds."""
    progress = start_on_terminal()
    progress.began(100, 90)
    progress.item_began(item("a"))
    progress.step(step(1, 10))
    for number in range(2, 11):
        clock.now += 1
        progress.step(step(number, 10))
    minutes, seconds = re.search(r"\[00:09<(\d\d):(\d\d)", screen.lines[-1]).groups()
    assert 60 * int(minutes) + int(seconds) == pytest.approx(90, abs=9)
    progress.close()


def test_items_are_as_long_on_the_bar_as_they_are_expected_to_take(
    start_on_terminal, screen: Screen, clock: Clock
) -> None:
    """Two pictures were done before. One of two seconds, expected to take one, is done; one of 8 is left."""
    progress = start_on_terminal()
    progress.began(4, 2)
    progress.foreseen({"a": ItemTime("picture", ((4, 0.5),)), "b": ItemTime("picture", ((4, 2.0),))})
    progress.item_began(item("a"))
    progress.step(step(1, 4))
    for number in (2, 3, 4):
        clock.now += 1
        progress.step(step(number, 4))
    progress.item_ended(done("a"))
    progress.item_began(item("b"))
    clock.now += 1
    progress.step(step(0, 4))
    line = screen.lines[-1]
    assert percentage(line) == 60  # 5 and 5 expected seconds before, then 2 of 10
    assert re.search(r"<(\d\d:\d\d)", line)[1] == "00:16"
    progress.close()


def test_lines_say_the_time_left_of_unlike_items(printed, clock: Clock) -> None:
    """The first step ends when the time begins; the other took 2 seconds, for one that was expected."""
    progress = start()
    progress.began(3, 0)
    seconds = {"a": 1, "b": 8, "c": 4}  # a step
    progress.foreseen({name: ItemTime("picture", ((2, each),)) for name, each in seconds.items()})
    progress.item_began(item("a"))
    for number in (1, 2):
        clock.now += 2
        progress.step(step(number, 2))
    progress.item_ended(done("a"))
    assert printed() == ["1/3 a: loss 0, 48 s left"]


def test_lines_say_the_time_left_of_workers(printed, clock: Clock) -> None:
    """Two workers make eight items of ten seconds each; when three are done, half of the fourth is."""
    progress = start()
    progress.began(8, 0)
    progress.item_began(item("1"))
    progress.waiting()
    clock.now += 5
    progress.item_began(item("2"))
    for ended, begun in (("1", "3"), ("2", "4")):
        clock.now += 5
        progress.item_ended(done(ended))
        progress.item_began(item(begun))
    clock.now += 5
    progress.item_ended(done("3"))
    assert printed()[-1] == "3/8 3: loss 0, 22 s left"


def test_lines_are_printed_above_the_bar(start_on_terminal, screen: Screen, clock: Clock) -> None:
    progress = start_on_terminal()
    progress.began(2, 0)
    progress.item_began(item("a.png"))
    progress.step(step(1, 4))
    progress.say("a sentence")
    progress.warn("a warning")
    progress.item_ended(Entry("a.png", "failed", reason="no picture"))
    *above, bar = screen.lines
    assert above == ["a sentence", "nstpipe: a warning", "nstpipe: a.png: failed: no picture"]
    assert percentage(bar) == 50
    progress.close()


def test_close_removes_the_bar(start_on_terminal, screen: Screen, clock: Clock) -> None:
    progress = start_on_terminal()
    progress.began(1, 0)
    work(progress, clock, "a.png", 4)
    assert screen.lines[-1]
    progress.close()
    assert screen.lines == [""]
    progress.close()  # a second call is allowed
    assert screen.lines == [""]


def test_names_that_a_terminal_cannot_show_are_escaped(
    start_on_terminal, screen: Screen, clock: Clock
) -> None:
    progress = start_on_terminal()
    progress.began(1, 0)
    progress.item_began(item("a\x1b[31m\udcff.png"))
    progress.step(step(1, 4))
    assert r"a\x1b[31m\xff.png (1/1)" in screen.lines[-1]
    progress.close()


def test_assembling_has_a_bar_of_its_own(start_on_terminal, screen: Screen, clock: Clock) -> None:
    progress = start_on_terminal()
    progress.began(2, 0)
    work(progress, clock, "1.png", 4)
    work(progress, clock, "2.png", 4)
    percentages = []
    for frame in range(1, 9):
        clock.now += 1
        progress.assembling(frame, 8)
        (line,) = screen.lines
        assert "| assembling [" in line
        percentages.append(percentage(line))
        clock.now += 1
        progress.waiting()  # for the process that encodes
        assert percentage(screen.lines[-1]) in percentages
    assert percentages[1:] == [
        round(12.5 * frame) for frame in range(2, 9)
    ]  # the first comes too soon to be drawn
    assert "2.png" not in line
    progress.close()


def test_fetching_shows_the_share_of_the_bytes(start_on_terminal, screen: Screen, clock: Clock) -> None:
    progress, percentages = start_on_terminal(), []
    for received in (0, 20_000_000, 20_000_000, 60_000_000, 80_000_000):
        clock.now += 10
        progress.fetching(received, 80_000_000)
        (line,) = screen.lines
        assert "| fetching the weights [" in line
        percentages.append(percentage(line))
    assert percentages == [0, 25, 25, 75, 100]
    progress.began(2, 0)
    work(progress, clock, "a.png", 2)
    assert "fetching" not in screen.lines[-1]
    progress.close()


def test_a_terminal_without_a_width_gets_plain_lines(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    with terminal(columns=0) as screen:
        monkeypatch.setattr(sys, "stderr", screen.file)
        progress = start()
        progress.began(1, 0)
        work(progress, clock, "a.png", 4)
        progress.close()
        assert screen.lines == ["1/1 a.png: loss 0", ""]


def test_without_a_terminal_each_item_is_a_line_with_its_loss_and_the_time_left(
    printed, clock: Clock
) -> None:
    progress = start()
    clock.now += 500  # loading
    progress.began(4, 0)
    clock.now += 100  # loading more
    lines = []
    for name in ("a.png", "b.png", "c.png", "d.png"):
        progress.item_began(item(name))
        for number in (1, 2):
            clock.now += 5
            progress.step(step(number, 2))
        progress.item_ended(done(name, 12345.678))
        lines += printed()
    assert lines == [
        "1/4 a.png: loss 1.235e+04, 30 s left",
        "2/4 b.png: loss 1.235e+04, 20 s left",
        "3/4 c.png: loss 1.235e+04, 10 s left",
        "4/4 d.png: loss 1.235e+04",
    ]


def test_without_a_terminal_the_time_left_follows_from_the_items_of_this_run(printed, clock: Clock) -> None:
    """98 of 100 done before, in no time of this run."""
    progress = start()
    progress.began(100, 97)
    assert printed() == ["resuming: 97 of 100 done, 3 left"]
    progress.item_began(item("a"))
    progress.step(step(1, 2))
    clock.now += 25
    progress.step(step(2, 2))
    clock.now += 5
    progress.item_ended(done("a"))
    progress.item_began(item("b"))
    clock.now += 120
    progress.item_ended(done("b"))
    assert printed() == ["98/100 a: loss 0, 2 min left", "99/100 b: loss 0, 2 min left"]


def test_without_a_terminal_no_bar_is_drawn(printed, clock: Clock) -> None:
    progress = start()
    progress.fetching(1, 2)
    progress.began(2, 0)
    progress.item_began(item("a"))
    progress.step(step(1, 2))
    progress.assembling(1, 2)
    progress.close()
    assert printed() == []


def test_without_a_terminal_a_long_picture_says_something_every_half_minute(printed, clock: Clock) -> None:
    """A picture of eighteen steps of ten seconds, the first counted from its end: TensorFlow loads before."""
    progress = start()
    progress.began(1, 0)
    progress.item_began(item("a.png"))
    clock.now += 100  # loading
    lines = []
    for number in range(1, 19):
        progress.step(step(number, 18, 100 / number))
        lines.append(printed())
        clock.now += 10
    said = {number: text for number, text in enumerate(lines, start=1) if text}
    assert said == {
        4: ["a.png: step 4/18, loss 25"],
        7: ["a.png: step 7/18, loss 14.29"],
        10: ["a.png: step 10/18, loss 10"],
        13: ["a.png: step 13/18, loss 7.692"],
        16: ["a.png: step 16/18, loss 6.25"],
    }
    progress.item_ended(done("a.png", 5))
    assert printed() == ["1/1 a.png: loss 5"]


def test_any_line_begins_the_half_minute_anew(printed, clock: Clock) -> None:
    progress = start()
    progress.began(100, 0)
    for number in range(1, 9):  # items of twenty seconds each
        progress.item_began(item(f"{number}"))
        progress.step(step(1, 2))
        clock.now += 10
        progress.step(step(2, 2))
        clock.now += 10
        progress.item_ended(done(f"{number}"))
    assert [line.split("/100")[0] for line in printed()] == [str(number) for number in range(1, 9)]


def test_without_a_terminal_workers_assembling_and_fetching_are_not_silent(printed, clock: Clock) -> None:
    def lines(call) -> list[str]:
        """Of eight calls, ten seconds apart."""
        for number in range(1, 9):
            clock.now += 10
            call(number)
        return printed()

    progress = start()
    assert lines(lambda number: progress.fetching(number * 10**7, 8 * 10**7)) == [
        "fetching the weights: 30 of 80 MB",
        "fetching the weights: 60 of 80 MB",
    ]
    assert lines(lambda number: progress.fetching(number * 10**7, 0))[0] == "fetching the weights: 10 MB"
    assert lines(lambda number: progress.waiting()) == ["preparing"] * 3
    progress.began(5, 0)
    progress.item_began(item("a"))
    assert lines(lambda number: progress.waiting()) == ["0/5 done", "0/5 done"]
    assert lines(lambda number: progress.assembling(number, 8)) == [
        "assembling: frame 2/8",
        "assembling: frame 5/8",
        "assembling: frame 8/8",
    ]


def test_on_a_terminal_the_bar_alone_speaks(start_on_terminal, screen: Screen, clock: Clock) -> None:
    progress = start_on_terminal()
    progress.began(1, 0)
    progress.item_began(item("a"))
    for number in range(1, 19):
        clock.now += 10
        progress.step(step(number, 18))
    assert len(screen.lines) == 1
    progress.close()


def test_a_failure_is_a_warning_everywhere(printed) -> None:
    progress = start()
    progress.began(1, 0)
    progress.item_began(item("a.png"))
    progress.item_ended(Entry("a.png", "failed", reason="it is no picture"))
    assert printed() == ["nstpipe: a.png: failed: it is no picture"]


def test_a_job_that_was_finished_before_says_so(printed) -> None:
    progress = start()
    assert not progress.was_finished
    progress.nothing_left(7)
    assert progress.was_finished
    assert printed() == ["finished before: 7 of 7 done; --force redoes a finished job"]


@pytest.mark.parametrize("on_terminal", [True, False])
def test_a_quiet_job_only_warns(monkeypatch: pytest.MonkeyPatch, clock: Clock, on_terminal: bool) -> None:
    with terminal() as screen:
        monkeypatch.setattr(sys, "stderr", screen.file)
        progress = Progress(lambda: None, quiet=True, terminal=on_terminal)
        progress.began(3, 1)
        work(progress, clock, "a.png", 4)
        clock.now += 100
        progress.step(step(1, 2))
        progress.waiting()
        progress.assembling(1, 2)
        progress.fetching(1, 2)
        progress.say("a sentence")
        assert screen.lines == [""]
        progress.warn("a warning")
        assert screen.lines == ["nstpipe: a warning", ""]


@pytest.mark.parametrize(
    "call",
    [
        lambda progress: progress.step(step(1, 2)),
        lambda progress: progress.waiting(),
        lambda progress: progress.assembling(1, 2),
        lambda progress: progress.fetching(1, 2),
    ],
    ids=["step", "waiting", "assembling", "fetching"],
)
def test_a_job_can_be_stopped_at_each_step_and_frame_and_byte(call) -> None:
    def stop() -> None:
        raise StoppedError("stopped")

    with pytest.raises(StoppedError):
        call(Progress(stop))
