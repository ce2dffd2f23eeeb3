"""A plan and its forecast as lines for people."""

from pipeline.base.messages import duration, shown
from pipeline.extractor import weights
from pipeline.extractor.layers import IMAGENET_WIDTHS, QUARTER_WIDTHS, Architecture
from pipeline.jobs.planning import forecast_lines
from pipeline.jobs.planning.forecast import forecast
from pipeline.jobs.planning.plan import Plan
from pipeline.jobs.work import runs
from pipeline.settings.choice import Choice

LISTED_ITEMS = 10
"""At most this many items are listed by name."""


def lines(plan: Plan, choice: Choice, rules: runs.Rules) -> list[str]:
    """What the job of ``plan`` would make, and what it would cost; one that was begun goes on as it was.

    Raises:
        NstpipeError: the clip cannot be read, or a setting is invalid.
    """
    workers = rules.workers
    settings = runs.foreseen(plan, choice, rules, lambda spec: network(weights.available(spec)).widths)
    kind = forecast_lines.weights_of(settings.weights)
    cost = forecast(plan, settings, network(weights.available(settings.weights)), workers)
    return [
        f"{plan.kind}: {shown(plan.source)} -> {shown(plan.output)}",
        f"styles: {'; '.join(' + '.join(map(shown, styles)) for styles in plan.style_sets)}",
        f"weights: {kind}; {settings.optimizer} in {settings.precision}, scales: {settings.scales}, "
        f"steps: {settings.total_steps}",
        f"items: {cost.items}, {cost.pixels / 1e6:.2f} megapixels in all",
        *forecast_lines.costs(cost, plan.output, workers, in_tiles=settings.memory is not None),
        *_budgeted(rules.budget),
        *_listed(plan),
        *forecast_lines.remarks(cost),
    ]


def _budgeted(seconds: float | None) -> list[str]:
    if seconds is None:
        return []
    text = "a new job times some steps first; if it would take longer, it takes fewer steps or a smaller size"
    return [f"budget: {duration(seconds)}; {text}"]


def network(kind: str) -> Architecture:
    """The channels of an extractor that need not be there yet."""
    if kind == "builtin":
        return weights.builtin().architecture
    return Architecture.of_widths(QUARTER_WIDTHS if kind == "random" else IMAGENET_WIDTHS)


def _listed(plan: Plan) -> list[str]:
    listed = [f"  {shown(item.content)} -> {shown(item.output)}" for item in plan.items[:LISTED_ITEMS]]
    more = len(plan.items) - len(listed)
    return [*listed, f"  and {more} more"] if more else listed
