"""A job's fingerprint: what makes two jobs differ, and what does not."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.jobs.planning import plan, planner
from pipeline.jobs.record import fingerprint, input_files
from pipeline.settings.settings import Settings
from tests.support.media import picture


def parts_of(
    settings: Settings, job_plan: plan.Plan | None = None, weights: str = "weights"
) -> dict[str, object]:
    job_plan = job_plan or plan.ImagePlan(picture("a.png", 1), Path("o.png"), ())
    content = input_files.of(job_plan.input_files)
    return fingerprint.of_job(settings, weights, job_plan, content.sha256 if content else None)


def test_another_pixels_version_is_another_job(monkeypatch: pytest.MonkeyPatch) -> None:
    before = fingerprint.of_parts(parts_of(Settings()))
    assert fingerprint.of_parts(parts_of(Settings())) == before
    monkeypatch.setattr(fingerprint, "pixels_version", lambda settings: 99)
    assert fingerprint.of_parts(parts_of(Settings())) != before


def test_the_pixels_version_of_each_optimizer() -> None:
    versions = {
        optimizer: fingerprint.pixels_version(Settings(optimizer=optimizer))
        for optimizer in ("adam", "adagrad", "rmsprop", "sgd", "lbfgs", "projected-lbfgs")
    }
    assert versions == {"adam": 3, "adagrad": 3, "rmsprop": 4, "sgd": 3, "lbfgs": 5, "projected-lbfgs": 3}


@pytest.mark.parametrize(("optimizer", "version"), [("adam", 3), ("lbfgs", 5), ("rmsprop", 4)])
def test_the_pixels_version_is_that_of_the_settings(optimizer: str, version: int) -> None:
    assert parts_of(Settings(optimizer=optimizer))["pixels version"] == version


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda: picture("a.png", 7), ["the input changed"]),
        (lambda: picture("s.png", 7), ["the styles changed"]),
        (lambda: None, []),
    ],
    ids=["input", "style", "nothing"],
)
def test_differences_are_named(change: Callable[[], object], named: list[str]) -> None:
    job_plan = planner.of_image(picture("a.png", 1), [picture("s.png", 2)], Path("o.png"))
    before = parts_of(Settings(), job_plan)
    change()
    assert fingerprint.differences(before, parts_of(Settings(), job_plan)) == named


def test_settings_weights_and_shots_are_named() -> None:
    source, style = picture("in.mp4.png", 1), picture("s.png", 2)
    clip, cut = (plan.VideoPlan(source, Path("o.mp4"), ((style,),), shots=shots) for shots in (None, (0, 5)))
    before = parts_of(Settings(steps=3), clip)
    now = parts_of(Settings(steps=4, frame_steps=2), cut, "other weights")
    assert fingerprint.differences(before, now) == [
        "steps was [3] and is [4]",
        "frame_steps was None and is [2]",
        "the weights changed",
        "the shots changed",
    ]


def test_a_setting_that_an_older_job_did_not_know_counts_as_its_default() -> None:
    before = parts_of(Settings())
    del before["settings"]["strength"]
    assert fingerprint.differences(before, parts_of(Settings())) == []
    assert fingerprint.differences(before, parts_of(Settings(strength=60))) == [
        "strength was 50.0 and is 60.0"
    ]


def test_the_output_and_the_name_of_a_folder_are_not_in_it() -> None:
    style = picture("s.png", 2)
    folders = [planner.of_folder(picture(f"{name}/a.png", 1).parent, [style]) for name in ("one", "two")]
    assert parts_of(Settings(), folders[0]) == parts_of(Settings(), folders[1])
    assert parts_of(Settings(), folders[0])["input"] is None


def test_a_fingerprint_does_not_depend_on_the_order_of_keys() -> None:
    assert fingerprint.of_parts({"a": 1, "b": 2}) == fingerprint.of_parts({"b": 2, "a": 1})
    assert fingerprint.of_parts({"a": 1, "b": 2}) != fingerprint.of_parts({"a": 2, "b": 1})
