"""A plan and its forecast as lines for people."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from pipeline.base.messages import duration, shown
from pipeline.extractor import weights
from pipeline.extractor.layers import IMAGENET_WIDTHS, QUARTER_WIDTHS
from pipeline.jobs.planning.forecast import forecast
from pipeline.jobs.planning.plan import Plan
from pipeline.jobs.work import runs
from pipeline.settings.choice import Choice

MAY_FETCH = " (if the network cannot be fetched; with it a step takes about ten times as long)"
"""Said where ``auto`` would try to fetch, which a forecast does not."""

LISTED_MESSAGES = 3
"""Of more pictures with a note, or that will fail, only this many are named."""

LISTED_ITEMS = 10
"""At most this many items are listed by name."""


def lines(plan: Plan, choice: Choice, rules: runs.Rules) -> list[str]:
    """What the job of ``plan`` would make, and what it would cost; one that was begun goes on as it was.

    Raises:
        NstpipeError: the clip cannot be read, or a setting is invalid.
    """
    settings, workers = runs.foreseen(plan, choice, rules), rules.workers
    kind = weights.available(settings.weights)
    kinds = f"{kind}{MAY_FETCH}" if (settings.weights, kind) == ("auto", "builtin") else kind
    cost = forecast(plan, settings, _widths(kind), workers)
    free = shutil.disk_usage(_existing(plan.output)).free
    at_once = f", {workers} workers" if workers > 1 else ""
    return [
        f"{plan.kind}: {shown(plan.source)} -> {shown(plan.output)}",
        f"styles: {'; '.join(' + '.join(map(shown, styles)) for styles in plan.style_sets)}",
        f"weights: {kinds}; {settings.optimizer} in {settings.precision}, scales: {settings.scales}, "
        f"steps: {settings.total_steps}",
        f"items: {cost.items}, {cost.pixels / 1e6:.2f} megapixels in all",
        f"memory: about {cost.memory / 1e9:.1f} GB at the peak{at_once}",
        f"disk: about {cost.disk / 1e6:.1f} MB, {free / 1e9:.1f} GB are free",
        f"time: about {duration(cost.seconds)} on this processor{at_once}",
        *_budgeted(rules.budget),
        *_listed(plan),
        *_few_of("note", cost.notes),
        *_few_of("will fail", cost.problems),
    ]


def _budgeted(seconds: float | None) -> list[str]:
    if seconds is None:
        return []
    text = "a new job times some steps first; if it would take longer, it takes fewer steps or a smaller size"
    return [f"budget: {duration(seconds)}; {text}"]


def _widths(kind: str) -> Sequence[int]:
    """Channels of the blocks of an extractor that need not be there yet."""
    if kind == "builtin":
        return weights.builtin().widths
    return QUARTER_WIDTHS if kind == "random" else IMAGENET_WIDTHS


def _few_of(word: str, messages: Sequence[str]) -> list[str]:
    """A line for each of a few messages; one line with their number and the first ones for many."""
    if len(messages) <= LISTED_MESSAGES:
        return [f"{word}: {message}" for message in messages]
    first = " | ".join(messages[:LISTED_MESSAGES])
    return [f"{word}: {len(messages)} pictures, such as {first} | and {len(messages) - LISTED_MESSAGES} more"]


def _listed(plan: Plan) -> list[str]:
    listed = [f"  {shown(item.content)} -> {shown(item.output)}" for item in plan.items[:LISTED_ITEMS]]
    more = len(plan.items) - len(listed)
    return [*listed, f"  and {more} more"] if more else listed


def _existing(path: Path) -> Path:
    """The nearest folder above ``path`` that exists."""
    return next(folder for folder in path.absolute().parents if folder.exists())
