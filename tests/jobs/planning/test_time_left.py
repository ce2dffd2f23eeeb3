"""The time left: within a fifth after three items, whatever they cost. A clock of the test's own."""

import heapq
from collections.abc import Mapping, Sequence

import pytest

from pipeline.core.style_transfer import StepInfo
from pipeline.jobs.planning.item_times import ItemTime
from pipeline.jobs.planning.time_left import TimeLeft


def step(number: int, of: int, scale: int = 1, scales: int = 1) -> StepInfo:
    return StepInfo(number, of, scale, scales, {}, 0.0, lambda: pytest.fail("no test uses the image"))


def expected(seconds: float, kind: str = "picture") -> ItemTime:
    return ItemTime(kind, ((8, seconds / 8),))


def after(count: int, times: Mapping[str, ItemTime], took: Sequence[float]) -> tuple[float | None, float]:
    """The time left, said and true, after ``count`` of the items, made one by one, took what they take."""
    left, now = TimeLeft(len(times), times), 1000.0
    for name, seconds in list(zip(times, took, strict=True))[:count]:
        left.began(name, now)
        now += seconds
        left.ended(name, now)
    return left.seconds(now), sum(took[count:])


def with_workers(
    workers: int, count: int, times: Mapping[str, ItemTime], took: Sequence[float]
) -> tuple[float | None, float]:
    """The same where ``workers`` share the processor: an item takes so many times longer."""
    left, now = TimeLeft(len(times), times), 1000.0
    queue = list(zip(times, took, strict=True))
    active: list[tuple[float, str]] = []
    said, at = None, 0.0
    ended = 0
    while queue or active:
        while queue and len(active) < workers:
            name, seconds = queue.pop(0)
            left.began(name, now)
            heapq.heappush(active, (now + workers * seconds, name))
        now, name = heapq.heappop(active)
        left.ended(name, now)
        ended += 1
        if ended == count:
            said, at = left.seconds(now), now
    return said, now - at


def test_pictures_count_by_their_expected_time() -> None:
    """Three small pictures took three times as long as expected; the large ones will, too."""
    sizes = [1.0, 2.0, 1.0, 16.0, 8.0, 16.0]
    times = {f"{number}.png": expected(seconds) for number, seconds in enumerate(sizes)}
    said, true = after(3, times, [3 * seconds for seconds in sizes])
    assert true == 120
    assert said == pytest.approx(true)


def test_expectations_that_are_off_by_a_fifth_leave_the_time_within_a_fifth() -> None:
    sizes = [4.0, 1.0, 9.0, 16.0, 8.0, 2.0, 25.0, 1.0]
    off = [1.1, 0.9, 1.05, 0.95, 1.1, 0.8, 1.0, 1.2]
    times = {f"{number}.png": expected(seconds) for number, seconds in enumerate(sizes)}
    said, true = after(3, times, [seconds * wrong for seconds, wrong in zip(sizes, off, strict=True)])
    assert said == pytest.approx(true, rel=0.2)


def test_first_frames_and_following_ones_are_wrong_by_factors_of_their_own() -> None:
    """Expected: 10 and 5 seconds. A first frame takes 30, a following one 2. There are two shots."""
    kinds = ["first", *["following"] * 9] * 2
    times = {f"{number}": expected(10 if kind == "first" else 5, kind) for number, kind in enumerate(kinds)}
    took = [30.0 if kind == "first" else 2.0 for kind in kinds]
    said, true = after(3, times, took)
    assert true == 7 * 2 + 30 + 9 * 2
    assert said == pytest.approx(true)


def test_what_is_done_once_is_not_expected_again() -> None:
    """The first of the following frames traces a graph for ten seconds."""
    times = {"1": expected(8, "first"), "2": ItemTime("following", ((10, 0.4),), 10.0)}
    times |= {f"{number}": expected(4, "following") for number in range(3, 60)}
    said, true = after(3, times, [8.0, 14.0, *[4.0] * 57])
    assert said == pytest.approx(true)


def test_a_job_that_resumes_in_a_shot_knows_only_following_frames() -> None:
    times = {f"{number}": expected(5, "following") for number in range(40, 60)}
    times |= {"60": expected(10, "first")}
    said, true = after(3, times, [15.0] * 20 + [30.0])
    assert said == pytest.approx(true)


