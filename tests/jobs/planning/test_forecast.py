"""Forecasts: the time of a clip, workers, and what will fail, from headers alone."""

from pathlib import Path

import pytest
from PIL import Image

from pipeline.errors import InputError
from pipeline.extractor.layers import QUARTER_WIDTHS
from pipeline.jobs.planning import estimates, planner
from pipeline.jobs.planning import forecast as forecasts
from pipeline.jobs.planning.forecast import forecast, of_pictures
from pipeline.jobs.planning.plan import Item
from pipeline.settings.settings import Settings
from tests.support.clips import write_clip
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
    optimizing = 4 * 20 * 3 * 24 * 32 * estimates.OPTIMIZER_SECONDS_PER_VALUE["lbfgs"]
    assert one.seconds == pytest.approx(passes + optimizing)
    assert two.seconds == pytest.approx(passes + optimizing / 2)
    assert many.seconds == pytest.approx(passes + optimizing / 4)  # there are four pictures
    assert two.memory == 2 * one.memory and many.memory == 4 * one.memory


def test_pictures_with_settings_of_their_own_have_costs_of_their_own() -> None:
    photo = picture("a.png", 1)
    settings = [SETTINGS, SETTINGS.model_copy(update={"steps": (5,)}), Settings(size=16)]
    items = [Item(f"{n}.png", Path(f"{n}.png"), photo) for n in range(3)]
    cost = of_pictures(dict(zip(items, settings, strict=True)), QUARTER_WIDTHS)
    assert [cost.each[item].seconds for item in items[:2]] == pytest.approx(
        [20 * step_seconds(24, 32), 5 * step_seconds(24, 32)]
    )
    assert [cost.each[item].size for item in items] == [(24, 32), (24, 32), (16, 21)]
    assert cost.seconds == pytest.approx(sum(one.seconds for one in cost.each.values()))
    assert cost.memory == max(one.memory for one in cost.each.values())


def test_listed_shots_bound_the_workers_of_a_clip(tmp_path) -> None:
    (tmp_path / "shots.txt").write_text("1\n4\n")
    source, style = clip("in.mp4", frames=6), picture("s.jpg", 2)
    listed = planner.of_video(source, [style], shots=tmp_path / "shots.txt")
    one, many = (forecast(listed, SETTINGS, QUARTER_WIDTHS, workers) for workers in (1, 8))
    assert many.memory == 2 * one.memory


@pytest.mark.parametrize(
    ("name", "options"),
    [("in.h264", {"form": "h264"}), ("in.mkv", {"container": {"live": "1"}})],
    ids=["raw stream", "written as a stream"],
)
def test_a_clip_without_a_length_costs_as_much_as_one_frame_and_a_note(tmp_path, name, options) -> None:
    source = write_clip(Path(name), frames=3, **options)
    (tmp_path / "shots.txt").write_text("1\n3\n")
    style = [picture("s.jpg", 2)]
    cost = forecast(planner.of_video(source, style), SETTINGS, QUARTER_WIDTHS)
    assert (cost.items, cost.pixels) == (1, 24 * 32)
    assert cost.seconds == pytest.approx(step_seconds(24, 32) * 20)
    assert cost.notes == (
        f"{name}: its header does not say how long it is; the costs are those of one frame",
    )
    listed = planner.of_video(source, style, shots=tmp_path / "shots.txt")
    assert forecast(listed, SETTINGS, QUARTER_WIDTHS, 8).memory == 2 * cost.memory


