"""Forecasts: the time of a clip, workers, and what will fail, from headers alone."""

from pathlib import Path

import pytest
from PIL import Image

from pipeline.base import speed
from pipeline.base.arrays import Size
from pipeline.base.speed import REFERENCE as SPEED
from pipeline.core import step_memory
from pipeline.errors import InputError
from pipeline.extractor.layers import QUARTER_WIDTHS, Architecture
from pipeline.jobs.planning import forecast as forecasts
from pipeline.jobs.planning import item_cost, memory_estimates, planner
from pipeline.jobs.planning.forecast import forecast, of_pictures
from pipeline.jobs.planning.plan import Item
from pipeline.settings.settings import Settings
from tests.support.clips import write_clip
from tests.support.media import clip, picture

NETWORK = Architecture.of_widths(QUARTER_WIDTHS)
SETTINGS = Settings(
    size=32, scales=1, steps=20, optimizer="adam", content_layers="block4_conv2", precision="float32"
)


@pytest.fixture(autouse=True)
def fixed_speed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "measured", lambda: SPEED)


def of_picture(size: Size, source: Size, settings: Settings = SETTINGS) -> float:
    return item_cost.of_picture(settings, size, source, NETWORK, SPEED).whole.total


def of_frame(settings: Settings = SETTINGS, *, following: bool = True) -> float:
    cost = item_cost.of_frame(settings, (21, 32), (32, 48), NETWORK, SPEED, following=following)
    return cost.whole.total


def once(*sizes: Size, clip: bool = False, processes: int = 1, settings: Settings = SETTINGS) -> float:
    """What is done once for each size in each process, and the processes themselves."""
    new = sum(item_cost.of_new_size(settings, size, NETWORK, SPEED).total for size in sizes)
    process = item_cost.of_process(settings, NETWORK, SPEED, of_a_clip=clip).total
    program = item_cost.of_program(SPEED, processes=processes, of_a_clip=clip).total
    return processes * (new + process) + program


def test_a_clip_takes_the_time_of_all_its_frames() -> None:
    plan = planner.of_video(clip("in.mp4", frames=12), [picture("s.jpg", 2)])
    cost = forecast(plan, SETTINGS, NETWORK)
    assert cost.items == 12
    assert cost.pixels == 12 * 21 * 32
    expected = of_frame(following=False) + 11 * of_frame() + once((21, 32), clip=True)
    assert cost.core_seconds == pytest.approx(expected)
    alone = SETTINGS.model_copy(update={"temporal": "none"})
    expected = 12 * of_frame(alone) + once((21, 32), clip=True, settings=alone)
    assert forecast(plan, alone, NETWORK).core_seconds == pytest.approx(expected)


def test_a_folder_takes_the_time_of_all_its_pictures() -> None:
    for number in range(3):
        picture(f"photos/{number}.png", number)
    plan = planner.of_folder(picture("photos/4.png", 4, 64, 48).parent, [picture("s.jpg", 2)])
    cost = forecast(plan, SETTINGS, NETWORK)
    assert cost.items == 4
    pictures = 3 * of_picture((24, 32), (36, 48)) + of_picture((32, 24), (64, 48))
    assert cost.core_seconds == pytest.approx(pictures + once((24, 32), (32, 24)))


def test_workers_share_what_one_core_does_and_need_memory_each() -> None:
    """The network's passes take every core already; Python, SciPy and TensorFlow's import take one."""
    for number in range(4):
        picture(f"photos/{number}.png", number)
    plan = planner.of_folder(picture("photos/0.png", 0).parent, [picture("s.jpg", 2)])
    settings = SETTINGS.model_copy(update={"optimizer": "lbfgs"})
    one, two, many = (forecast(plan, settings, NETWORK, workers) for workers in (1, 2, 99))
    pictures = 4 * of_picture((24, 32), (36, 48), settings)
    for cost, processes in ((one, 1), (two, 2), (many, 4)):  # there are four pictures
        own = once((24, 32), processes=processes, settings=settings)
        assert cost.core_seconds == pytest.approx(pictures + own)
    assert one.seconds > one.core_seconds / SPEED.cores  # one core waits for the other
    assert two.seconds == pytest.approx(two.core_seconds / SPEED.cores)
    assert two.memory == 2 * one.memory and many.memory == 4 * one.memory


def test_pictures_with_settings_of_their_own_have_costs_of_their_own() -> None:
    photo = picture("a.png", 1)
    settings = [
        SETTINGS,
        SETTINGS.model_copy(update={"steps": (5,)}),
        SETTINGS.model_copy(update={"size": 16}),
    ]
    items = [Item(f"{n}.png", Path(f"{n}.png"), photo) for n in range(3)]
    cost = of_pictures(dict(zip(items, settings, strict=True)), NETWORK)
    sizes = [cost.each[item].size for item in items]
    assert sizes == [(24, 32), (24, 32), (16, 21)]
    alone = [of_picture(size, (36, 48), own) for size, own in zip(sizes, settings, strict=True)]
    assert cost.core_seconds == pytest.approx(sum(alone) + once(*sizes))
    assert cost.each[items[0]].seconds > 2 * cost.each[items[1]].seconds > 0
    assert cost.memory == max(one.memory for one in cost.each.values())


def test_pictures_that_fail_take_no_time() -> None:
    picture("photos/a.png", 1)
    (picture("photos/text.png", 3)).write_text("no picture")
    plan = planner.of_folder(Path("photos"), [picture("s.jpg", 2)])
    cost = forecast(plan, SETTINGS, NETWORK, 2)
    assert cost.core_seconds == pytest.approx(of_picture((24, 32), (36, 48)) + once((24, 32)))


