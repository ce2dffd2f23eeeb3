"""The losses of a comparison against steps and against seconds, drawn by matplotlib."""

import importlib.util
import io
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from pipeline.base.arrays import FloatArray
from pipeline.experiments.cell_results import CellResult
from pipeline.jobs.record.loss_curves import Row

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Curve = Sequence[tuple[Row, float]]
"""Rows, each with the value that is drawn."""

TERMS = ("total", "content", "style", "tv")
AGAINST = {"step": "step", "seconds": "seconds (from the end of the first step)"}

WIDTH, HEIGHT = 10.0, 2.4
"""Of the figure, and of a row of panels, in inches."""

DPI = 110

LARGEST_RATIO = 1e4
"""From the largest value of a panel to the smallest that is drawn: a start from the content has loss 0."""


def is_possible() -> bool:
    """Whether matplotlib is installed."""
    return importlib.util.find_spec("matplotlib") is not None


def pixels(results: Sequence[CellResult]) -> FloatArray:
    """The figure as a picture (H, W, 3), 0..255."""
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")  # the font lacks letters of a label
        figure(results).savefig(file, format="png")
    return np.asarray(Image.open(file).convert("RGB"), np.float32)


def figure(results: Sequence[CellResult]) -> "Figure":
    """A row of panels for each loss: against steps on the left, against seconds on the right."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    rows = panels(results)
    figure = Figure(figsize=(WIDTH, HEIGHT * len(rows) + 0.8), dpi=DPI, layout="constrained")
    grid = figure.subplots(len(rows), len(AGAINST), sharey="row", sharex="col", squeeze=False)
    for axes_of_row, (name, curves) in zip(grid, rows.items(), strict=True):
        for axes, against in zip(axes_of_row, AGAINST, strict=True):
            _draw(axes, curves, against)
        axes_of_row[0].set_ylabel(name, fontsize=9)
    for axes, label in zip(grid[-1], AGAINST.values(), strict=True):
        axes.set_xlabel(label, fontsize=9)
    grid[-1][0].xaxis.set_major_locator(MaxNLocator(integer=True))
    handles = grid[0][0].get_lines()
    legend = figure.legend(handles, [one.label for one in results], loc="outside upper center", ncols=3)
    for text in legend.get_texts():
        text.set_parse_math(False)
    return figure


def panels(results: Sequence[CellResult]) -> dict[str, list[Curve]]:
    """The curves of each panel, one for each cell.

    The weighted terms where all cells minimise the same loss; where not, the total as a share of its first.
    Then the common measure.
    """
    if all(one.objective == results[0].objective for one in results):
        names = [name for name in TERMS if any(row[name] > 0 for one in results for row in one.rows)]
        own = {f"{name} loss": [_curve(one.rows, name) for one in results] for name in names}
    else:
        own = {"own loss / its first": [_shares(one.rows) for one in results]}
    common = {
        f"common {name}": [_curve(one.common_rows, name) for one in results] for name in ("style", "content")
    }
    return {**own, **common}


def _curve(rows: Sequence[Row], name: str) -> Curve:
    return [(row, row[name]) for row in rows]


def _shares(rows: Sequence[Row]) -> Curve:
    return [(row, row["total"] / rows[0]["total"]) for row in rows] if rows and rows[0]["total"] > 0 else []


def _draw(axes: "Axes", curves: Sequence[Curve], against: str) -> None:
    import matplotlib

    colours = matplotlib.colormaps["tab10" if len(curves) <= 10 else "tab20"].colors  # type: ignore[attr-defined]
    for number, curve in enumerate(curves):
        marker = "." if len(curve) < 40 else ""
        x, y = [row[against] for row, _ in curve], [value for _, value in curve]
        axes.plot(x, y, color=colours[number % len(colours)], linewidth=1.3, marker=marker, markersize=4)
    values = [value for curve in curves for _, value in curve if value > 0]
    if values:
        axes.set_yscale("log")
        axes.set_ylim(bottom=max(min(values) * 0.9, max(values) / LARGEST_RATIO))
    axes.grid(color="#e4e4e4", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(x=0.01)
    axes.tick_params(labelsize=8)
