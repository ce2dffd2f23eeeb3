"""A job's fingerprint."""

import pytest

from pipeline.jobs import fingerprint
from pipeline.settings.settings import Settings


def of_a_job(settings: Settings) -> str:
    return fingerprint.fingerprint(fingerprint.of_job(settings, "weights", [], None))


def test_another_pixels_version_is_another_job(monkeypatch: pytest.MonkeyPatch) -> None:
    before = of_a_job(Settings())
    assert of_a_job(Settings()) == before
    monkeypatch.setattr(fingerprint, "pixels_version", lambda settings: 99)
    assert of_a_job(Settings()) != before


@pytest.mark.parametrize(("optimizer", "version"), [("adam", 2), ("lbfgs", 2), ("rmsprop", 3)])
def test_the_pixels_version_is_that_of_the_settings(optimizer: str, version: int) -> None:
    parts = fingerprint.of_job(Settings(optimizer=optimizer), "weights", [], None)
    assert parts["pixels version"] == version