def test_a_folder_in_which_all_fail_takes_no_time() -> None:
    Path("photos").mkdir()
    Path("photos/text.png").write_text("no picture")
    cost = forecast(planner.of_folder(Path("photos"), [picture("s.jpg", 2)]), SETTINGS, NETWORK)
    assert (cost.seconds, cost.core_seconds) == (0, 0)


def test_listed_shots_bound_the_workers_of_a_clip(tmp_path) -> None:
    (tmp_path / "shots.txt").write_text("1\n4\n")
    source, style = clip("in.mp4", frames=6), picture("s.jpg", 2)
    listed = planner.of_video(source, [style], shots=tmp_path / "shots.txt")
    one, many = (forecast(listed, SETTINGS, NETWORK, workers) for workers in (1, 8))
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
    cost = forecast(planner.of_video(source, style), SETTINGS, NETWORK)
    assert (cost.items, cost.pixels) == (1, 24 * 32)
    assert cost.core_seconds < 2 * once((24, 32), clip=True)
    assert cost.notes == (
        f"{name}: its header does not say how long it is; the costs are those of one frame",
    )
    listed = planner.of_video(source, style, shots=tmp_path / "shots.txt")
    assert forecast(listed, SETTINGS, NETWORK, 8).memory == 2 * cost.memory


def test_the_decoder_of_a_clip_takes_memory_in_the_forecast_as_in_the_job(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plan = planner.of_video(clip("in.mp4"), [picture("s.jpg", 2)])
    monkeypatch.setattr(memory_estimates, "_own_memory", lambda: 0)
    need = forecast(plan, SETTINGS, NETWORK).memory
    for free, problems in ((need, 0), (need - 1, 1)):
        monkeypatch.setattr(memory_estimates, "free_memory", lambda free=free: free)
        assert len(forecast(plan, SETTINGS, NETWORK).problems) == problems


def test_pictures_that_are_too_small_or_unreadable_are_named() -> None:
    picture("photos/a.png", 1)
    picture("photos/small.png", 2, 8, 8)
    (picture("photos/text.png", 3)).write_text("no picture")
    plan = planner.of_folder(picture("photos/a.png", 1).parent, [picture("s.jpg", 2)])
    cost = forecast(plan, SETTINGS, NETWORK)
    assert (cost.items, cost.pixels) == (3, 24 * 32)
    assert len(cost.problems) == 2
    assert "small.png: is too small" in cost.problems[0] and "text.png" in cost.problems[1]


def test_a_long_shape_is_forecast_at_the_size_at_which_it_is_made() -> None:
    """200x20 pixels at size 32 would be 32x3: 155x16 is the least."""
    pictures = planner.of_image(picture("a.png", 1, 20, 200), [picture("s.jpg", 2)])
    cost = forecast(pictures, SETTINGS, NETWORK)
    assert (cost.pixels, cost.problems) == (16 * 155, ())
    assert len(cost.notes) == 1 and cost.notes[0].startswith("a.png: is made at 155x16 pixels")
    source = write_clip(Path("in.mp4"), size=(20, 200), frames=3, sounds=[])
    cost = forecast(planner.of_video(source, [picture("s.jpg", 2)]), SETTINGS, NETWORK)
    assert (cost.pixels, cost.problems) == (3 * 16 * 155, ())
    assert len(cost.notes) == 1 and cost.notes[0].startswith("in.mp4: is made at 155x16 pixels")


def test_a_picture_or_clip_that_needs_more_memory_than_there_is_will_fail(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    picture("photos/a.png", 1)
    styles = [picture("s.jpg", 2)]
    monkeypatch.setattr(memory_estimates, "free_memory", lambda: 0)
    monkeypatch.setattr(memory_estimates, "_own_memory", lambda: 0)
    cost = forecast(planner.of_folder(Path("photos"), styles), SETTINGS, NETWORK)
    assert len(cost.problems) == 1 and "a.png: 32x24 pixels need about" in cost.problems[0]
    assert cost.seconds == 0
    cost = forecast(planner.of_video(clip("in.mp4"), styles), SETTINGS, NETWORK)
    assert len(cost.problems) == 1 and "in.mp4: 32x21 pixels need about" in cost.problems[0]


def test_workers_share_the_memory_in_the_forecast_as_in_the_job(monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(2):
        picture(f"photos/{number}.png", number)
    plan = planner.of_folder(Path("photos"), [picture("s.jpg", 2)])
    need = step_memory.memory_of_step(SETTINGS, (24, 32), QUARTER_WIDTHS)
    for free, problems in ((2 * need, 0), (2 * need - 2, 2)):
        monkeypatch.setattr(forecasts, "free_memory", lambda free=free: free)
        assert len(forecast(plan, SETTINGS, NETWORK, 2).problems) == problems


def test_a_picture_too_large_for_the_format_of_its_pastiche_will_fail() -> None:
    Path("photos").mkdir()
    Image.new("L", (20000, 16)).save("photos/a.png")
    plan = planner.of_folder(Path("photos"), [picture("s.jpg", 2)], suffix=".webp")
    assert "WEBP holds at most 16383 pixels" in forecast(plan, SETTINGS, NETWORK).problems[0]


@pytest.mark.parametrize("kind", ["picture", "clip"])
def test_a_style_that_the_job_would_refuse_is_refused(kind: str) -> None:
    small = picture("small.png", 2, 8, 8)
    plan = (
        planner.of_image(picture("a.png", 1), [small])
        if kind == "picture"
        else planner.of_video(clip("in.mp4"), [small])
    )
    with pytest.raises(InputError, match="small.png: is too small, at 8x8 pixels"):
        forecast(plan, SETTINGS, NETWORK)
