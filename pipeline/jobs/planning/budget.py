"""The steps and the size with which a job is done in a given time."""

from collections.abc import Callable
from typing import Any

from pipeline.settings.settings import Settings

CHOSEN = ("size", "steps", "frame_steps")
"""The settings that a budget decides."""

PLANNED = 0.85
"""Share of the time that is planned for; the rest is for reading, writing, and what takes longer."""

FEWEST_STEPS = 0.4
"""Share of the steps below which a smaller picture is better than one with fewer steps."""

SMALLEST_SIZE = 128
"""Pixels of the longest side below which no budget goes."""

SIZES_APART = 16
"""Pixels between the sizes that are tried."""

Foresee = Callable[[Settings], float]
"""The seconds that a job takes with these settings; more for more steps or pixels."""


def fitted(settings: Settings, seconds: float, foresee: Foresee) -> Settings:
    """The settings with which a job takes ``seconds``: as they are, with fewer steps, or smaller, too.

    Where nothing fits, those of the shortest job.
    """
    planned = PLANNED * seconds
    if foresee(settings) <= planned:
        return settings
    for percent in range(99, round(100 * FEWEST_STEPS) - 1, -1):
        fewer = with_steps(settings, percent / 100)
        if foresee(fewer) <= planned:
            return fewer
    smaller = fewer
    while foresee(smaller) > planned and smaller.size - SIZES_APART >= SMALLEST_SIZE:
        smaller = changed(smaller, {"size": smaller.size - SIZES_APART})
    return smaller


def with_steps(settings: Settings, share: float) -> Settings:
    """The settings with a share of their steps, at least one at every scale."""
    counts = {"steps": settings.steps, "frame_steps": settings.frame_steps}
    return changed(
        settings,
        {name: [max(1, round(share * step)) for step in steps] for name, steps in counts.items() if steps},
    )


def changed(settings: Settings, values: dict[str, Any]) -> Settings:
    """The settings with other ``values``, validated."""
    return Settings(**{**settings.model_dump(), **values})
