"""How much a plan stylises: by headers alone, and as much as the forecast says."""

from pathlib import Path

import pytest

from pipeline.base import speed
from pipeline.base.speed import REFERENCE as SPEED
from pipeline.extractor.layers import QUARTER_WIDTHS, Architecture
from pipeline.jobs.planning import planner
from pipeline.jobs.planning.forecast import forecast
from pipeline.jobs.planning.plan import Plan
from pipeline.jobs.planning.workload import Workload, cost_of_run
from pipeline.settings.settings import Settings
from tests.support.media import clip, picture

SETTINGS = Settings(size=32, scales=1, steps=20, precision="float32")
NETWORK = Architecture.of_widths(QUARTER_WIDTHS)


def foreseen(plan: Plan, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> tuple[float, float]:
    """Processor time by the workload, and by the forecast."""
    monkeypatch.setattr(speed, "measured", lambda: SPEED)
    own = cost_of_run([(Workload.of(plan), settings)], NETWORK, SPEED, 2).total
    return own, forecast(plan, settings, NETWORK, 2).core_seconds


def test_pictures_count_by_their_size(monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        picture(f"photos/{number}.png", number)
    picture("photos/high.png", 4, 64, 48)
    picture("photos/dot.png", 5, 8, 8)
    Path("photos/broken.jpg").write_text("no picture")
    plan = planner.of_folder(Path("photos"), [picture("s.jpg", 2)])
    assert Workload.of(plan).counts == {(36, 48): 3, (64, 48): 1}
    own, by_forecast = foreseen(plan, SETTINGS, monkeypatch)
    assert own == pytest.approx(by_forecast)


@pytest.mark.parametrize("temporal", ["flow", "init", "none"])
def test_a_clip_counts_by_its_frames(temporal: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = planner.of_video(clip("in.mp4", frames=12), [picture("s.jpg", 2)])
    assert Workload.of(plan) == Workload({(32, 48): 12}, of_a_clip=True)
    settings = SETTINGS.model_copy(update={"temporal": temporal})
    own, by_forecast = foreseen(plan, settings, monkeypatch)
    assert own == pytest.approx(by_forecast)


def test_what_a_process_does_once_is_not_in_the_time_of_the_pictures() -> None:
    """A budget compares sizes and steps: TensorFlow is loaded then."""
    work = Workload({(36, 48): 3})
    whole = cost_of_run([(work, SETTINGS)], NETWORK, SPEED)
    assert whole.alone > work.cost(SETTINGS, NETWORK, SPEED).alone + 3
    assert work.seconds(SETTINGS, NETWORK, SPEED) == work.cost(SETTINGS, NETWORK, SPEED).lasting(SPEED.cores)


def test_more_workers_than_pictures_are_not_used() -> None:
    parts = [(Workload({(36, 48): 2}), SETTINGS)]
    assert cost_of_run(parts, NETWORK, SPEED, 9) == cost_of_run(parts, NETWORK, SPEED, 2)


def test_every_style_has_targets_of_its_own() -> None:
    plan = planner.of_image(picture("a.png", 1), [picture("s.jpg", 2), picture("t.jpg", 3)])
    assert Workload.of(plan) == Workload({(36, 48): 1}, styles=2)
    one, two = (Workload({(36, 48): 1}, styles=count).cost(SETTINGS, NETWORK, SPEED) for count in (1, 2))
    assert two.shared > one.shared and two.alone == one.alone
