"""The memory of a job: what it was begun with decides about tiles, whatever is free when it goes on."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipeline import Rules, stylize_folder, stylize_image, stylize_video
from pipeline.base import speed
from pipeline.base.speed import REFERENCE as SPEED
from pipeline.base.speed import Speed
from pipeline.core import step_memory
from pipeline.errors import JobDiffersError, StoppedError, TooLargeError
from pipeline.extractor import weights
from pipeline.jobs.planning import memory_estimates
from pipeline.jobs.planning.workload import Workload
from pipeline.jobs.record.journal import Journal
from pipeline.jobs.work import time_budget
from pipeline.settings.settings import Settings
from tests.support.media import TINY, clip, picture
from tests.support.observers import RecordingObserver, StopsAt

SMALL = TINY | {
    "size": 64,
    "precision": "float32",
    "content_layers": "block2_conv2",
    "style_layers": "block1_conv1,block2_conv1",
}


def needed() -> int:
    """Bytes of a step on a picture of the tests that is not cut."""
    return step_memory.memory_of_step(Settings(**SMALL), (48, 64), weights.builtin().widths)


@pytest.fixture
def style() -> Path:
    """Of a folder with two pictures of 64x48 pixels, and one of 48x36."""
    for number in range(2):
        picture(f"photos/{number}.png", number, 48, 64)
    picture("photos/small.png", 3, 36, 48)
    return picture("starry.jpg", 9)


def let_free(free: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_estimates, "_free", lambda several: free)


def recorded(folder: str = ".photos_starry.nstpipe") -> dict[str, Any]:
    with Journal(Path(folder)) as journal:
        facts = journal.facts()
    assert facts is not None
    return facts.parts["settings"]


def recorded_memory(folder: str = ".photos_starry.nstpipe") -> int | None:
    return recorded(folder)["memory"]


def made(folder: str = "photos_starry") -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(Path(folder).glob("*.png"))}


def test_a_stopped_job_goes_on_with_the_memory_that_it_was_begun_with(
    style: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = needed() - 1
    stylize_folder("photos", [style], "once", memory=memory, **SMALL)
    let_free(round(memory / memory_estimates.SHARE_OF_FREE), monkeypatch)
    with pytest.raises(StoppedError):
        stylize_folder("photos", [style], observer=StopsAt(1), **SMALL)
    begun_with = recorded_memory()
    assert begun_with == pytest.approx(memory, abs=2) and begun_with < needed()
    let_free(10 * memory, monkeypatch)
    assert stylize_folder("photos", [style], **SMALL).stylized == 2
    assert recorded_memory() == begun_with
    let_free(10 * memory, monkeypatch)
    assert stylize_folder("photos", [style], rules=Rules(restart=True), **SMALL).stylized == 3
    assert recorded_memory() is None


def test_a_job_whose_pictures_fit_does_not_depend_on_the_memory(
    style: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stylize_folder("photos", [style], memory=needed(), **SMALL)
    assert recorded_memory() is None
    before = made()
    let_free(100 * needed(), monkeypatch)
    assert stylize_folder("photos", [style], **SMALL).stylized == 0
    stylize_folder("photos", [style], "again", **SMALL)
    assert made("again") == before


def test_another_memory_that_changes_tiles_is_another_job(style: Path) -> None:
    stylize_folder("photos", [style], memory=needed() - 1, **SMALL)
    with pytest.raises(JobDiffersError, match="memory was"):
        stylize_folder("photos", [style], memory=needed() - 2, **SMALL)
    with pytest.raises(JobDiffersError, match=r"memory was \d+ and is None"):
        stylize_folder("photos", [style], memory=needed(), **SMALL)
    assert stylize_folder("photos", [style], **SMALL).stylized == 0


def test_workers_make_the_same_bytes(style: Path) -> None:
    stylize_folder("photos", [style], memory=needed() - 1, **SMALL)
    rules = Rules(workers=2)
    stylize_folder("photos", [style], "by_two", memory=needed() - 1, rules=rules, **SMALL)
    assert made("by_two") == made()


def test_a_clip_is_made_in_tiles_too(monkeypatch: pytest.MonkeyPatch) -> None:
    source, style = clip("in.mp4", frames=2), picture("starry.jpg", 9)
    settings = SMALL | {"size": 48}
    whole = step_memory.memory_of_step(Settings(**settings), (32, 48), weights.builtin().widths)
    stylize_video(source, [style], memory=whole - 1, **settings)
    assert recorded_memory(".in_starry.mp4.nstpipe") == whole - 1


def test_too_little_memory_even_for_tiles_names_the_picture(style: Path) -> None:
    with pytest.raises(TooLargeError, match=r"0.png: 64x48 pixels need .* even in tiles"):
        stylize_image("photos/0.png", [style], "out.png", memory=1000, **SMALL)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Speed:
    """A machine on which the passes take nearly all of a step, as foreseen; the trial is left out."""
    now = replace(SPEED, products=SPEED.products / 1e4, traffic=SPEED.traffic / 1e4)
    monkeypatch.setattr(speed, "measured", lambda: now)
    monkeypatch.setattr(time_budget, "_slower_than_foreseen", lambda *of_the_trial: 1.0)
    return now


def seconds(now: Speed, memory: int | None, **others: int) -> float:
    """Of the folder of the tests."""
    settings = Settings(**SMALL | {"steps": 8, "memory": memory, **others})
    work = Workload({(48, 64): 2, (36, 48): 1})
    return work.seconds(settings, weights.builtin().architecture, now)


@pytest.mark.parametrize("is_given", [True, False])
def test_a_budget_counts_the_work_of_tiles(
    style: Path, slow: Speed, is_given: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = needed() - 1
    let_free(round(memory / memory_estimates.SHARE_OF_FREE), monkeypatch)
    untiled, tiled = (seconds(slow, each) for each in (None, memory))
    assert tiled > 1.5 * untiled
    budget = 1.1 * untiled / time_budget.budget.PLANNED  # enough, if nothing were cut
    given = SMALL | {"steps": 8, "memory": memory if is_given else None}
    observer = RecordingObserver()
    stylize_folder("photos", [style], rules=Rules(budget=budget), observer=observer, **given)
    assert recorded()["steps"][0] < 8 and recorded_memory() == pytest.approx(memory, abs=2)
    assert observer.warnings == []
    assert stylize_folder("photos", [style], rules=Rules(budget=budget), **given).stylized == 0


def test_a_budget_that_makes_pictures_so_small_that_they_fit_leaves_out_the_tiles(
    style: Path, slow: Speed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time_budget.budget, "SMALLEST_SIZE", 16)
    # With three steps, of which a budget leaves no less.
    rules = Rules(budget=1.1 * seconds(slow, None, size=48, steps=3) / time_budget.budget.PLANNED)
    stylize_folder("photos", [style], rules=rules, memory=needed() - 1, **SMALL | {"steps": 8})
    assert (recorded()["size"], recorded()["steps"], recorded_memory()) == (48, [3], None)
    stylize_folder("photos", [style], "whole", **SMALL | {"steps": 3, "size": 48})
    assert made("whole") == made()
