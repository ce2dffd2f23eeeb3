"""Curves of a job, drawn by matplotlib as SVG that takes its colours and letters from the page around it."""

import io
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from pipeline.jobs.record.loss_curves import Row
from pipeline.steadiness import plot
from pipeline.steadiness.curves import Steadiness

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = {"total": "#7a7a7a", "content": "#1b6ca8", "style": "#d1603d", "tv": "#5b8f3a"}
"""Of the losses; each can be told from a light and from a dark page."""

INK, GRID = "#010203", "#e4e4e4"
"""Of letters and axes; of the grid."""

PAGE_COLOURS = {INK: "currentColor", GRID: "var(--line)", COLOURS["content"]: "var(--accent)"}
"""The page's own colours, which it has for a light and for a dark window, in place of those in a chart."""

WIDTH, HEIGHT = 5.0, 2.5
"""Of a chart in inches. A phone is as wide, so its letters stay legible there."""

SMALLEST_SHARE = 1e-4
"""Of the largest loss: what is below is cut off, as the content loss of a start from the content itself."""

MOST_MARKERS = 300
"""Frames of a clip above which its curves have no dots."""

POINTS_IN_ALL = 20_000
"""Of the curves of one chart together."""


def losses_of_one(rows: Sequence[Row]) -> str:
    """The losses of one picture against its steps, each term a curve."""
    figure, axes = _chart("step", "loss")
    steps = [row["step"] for row in rows]
    for name, colour in COLOURS.items():
        values = [row.get(name, 0.0) for row in rows]
        if max(values) > 0:  # a term of weight 0 is no curve on a scale of logarithms
            axes.plot(steps, values, color=colour, linewidth=1.4, label=name)
    if axes.lines:
        axes.set_yscale("log")
        axes.set_ylim(bottom=max(axes.get_ylim()[0], axes.get_ylim()[1] * SMALLEST_SHARE))
    for before, after in pairwise(rows):
        if after["scale"] != before["scale"]:
            axes.axvline(after["step"], color="#888888", linewidth=0.8, linestyle=(0, (4, 3)))
    if axes.get_legend_handles_labels()[1]:
        axes.legend(frameon=False, fontsize=8, loc="lower right", bbox_to_anchor=(1, 0.97), ncols=4)
    return as_svg(figure, "losses")


def losses_of_many(curves: Sequence[Sequence[Row]]) -> str:
    """The total loss of each picture against its steps, as a share of its first."""
    figure, axes = _chart("step", "loss / first loss")
    curves = [rows for rows in curves if rows[0]["total"] > 0]  # a loss of 0 has no share
    every = max(1, sum(map(len, curves)) // POINTS_IN_ALL)
    for rows in curves:
        kept = [*rows[:-1:every], rows[-1]]
        steps, shares = [row["step"] for row in kept], [row["total"] / rows[0]["total"] for row in kept]
        axes.plot(steps, shares, color=COLOURS["content"], linewidth=0.9, alpha=max(0.2, 0.9 ** len(curves)))
    if curves:
        axes.set_yscale("log")
    return as_svg(figure, "all-losses")


def of_items(values: Mapping[int, float], label: str, item: str, name: str) -> str:
    """One value for each item, by its number, as bars; as dots where they are many.

    Args:
        label: what the values are, with their unit.
        item: what is counted: ``picture``, ``frame``.
        name: of the chart, unique on its page.
    """
    from matplotlib.ticker import MaxNLocator

    figure, axes = _chart(item, label)
    if len(values) <= 60:
        axes.bar(list(values), list(values.values()), color=COLOURS["content"], width=0.7)
    else:
        axes.plot(list(values), list(values.values()), ".", color=COLOURS["content"], markersize=3)
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    return as_svg(figure, name)


def steadiness(measured: Steadiness) -> str:
    """The curves of `nstpipe steadiness --plot`."""
    figure = plot.figure(measured, (WIDTH, 4 * 1.9))
    for axes in figure.axes:
        _take_ink(axes)
        if len(measured.sharpness) > MOST_MARKERS:
            for line in axes.lines:
                line.set_marker("")
    return as_svg(figure, "steadiness")


def as_svg(figure: "Figure", name: str) -> str:
    """The figure as an ``<svg>`` element; ``name`` keeps its ids apart from those of others on the page."""
    from matplotlib import rc_context

    file = io.StringIO()
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    svg = file.getvalue()
    svg = svg[svg.index("<svg") :]
    for colour, name_on_page in PAGE_COLOURS.items():
        svg = svg.replace(colour, name_on_page)
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'(id="|url\(#|href="#)', rf"\g<1>{name}-", svg)
    svg = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", svg, count=1)
    return re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", svg, count=1)


def _chart(x_label: str, y_label: str) -> tuple["Figure", "Axes"]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, HEIGHT), layout="constrained")
    axes = figure.subplots()
    axes.set_xlabel(x_label, fontsize=9)
    axes.set_ylabel(y_label, fontsize=9)
    axes.grid(color=GRID, linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_axisbelow(True)
    axes.margins(x=0.01)
    _take_ink(axes)
    return figure, axes


def _take_ink(axes: "Axes") -> None:
    """Draw letters and axes in :data:`INK`."""
    axes.tick_params(which="both", colors=INK, labelsize=8)
    for spine in axes.spines.values():
        spine.set_edgecolor(INK)
    for text in (axes.xaxis.label, axes.yaxis.label, axes.title):
        text.set_color(INK)
    legend = axes.get_legend()
    for text in legend.get_texts() if legend else ():
        text.set_color(INK)
