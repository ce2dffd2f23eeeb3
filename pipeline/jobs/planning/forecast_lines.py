"""A forecast as lines for people."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from pipeline.base.messages import duration
from pipeline.extractor import weights
from pipeline.jobs.planning.forecast import Forecast

MAY_FETCH = " (if the network cannot be fetched; with it a step takes about ten times as long)"
"""Said where ``auto`` would try to fetch, which a forecast does not."""

LISTED_MESSAGES = 3
"""Of more pictures with a note, or that will fail, only this many are named."""


def weights_of(spec: str) -> str:
    """The kind of weights that the setting gives, as far as it is known without fetching."""
    kind = weights.available(spec)
    return f"{kind}{MAY_FETCH}" if (spec, kind) == ("auto", "builtin") else kind


def costs(cost: Forecast, output: Path, workers: int, *, in_tiles: bool = False) -> list[str]:
    """Memory, disk and time of what is written to ``output``; ``in_tiles``: large pictures are."""
    free = shutil.disk_usage(_existing(output)).free
    at_once = f", {workers} workers" if workers > 1 else ""
    tiles = ", large pictures in tiles" if in_tiles else ""
    return [
        f"memory: about {cost.memory / 1e9:.1f} GB at the peak{at_once}{tiles}",
        f"disk: about {cost.disk / 1e6:.1f} MB, {free / 1e9:.1f} GB are free",
        f"time: about {duration(cost.seconds)} on this processor with nothing else to do{at_once}",
    ]


def remarks(cost: Forecast) -> list[str]:
    """The notes, and what will fail."""
    return [*_few_of("note", cost.notes), *_few_of("will fail", cost.problems)]


def _few_of(word: str, messages: Sequence[str]) -> list[str]:
    """A line for each of a few messages; one line with their number and the first ones for many."""
    if len(messages) <= LISTED_MESSAGES:
        return [f"{word}: {message}" for message in messages]
    first = " | ".join(messages[:LISTED_MESSAGES])
    return [f"{word}: {len(messages)} pictures, such as {first} | and {len(messages) - LISTED_MESSAGES} more"]


def _existing(path: Path) -> Path:
    """The nearest folder above ``path`` that exists."""
    return next(folder for folder in path.absolute().parents if folder.exists())
