"""The check that refuses a picture that does not fit into the memory."""

import psutil
import pytest

from pipeline.core import step_memory
from pipeline.errors import TooLargeError
from pipeline.extractor.layers import IMAGENET_WIDTHS, QUARTER_WIDTHS, Architecture
from pipeline.jobs.planning import memory_estimates, planner
from pipeline.jobs.planning.forecast import forecast
from pipeline.settings.settings import Settings
from tests.support.media import picture

NETWORK = Architecture.of_widths(QUARTER_WIDTHS)
SETTINGS = Settings(content_layers="block5_conv2", scales=3, steps=[120, 100, 60])


def test_a_picture_that_does_not_fit_is_refused_with_a_size_that_does() -> None:
    huge = Settings(size=32768)
    sides = 9000
    with pytest.raises(
        TooLargeError, match=r"photo.jpg: 9000x9000 pixels need about .* try --size (\d+)"
    ) as caught:
        memory_estimates.check_memory("photo.jpg", huge, (sides, sides), IMAGENET_WIDTHS)
    fitting = int(str(caught.value).rsplit(" ", 1)[1])
    needed = step_memory.memory_of_step(huge, (fitting, fitting), IMAGENET_WIDTHS)
    assert needed < psutil.virtual_memory().total


def test_several_workers_need_memory_each(monkeypatch: pytest.MonkeyPatch) -> None:
    size = (512, 512)
    need = step_memory.memory_of_step(SETTINGS, size, QUARTER_WIDTHS)
    monkeypatch.setattr(memory_estimates, "free_memory", lambda: int(2.5 * need))
    memory_estimates.check_memory("in.mp4", SETTINGS, size, QUARTER_WIDTHS, processes=2)
    with pytest.raises(TooLargeError, match="in.mp4: 512x512 .* try fewer --workers or --size"):
        memory_estimates.check_memory("in.mp4", SETTINGS, size, QUARTER_WIDTHS, processes=3)


def settle(free: int, monkeypatch: pytest.MonkeyPatch, **changes: object) -> int | None:
    """The memory of a new job on a picture of 96x64 pixels, where ``free`` bytes are free."""
    monkeypatch.setattr(memory_estimates, "_free", lambda several: free)
    plan = planner.of_image(picture("a.png", 1, 64, 96), [picture("s.jpg", 2)])
    workers = changes.pop("workers", 1)
    settings = SHALLOW.model_copy(update=changes)
    return memory_estimates.settled(settings, plan, QUARTER_WIDTHS, workers=workers).memory


SHALLOW = Settings(size=96, content_layers="block2_conv2", style_layers="block1_conv1")
WHOLE = step_memory.memory_of_step(SHALLOW, (64, 96), QUARTER_WIDTHS)


def test_a_job_whose_pictures_fit_has_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    assert settle(2 * WHOLE, monkeypatch) is None
    assert settle(0, monkeypatch, memory=WHOLE) is None


def test_a_job_whose_pictures_do_not_fit_takes_most_of_what_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    """The picture lacks one byte in 85 % of what is free."""
    free = int((WHOLE - 1) / 0.85)
    assert settle(free, monkeypatch) == pytest.approx(WHOLE, abs=5)
    assert settle(10 * WHOLE, monkeypatch, memory=WHOLE - 1) == WHOLE - 1


def test_several_workers_get_their_share_where_one_alone_has_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """With room for one, fewer workers are better than tiles: the check refuses, and says so."""
    assert settle(int(1.5 * WHOLE), monkeypatch, workers=2) is None


def test_where_tiles_do_not_help_the_picture_is_refused_as_without(monkeypatch: pytest.MonkeyPatch) -> None:
    assert settle(1000, monkeypatch) is None
    assert settle(10 * WHOLE, monkeypatch, memory=1000) == 1000


def test_the_forecast_of_a_picture_in_tiles_is_what_it_may_take(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = planner.of_image(picture("a.png", 1, 64, 96), [picture("s.jpg", 2)])
    limited = SHALLOW.model_copy(update={"memory": WHOLE - 1})
    cost = forecast(plan, limited, NETWORK)
    assert cost.problems == () and cost.memory <= WHOLE - 1
    refused = forecast(plan, SHALLOW.model_copy(update={"memory": 1000}), NETWORK)
    assert len(refused.problems) == 1 and "a.png: 96x64 pixels need" in refused.problems[0]
