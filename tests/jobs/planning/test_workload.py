"""How much a plan stylises: by headers alone, and as long as the forecast says."""

from pathlib import Path

import pytest

from pipeline.extractor.layers import QUARTER_WIDTHS
from pipeline.jobs.planning import estimates, planner
from pipeline.jobs.planning.forecast import forecast
from pipeline.jobs.planning.plan import Plan
from pipeline.jobs.planning.workload import Workload
from pipeline.settings.settings import Settings
from tests.support.media import clip, picture

SPEED = 1e10
SETTINGS = Settings(size=32, scales=1, steps=20, precision="float32")


def foreseen(plan: Plan, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> tuple[float, float]:
    """By the workload, and by the forecast."""
    monkeypatch.setattr(estimates, "operations_per_second", lambda: SPEED)
    own = Workload.of(plan).seconds(settings, QUARTER_WIDTHS, SPEED, 2)
    return own, forecast(plan, settings, QUARTER_WIDTHS, 2).seconds


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
