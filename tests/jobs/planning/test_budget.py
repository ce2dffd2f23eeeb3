"""Which steps and which size a time leaves: first fewer steps, then a smaller size, no less than needed."""

import pytest

from pipeline.jobs.planning import budget
from pipeline.settings.settings import Settings

USUAL = Settings(size=512, scales=3, steps=(70, 55, 35))


def foresee(settings: Settings) -> float:
    """One second for each step at the full size, as many pixels as a square has."""
    return settings.total_steps * (settings.size / 512) ** 2


@pytest.mark.parametrize("seconds", [10_000, 160 / budget.PLANNED])
def test_a_job_that_is_done_in_time_stays_as_it_is(seconds: float) -> None:
    assert budget.fitted(USUAL, seconds, foresee) is USUAL


def test_less_time_means_fewer_steps_at_every_scale_alike() -> None:
    fitted = budget.fitted(USUAL, 100 / budget.PLANNED, foresee)
    assert (fitted.size, fitted.steps) == (512, (43, 34, 22))
    assert fitted == USUAL.model_copy(update={"steps": fitted.steps})


def test_frame_steps_are_cut_alike() -> None:
    usual = budget.changed(USUAL, {"frame_steps": (40, 20, 10)})
    fitted = budget.fitted(usual, 100 / budget.PLANNED, foresee)
    assert (fitted.steps, fitted.frame_steps) == ((43, 34, 22), (25, 12, 6))


def test_still_less_time_means_a_smaller_size_with_the_fewest_steps() -> None:
    fitted = budget.fitted(USUAL, 40 / budget.PLANNED, foresee)
    assert fitted.steps == (28, 22, 14)
    assert foresee(fitted) <= 40 < foresee(budget.changed(fitted, {"size": fitted.size + 16}))


def test_the_shortest_job_is_what_is_left_where_nothing_fits() -> None:
    fitted = budget.fitted(USUAL, 0.001, foresee)
    assert (fitted.size, fitted.steps) == (budget.SMALLEST_SIZE, (28, 22, 14))


def test_a_size_below_the_smallest_stays() -> None:
    small = budget.changed(USUAL, {"size": 64, "steps": (1,)})
    assert budget.fitted(small, 0.001, foresee) == small