def test_the_decoder_of_a_clip_takes_memory_in_the_forecast_as_in_the_job(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plan = planner.of_video(clip("in.mp4"), [picture("s.jpg", 2)])
    monkeypatch.setattr(estimates, "_own_memory", lambda: 0)
    need = forecast(plan, SETTINGS, QUARTER_WIDTHS).memory
    for free, problems in ((need, 0), (need - 1, 1)):
        monkeypatch.setattr(estimates, "free_memory", lambda free=free: free)
        assert len(forecast(plan, SETTINGS, QUARTER_WIDTHS).problems) == problems


def test_pictures_that_are_too_small_or_unreadable_are_named() -> None:
    picture("photos/a.png", 1)
    picture("photos/small.png", 2, 8, 8)
    (picture("photos/text.png", 3)).write_text("no picture")
    plan = planner.of_folder(picture("photos/a.png", 1).parent, [picture("s.jpg", 2)])
    cost = forecast(plan, SETTINGS, QUARTER_WIDTHS)
    assert (cost.items, cost.pixels) == (3, 24 * 32)
    assert len(cost.problems) == 2
    assert "small.png: is too small" in cost.problems[0] and "text.png" in cost.problems[1]


def test_a_long_shape_is_forecast_at_the_size_at_which_it_is_made() -> None:
    """200x20 pixels at size 32 would be 32x3: 155x16 is the least."""
    pictures = planner.of_image(picture("a.png", 1, 20, 200), [picture("s.jpg", 2)])
    cost = forecast(pictures, SETTINGS, QUARTER_WIDTHS)
    assert (cost.pixels, cost.problems) == (16 * 155, ())
    assert len(cost.notes) == 1 and cost.notes[0].startswith("a.png: is made at 155x16 pixels")
    source = write_clip(Path("in.mp4"), size=(20, 200), frames=3, sounds=[])
    cost = forecast(planner.of_video(source, [picture("s.jpg", 2)]), SETTINGS, QUARTER_WIDTHS)
    assert (cost.pixels, cost.problems) == (3 * 16 * 155, ())
    assert len(cost.notes) == 1 and cost.notes[0].startswith("in.mp4: is made at 155x16 pixels")


def test_a_picture_or_clip_that_needs_more_memory_than_there_is_will_fail(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    picture("photos/a.png", 1)
    styles = [picture("s.jpg", 2)]
    monkeypatch.setattr(estimates, "free_memory", lambda: 0)
    monkeypatch.setattr(estimates, "_own_memory", lambda: 0)
    cost = forecast(planner.of_folder(Path("photos"), styles), SETTINGS, QUARTER_WIDTHS)
    assert len(cost.problems) == 1 and "a.png: 32x24 pixels need about" in cost.problems[0]
    cost = forecast(planner.of_video(clip("in.mp4"), styles), SETTINGS, QUARTER_WIDTHS)
    assert len(cost.problems) == 1 and "in.mp4: 32x21 pixels need about" in cost.problems[0]


def test_workers_share_the_memory_in_the_forecast_as_in_the_job(monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(2):
        picture(f"photos/{number}.png", number)
    plan = planner.of_folder(Path("photos"), [picture("s.jpg", 2)])
    need = estimates.memory_of_step(SETTINGS, (24, 32), QUARTER_WIDTHS)
    for free, problems in ((2 * need, 0), (2 * need - 2, 2)):
        monkeypatch.setattr(forecasts, "free_memory", lambda free=free: free)
        assert len(forecast(plan, SETTINGS, QUARTER_WIDTHS, 2).problems) == problems


def test_a_picture_too_large_for_the_format_of_its_pastiche_will_fail() -> None:
    Path("photos").mkdir()
    Image.new("L", (20000, 16)).save("photos/a.png")
    plan = planner.of_folder(Path("photos"), [picture("s.jpg", 2)], suffix=".webp")
    assert "WEBP holds at most 16383 pixels" in forecast(plan, SETTINGS, QUARTER_WIDTHS).problems[0]


@pytest.mark.parametrize("kind", ["picture", "clip"])
def test_a_style_that_the_job_would_refuse_is_refused(kind: str) -> None:
    small = picture("small.png", 2, 8, 8)
    plan = (
        planner.of_image(picture("a.png", 1), [small])
        if kind == "picture"
        else planner.of_video(clip("in.mp4"), [small])
    )
    with pytest.raises(InputError, match="small.png: is too small, at 8x8 pixels"):
        forecast(plan, SETTINGS, QUARTER_WIDTHS)
