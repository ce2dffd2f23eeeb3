"""Forecasts: the time of a clip, workers, and what will fail, from headers alone."""

import pytest

from pipeline.extractor.layers import QUARTER_WIDTHS
from pipeline.jobs.planning import estimates, planner
from pipeline.jobs.planning.forecast import forecast
from pipeline.settings.settings import Settings
from tests.support.media import clip, picture

SPEED = 1e10
SETTINGS = Settings(size=32, scales=1, steps=20, optimizer="adam", content_layers="block4_conv2")


@pytest.fixture(autouse=True)
def fixed_speed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimates, "operations_per_second", lambda: SPEED)


def step_seconds(height: int, width: int, settings: Settings = SETTINGS) -> float:
    return estimates.operations_of_step(settings, (height, width), QUARTER_WIDTHS) / SPEED


def test_a_clip_takes_the_time_of_all_its_frames() -> None:
    """The first frame takes 20 steps, each of the eleven others half as many."""
    plan = planner.of_video(clip("in.mp4", frames=12), [picture("s.jpg", 2)])
    cost = forecast(plan, SETTINGS, QUARTER_WIDTHS)
    assert cost.items == 12
    assert cost.pixels == 12 * 21 * 32
    assert cost.seconds == pytest.approx(step_seconds(21, 32) * (20 + 11 * 10))
    alone = SETTINGS.model_copy(update={"temporal": "none"})
    assert forecast(plan, alone, QUARTER_WIDTHS).seconds == pytest.approx(step_seconds(21, 32) * 12 * 20)


def test_a_folder_takes_the_time_of_all_its_pictures() -> None:
    for number in range(3):
        picture(f"photos/{number}.png", number)
    plan = planner.of_folder(picture("photos/4.png", 4, 64, 48).parent, [picture("s.jpg", 2)])
    cost = forecast(plan, SETTINGS, QUARTER_WIDTHS)
    assert cost.items == 4
    assert cost.seconds == pytest.approx(20 * (3 * step_seconds(24, 32) + step_seconds(32, 24)))


def test_workers_share_the_optimizers_work_and_need_memory_each() -> None:
    """The network's passes take every core already; SciPy's L-BFGS-B takes one."""
    for number in range(4):
        picture(f"photos/{number}.png", number)
    plan = planner.of_folder(picture("photos/0.png", 0).parent, [picture("s.jpg", 2)])
    settings = SETTINGS.model_copy(update={"optimizer": "lbfgs"})
    one, two, many = (forecast(plan, settings, QUARTER_WIDTHS, workers) for workers in (1, 2, 99))
    passes = 4 * 20 * step_seconds(24, 32)
    optimizing = 4 * 20 * 3 * 24 * 32 * estimates.LBFGS_SECONDS_PER_VALUE
    assert one.seconds == pytest.approx(passes + optimizing)
    assert two.seconds == pytest.approx(passes + optimizing / 2)
    assert many.seconds == pytest.approx(passes + optimizing / 4)  # there are four pictures
    assert two.memory == 2 * one.memory and many.memory == 4 * one.memory


def test_listed_shots_bound_the_workers_of_a_clip(tmp_path) -> None:
    (tmp_path / "shots.txt").write_text("1\n4\n")
    source, style = clip("in.mp4", frames=6), picture("s.jpg", 2)
    listed = planner.of_video(source, [style], shots=tmp_path / "shots.txt")
    one, many = (forecast(listed, SETTINGS, QUARTER_WIDTHS, workers) for workers in (1, 8))
    assert many.memory == 2 * one.memory


def test_pictures_that_are_too_small_or_unreadable_are_named() -> None:
    picture("photos/a.png", 1)
    picture("photos/small.png", 2, 8, 8)
    (picture("photos/text.png", 3)).write_text("no picture")
    plan = planner.of_folder(picture("photos/a.png", 1).parent, [picture("s.jpg", 2)])
    cost = forecast(plan, SETTINGS, QUARTER_WIDTHS)
    assert (cost.items, cost.pixels) == (3, 24 * 32)
    assert len(cost.problems) == 2
    assert "small.png: is too small" in cost.problems[0] and "text.png" in cost.problems[1]
