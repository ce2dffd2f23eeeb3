"""How steady a pastiche is, as a plot of its curves over the frames."""

import importlib.util
import os
import warnings
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipeline.base import atomic
from pipeline.base.messages import shown
from pipeline.errors import OutputError, SettingsError
from pipeline.steadiness.curves import LONG_TERM_GAP, Curve, Steadiness

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANELS: tuple[tuple[str, dict[str, str]], ...] = (
    (
        "warping error (of 255²)",
        {"warping_error": "frame to frame", "long_term_error": f"over {LONG_TERM_GAP} frames"},
    ),
    ("still places (levels)", {"drift": "drift of the mean colour", "departure": "rms departure"}),
    ("flicker (levels)", {"flicker": ""}),
    ("sharpness (levels²)", {"sharpness": ""}),
)
"""For each axis its label, and its curves with their names in the legend."""

COLOURS = "#1b6ca8", "#d1603d"


def check_path(path: Path, inputs: list[Path]) -> None:
    """Check that the plot can be written to ``path``, before the minutes that measuring takes.

    Raises:
        SettingsError: matplotlib is not installed.
        OutputError: it cannot, or it would replace one of ``inputs``.
    """
    if importlib.util.find_spec("matplotlib") is None:
        raise SettingsError("--plot needs matplotlib, which is not installed; run `pip install matplotlib`")
    if path.suffix.lower() != ".png":
        raise OutputError(f"{shown(path)}: the plot is a PNG; end its name in .png")
    if any(_is_same(path, one) for one in inputs):
        raise OutputError(f"{shown(path)}: is an input; give the plot another name")
    if path.is_dir() or not os.access(path.absolute().parent, os.W_OK):
        raise OutputError(f"{shown(path)}: cannot be written; give the plot a name in a folder of yours")


def _is_same(one: Path, other: Path) -> bool:
    return one.exists() and other.exists() and one.samefile(other)


def draw(measured: Steadiness, path: Path, title: str) -> None:
    """Write the curves over the frames as a PNG, cuts as thin lines.

    Raises:
        OutputError, DiskFullError: it cannot be written.
    """
    plotted = figure(measured)
    plotted.axes[0].set_title(title, loc="left", fontsize=11, parse_math=False)
    with atomic.replacing(path) as partial, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")  # the font lacks letters of the title
        plotted.savefig(partial, format="png", dpi=120)


def figure(measured: Steadiness, size: tuple[float, float] = (9, 8)) -> "Figure":
    """The curves over the frames, one panel above the other, cuts as thin lines.

    Args:
        size: width and height in inches.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(len(PANELS), sharex=True)
    for axes, (label, names) in zip(panels, PANELS, strict=True):
        for colour, (curve, name) in zip(COLOURS, names.items(), strict=False):
            _draw_curve(axes, getattr(measured, curve), measured.starts, color=colour, label=name)
        _finish(axes, label, measured.starts[1:])
    figure.align_ylabels(panels)
    panels[-1].set_xlabel("frame (dashed: a cut)" if measured.starts[1:] else "frame")
    return figure


def _draw_curve(axes: "Axes", curve: Curve, starts: tuple[int, ...], color: str, label: str) -> None:
    """One line for each shot, none across a cut."""
    values = np.array(curve, float)  # None becomes nan, and is not drawn
    for begin, end in pairwise([*starts, len(curve)]):
        name = label if begin == 0 else ""
        (line,) = axes.plot(range(begin, end), values[begin:end], color=color, label=name or None)
        line.set(linewidth=1.2, marker=".", markersize=3)


def _finish(axes: "Axes", label: str, cuts: tuple[int, ...]) -> None:
    for cut in cuts:
        axes.axvline(cut - 0.5, color="#888888", linewidth=0.8, linestyle=(0, (4, 3)))
    axes.set_ylabel(label, fontsize=9)
    axes.set_ylim(bottom=0)
    axes.margins(x=0.01)
    axes.grid(color="#e4e4e4", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    if axes.get_legend_handles_labels()[1]:
        # above the axes, where no curve runs
        axes.legend(frameon=False, fontsize=9, loc="lower right", bbox_to_anchor=(1, 0.97), ncols=2)
