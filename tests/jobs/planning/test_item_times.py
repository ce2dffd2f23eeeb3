"""How long items take beside each other: what is done once, and how steps add up to an item."""

from pathlib import Path

import pytest

from pipeline.base.arrays import Size
from pipeline.core.style_transfer import StepInfo
from pipeline.extractor.layers import QUARTER_WIDTHS, Architecture
from pipeline.jobs.planning import item_cost, item_times, planner
from pipeline.jobs.planning.item_times import SPEED, ItemTime
from pipeline.settings.settings import Settings
from tests.support.media import picture

NETWORK = Architecture.of_widths(QUARTER_WIDTHS)
SETTINGS = Settings(size=64, scales=2, steps=[8, 4], precision="float32")
SIZES: tuple[Size, Size] = ((90, 160), (36, 64))


def step(number: int, of: int, scale: int, scales: int) -> StepInfo:
    return StepInfo(number, of, scale, scales, {}, 0.0, lambda: pytest.fail("no test uses the image"))


def of_folder(workers: int = 1) -> dict[str, ItemTime]:
    plan = planner.of_folder(Path("photos"), [picture("s.jpg", 2)])
    times = item_times.of_pictures(plan.items, SETTINGS, NETWORK, 1, workers)
    return {name.replace("_s.png", ".png"): time for name, time in times.items()}


def of_shots(
    shots: list[list[str]], firsts: set[str], workers: int = 1, settings: Settings = SETTINGS
) -> dict[str, ItemTime]:
    return item_times.of_frames(shots, firsts, settings, SIZES, NETWORK, workers)


def lasting(cost: item_cost.CoreSeconds) -> float:
    return cost.lasting(SPEED.cores)


def test_each_size_is_new_once_and_what_cannot_be_read_is_left_out() -> None:
    for name in "abd":
        picture(f"photos/{name}.png", 1)
    picture("photos/c.png", 2, 48, 36)
    picture("photos/dot.png", 3, 8, 8)
    Path("photos/e.png").write_text("no picture")
    times = of_folder()
    assert list(times) == ["a.png", "b.png", "c.png", "d.png"]
    new = lasting(item_cost.of_new_size(SETTINGS, (36, 48), NETWORK, SPEED))
    assert times["a.png"].seconds - times["b.png"].seconds == pytest.approx(new)
    assert times["b.png"] == times["d.png"]
    assert times["c.png"].seconds == pytest.approx(times["a.png"].seconds)


def test_a_picture_of_twice_the_sides_takes_longer_by_its_steps() -> None:
    picture("photos/a.png", 1, 24, 32)
    picture("photos/b.png", 1, 48, 64)
    times = of_folder()
    for name, size in (("a.png", (24, 32)), ("b.png", (48, 64))):
        cost = item_cost.of_picture(SETTINGS, size, size, NETWORK, SPEED)
        assert times[name].scales == tuple((steps, lasting(each)) for steps, each in cost.scales)


def test_the_first_pictures_of_workers_wait_for_tensorflow() -> None:
    for name in "abcd":
        picture(f"photos/{name}.png", 1)
    alone, shared = of_folder(), of_folder(workers=2)
    process = lasting(item_cost.of_process(SETTINGS, NETWORK, SPEED, of_a_clip=False))
    longer = [shared[name].seconds - alone[name].seconds for name in alone]
    assert longer == pytest.approx([process, process, 0, 0])
    assert [time.starts_a_worker for time in shared.values()] == [True, True, False, False]
    assert not any(time.starts_a_worker for time in alone.values())


def test_the_first_frame_of_a_shot_takes_longer_than_those_that_follow() -> None:
    """The first shot traces the graph of following frames and computes the targets of the style."""
    times = of_shots([["1", "2", "3"], ["4", "5"]], {"1", "4"})
    assert [time.kind for time in times.values()] == ["first", "following", "following", "first", "following"]
    assert times["3"] == times["5"]
    assert [steps for steps, _ in times["4"].scales] == [8, 4]
    assert [steps for steps, _ in times["5"].scales] == [4, 2]
    new = lasting(item_cost.of_new_size(SETTINGS, SIZES[1], NETWORK, SPEED))
    hold = lasting(item_cost.of_hold(SPEED))
    assert times["1"].seconds - times["4"].seconds == pytest.approx(new)
    assert times["2"].seconds - times["5"].seconds == pytest.approx(hold)


def test_a_shot_that_was_begun_has_only_following_frames_left() -> None:
    times = of_shots([["7", "8"]], {"1"})
    assert {time.kind for time in times.values()} == {"following"}
    once = lasting(item_cost.of_new_size(SETTINGS, SIZES[1], NETWORK, SPEED) + item_cost.of_hold(SPEED))
    assert times["7"].seconds - times["8"].seconds == pytest.approx(once)


def test_a_later_shot_that_was_begun_has_only_following_frames_left() -> None:
    """Workers may have begun several shots."""
    times = of_shots([["1", "2"], ["7", "8"]], {"1", "5"})
    assert [time.kind for time in times.values()] == ["first", "following", "following", "following"]


def test_each_worker_loads_tensorflow_for_its_first_shot() -> None:
    times = of_shots([["1", "2"], ["3", "4"], ["5", "6"]], {"1", "3", "5"}, workers=2)
    assert times["1"] == times["3"] and times["2"] == times["4"]
    assert [name for name, time in times.items() if time.starts_a_worker] == ["1", "3"]
    assert times["3"].seconds - times["5"].seconds > item_cost.TENSORFLOW_SECONDS
    assert times["4"].seconds - times["6"].seconds == pytest.approx(item_cost.TRACING_HELD_SECONDS)


def test_frames_of_their_own_trace_no_second_graph() -> None:
    still = SETTINGS.model_copy(update={"temporal": "none"})
    times = of_shots([["1", "2", "3"]], {"1"}, settings=still)
    assert times["2"] == times["3"]
    assert times["2"].scales == times["1"].scales


def test_coarse_steps_are_a_smaller_share_of_an_item() -> None:
    """Eight steps of one second and four of three."""
    time = ItemTime("picture", ((8, 1.0), (4, 3.0)), rest=5.0)
    assert time.seconds == 25
    assert time.share_done(step(8, 12, 1, 2)) == pytest.approx(8 / 20)
    assert time.share_done(step(10, 12, 2, 2)) == pytest.approx(14 / 20)
    assert time.share_done(step(12, 12, 2, 2)) == 1


def test_a_scale_that_ends_early_counts_as_done() -> None:
    """After three of eight coarse steps the fine ones begin: seven steps are planned in all."""
    time = ItemTime("picture", ((8, 1.0), (4, 3.0)))
    assert time.share_done(step(4, 7, 2, 2)) == pytest.approx((8 + 3) / 20)


def test_a_frame_without_new_places_has_only_its_last_scale() -> None:
    time = ItemTime("following", ((8, 1.0), (4, 3.0)))
    assert time.share_done(step(1, 4, 1, 1)) == pytest.approx(0.25)


def test_where_nothing_is_known_every_step_counts_the_same() -> None:
    assert item_times.UNKNOWN.share_done(step(3, 12, 1, 2)) == pytest.approx(0.25)