@pytest.mark.parametrize("workers", [2, 3])
def test_workers_are_counted_with_what_they_have_begun(workers: int) -> None:
    sizes = [3.0, 9.0, 5.0, 7.0, 2.0, 8.0, 4.0, 6.0, 5.0, 3.0, 6.0, 7.0, 4.0, 5.0]
    times = {f"{number}.png": expected(seconds) for number, seconds in enumerate(sizes)}
    said, true = with_workers(workers, 3, times, [2.5 * seconds for seconds in sizes])
    assert said == pytest.approx(true, rel=0.2)


def test_the_loading_of_workers_tells_nothing_of_the_items() -> None:
    """It takes ten times as long as expected, since the disk is slow; the pictures take what is expected."""
    starting = ItemTime("picture", ((8, 0.5),), loading=3.0)
    times = {"1": starting, "2": starting} | {f"{number}": expected(4) for number in range(3, 21)}
    said, true = with_workers(2, 3, times, [34.0, 34.0, *[4.0] * 18])
    assert said == pytest.approx(true, rel=0.2)
    only_starts, _ = with_workers(2, 2, times, [34.0, 34.0, *[4.0] * 18])
    assert only_starts is not None and only_starts > 100  # all that is known


def test_half_an_item_that_was_begun_counts_by_its_steps() -> None:
    """Eight steps of five seconds: two were not counted, three were; three are left, and another item."""
    left = TimeLeft(2, {"a": expected(20), "b": expected(20)})
    left.began("a", 0)
    left.stepped("a", step(2, 8))
    left.counts_from(100)
    assert left.seconds(100) is None  # nothing has been counted yet
    left.stepped("a", step(5, 8))
    assert left.seconds(115) == pytest.approx(5 * 3 + 8 * 5)
    assert left.done == pytest.approx(20 * 5 / 8)


def test_a_coarse_step_counts_less_than_a_fine_one() -> None:
    """Ten steps of a second, then ten of four: after the coarse ones a fifth is done."""
    left = TimeLeft(1, {"a": ItemTime("picture", ((10, 1.0), (10, 4.0)))})
    left.began("a", 0)
    left.counts_from(0)
    left.stepped("a", step(10, 20, 1, 2))
    assert left.done / left.whole == pytest.approx(0.2)
    assert left.seconds(20) == pytest.approx(80)
    left.stepped("a", step(15, 20, 2, 2))
    assert left.seconds(60) == pytest.approx(40)


def test_an_item_that_failed_tells_nothing_of_the_others() -> None:
    left = TimeLeft(4, {name: expected(10) for name in "abcd"})
    left.began("a", 0)
    left.ended("a", 0.1, failed=True)
    assert left.seconds(0.1) is None
    left.began("b", 1)
    left.ended("b", 21)
    assert left.seconds(21) == pytest.approx(40)


def test_a_picture_that_cannot_be_read_is_not_waited_for() -> None:
    left = TimeLeft(3, {"a": expected(10), "b": expected(10)})
    for name, now in (("broken", 0.0), ("a", 0.0)):
        left.began(name, now)
        left.ended(name, now + 10 * (name == "a"), failed=name == "broken")
    assert left.seconds(10) == pytest.approx(10)


def test_without_expectations_all_items_count_the_same() -> None:
    left = TimeLeft(5, {})
    for number in range(2):
        left.began(f"{number}", 30 * number)
        left.ended(f"{number}", 30 * number + 30)
    assert left.seconds(60) == pytest.approx(90)
    assert (left.whole, left.done) == (5, 2)


def test_what_is_recorded_of_earlier_runs_counts_as_what_ends_now() -> None:
    """Twice as long as expected, two at once; one failed, and one of the record is unknown by now."""
    times = {"a": expected(3), "b": expected(5), "c": expected(8), "d": expected(4)}
    left = TimeLeft(5, times, at_once=2)
    assert left.seconds(0) is None
    for name, seconds in {"a": 6.0, "b": 10.0, "c": None, "gone": 100.0}.items():
        left.ended_before(name, seconds)
    assert left.seconds(0) == pytest.approx(2 * 4 / 2)


def test_nothing_is_left_at_the_end() -> None:
    said, _ = after(4, {name: expected(3) for name in "abcd"}, [1, 2, 3, 4])
    assert said == 0
