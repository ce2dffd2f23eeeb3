"""A job within a budget: what is chosen is said and recorded, and a stopped job goes on with it."""

import re
from pathlib import Path

import pytest

from pipeline import Rules, stylize_folder
from pipeline.base import speed
from pipeline.base.speed import REFERENCE as SPEED
from pipeline.base.speed import Speed
from pipeline.errors import JobDiffersError, StoppedError
from pipeline.extractor import weights
from pipeline.extractor.layers import Architecture
from pipeline.jobs.planning import step_cost
from pipeline.jobs.planning.workload import Workload
from pipeline.jobs.record.journal import Journal
from pipeline.jobs.work import time_budget
from pipeline.settings.settings import Settings
from tests.support.media import TINY, picture
from tests.support.observers import RecordingObserver, StopsAt

SETTINGS = TINY | {"steps": 20}


class Listens(RecordingObserver):
    """Records what is said, too."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def say(self, message: str) -> None:
        self.said.append(message)


@pytest.fixture(autouse=True)
def one_second_a_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """On the pictures of the tests, which are 24x32 pixels."""
    monkeypatch.setattr(speed, "measured", lambda: SPEED)

    def one_step(settings: Settings, network: Architecture) -> float:
        return step_cost.of_step(settings, (24, 32), network, SPEED).lasting(SPEED.cores)

    def steps_alone(
        work: Workload, settings: Settings, network: Architecture, now: Speed, workers: int = 1
    ) -> float:
        return sum(work.counts.values()) * settings.total_steps * one_step(settings, network)

    def slower(settings: Settings, extractor: weights.Weights, size: tuple[int, int], now: Speed) -> float:
        return 1 / one_step(settings, extractor.architecture)

    monkeypatch.setattr(Workload, "seconds", steps_alone)

    monkeypatch.setattr(time_budget, "_slower_than_foreseen", slower)


@pytest.fixture
def style() -> Path:
    """Of a folder with three pictures."""
    for number in range(3):
        picture(f"photos/{number}.png", number)
    return picture("starry.jpg", 9)


def run(style: Path, seconds: float | None, observer: RecordingObserver | None = None, **settings) -> None:
    given = {**SETTINGS, "precision": "float32", **settings}
    stylize_folder("photos", [style], rules=Rules(budget=seconds), observer=observer, **given)


def made() -> list[bytes]:
    return [path.read_bytes() for path in sorted(Path("photos_starry").glob("*.png"))]


def steps_of_the_job() -> list[int]:
    with Journal(Path(".photos_starry.nstpipe")) as journal:
        facts = journal.facts()
    assert facts is not None
    return facts.parts["settings"]["steps"]


def test_a_job_that_is_done_in_time_is_made_as_without_a_budget(style: Path) -> None:
    observer = Listens()
    run(style, 1000, observer)
    assert observer.said[0] == "budget: 17 min are enough: the job takes about 60 s"
    assert steps_of_the_job() == [20]


def test_a_job_that_would_take_longer_takes_fewer_steps(style: Path) -> None:
    observer = Listens()
    run(style, 41, observer)  # 35 of them for 3 x 11 steps
    assert steps_of_the_job() == [11]
    assert observer.warnings == []
    assert re.fullmatch(
        r"budget: (41|40|39) s are left and the job takes about 60 s; with --size 32 --steps 11 instead of "
        r"--size 32 --steps 20 it takes about 33 s",
        observer.said[0],
    )
    by_budget = made()
    stylize_folder("photos", [style], "again", **SETTINGS | {"steps": 11, "precision": "float32"})
    assert [path.read_bytes() for path in sorted(Path("again").glob("*.png"))] == by_budget


def test_a_stopped_job_goes_on_with_what_was_chosen(style: Path) -> None:
    with pytest.raises(StoppedError):
        run(style, 41, StopsAt(1))
    observer = Listens()
    run(style, 100_000, observer)
    assert observer.said[0] == "budget: the job goes on with --size 32 --steps 11, as it was begun"
    assert steps_of_the_job() == [11]
    assert len(made()) == 3


def test_a_budget_does_not_hide_that_a_job_differs(style: Path) -> None:
    with pytest.raises(StoppedError):
        run(style, 41, StopsAt(1))
    with pytest.raises(JobDiffersError, match="strength was 50"):
        run(style, 41, strength=70)
    with pytest.raises(JobDiffersError, match=r"steps was \[11\] and is \[20\]"):
        run(style, None)


def test_a_budget_that_cannot_be_kept_is_a_warning(style: Path) -> None:
    observer = Listens()
    run(style, 1, observer)
    assert steps_of_the_job() == [8]
    assert observer.warnings[0].endswith("it takes about 24 s; it will not be done in time")


def test_a_job_that_cannot_be_shorter_and_is_too_long_is_a_warning(style: Path) -> None:
    observer = Listens()
    run(style, 1, observer, steps=1)
    assert steps_of_the_job() == [1]
    assert re.fullmatch(
        r"budget: [01] s are left and the job takes about 3 s; it will not be done in time",
        observer.warnings[0],
    )


def test_a_folder_without_a_readable_picture_needs_no_trial() -> None:
    Path("photos").mkdir()
    Path("photos/a.png").write_text("no picture")
    observer = Listens()
    run(picture("starry.jpg", 9), 10, observer)
    assert observer.said[0] == "budget: nothing can be read that would take time"


@pytest.mark.parametrize("optimizer", ["adam", "lbfgs", "projected-lbfgs"])
@pytest.mark.parametrize(
    "others",
    [{}, {"style_weights": (2, 1)}, {"strength": 0}, {"max_iterations": 1}, {"smooth_every": 2}],
    ids=lambda others: "".join(others),
)
def test_a_trial_takes_real_steps_whatever_the_settings(
    optimizer: str, others: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("NSTPIPE_WEIGHTS", "builtin")
    settings = Settings(size=64, scales=3, steps=20, optimizer=optimizer, precision="float32", **others)
    assert time_budget._slower_than_foreseen(settings, weights.builtin(), (48, 64), SPEED) > 0
