"""How steady a pastiche is, for people and programs: a table, JSON, a plot."""

import importlib.util
import json
import os
import warnings
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from tqdm import tqdm

from pipeline.base import atomic
from pipeline.base.messages import shown
from pipeline.errors import InputError, OutputError, SettingsError
from pipeline.steadiness import curves, true_motion
from pipeline.steadiness.curves import LONG_TERM_GAP, Curve, Steadiness
from pipeline.steadiness.true_motion import TrueMotion
from pipeline.video import clip, shot_detection
from pipeline.video.clip import Clip

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class Measure(NamedTuple):
    """A curve of :class:`Steadiness` and what the table says of it."""

    curve: str
    summary: str
    """The property that makes one number of the curve."""
    label: str
    unit: str
    meaning: str


MEASURES = (
    Measure("warping_error", "mean_warping_error", "warping error", "of 255²", "mean, frame to frame"),
    Measure(
        "long_term_error",
        "mean_long_term_error",
        "long-term warping error",
        "of 255²",
        f"mean, over {LONG_TERM_GAP} frames",
    ),
    Measure("drift", "largest_drift", "drift", "levels", "largest change of still places' mean colour"),
    Measure("departure", "largest_departure", "departure", "levels", "largest rms change of still places"),
    Measure("flicker", "mean_flicker", "flicker", "levels", "mean rms, there and back, of still places"),
    Measure("sharpness", "mean_sharpness", "sharpness", "levels²", "mean variance of the Laplacian"),
    Measure(
        "sharpness_jump",
        "largest_sharpness_jump",
        "sharpness jump",
        "of the mean",
        "largest, frame to frame",
    ),
)

PANELS: tuple[tuple[str, dict[str, str]], ...] = (
    (
        "warping error (of 255²)",
        {"warping_error": "frame to frame", "long_term_error": f"over {LONG_TERM_GAP} frames"},
    ),
    ("still places (levels)", {"drift": "drift of the mean colour", "departure": "rms departure"}),
    ("flicker (levels)", {"flicker": ""}),
    ("sharpness (levels²)", {"sharpness": ""}),
)
"""Of the plot: what each axis is called, and its curves with their names in the legend."""

COLOURS = "#1b6ca8", "#d1603d"


def of(
    source: Path,
    pastiche: Path,
    *,
    motion: Path | None = None,
    plot: Path | None = None,
    as_json: bool = False,
) -> str:
    """Measure a pastiche, draw the plot, and say what was found: a table, or JSON with every curve.

    Raises:
        InputError: a file cannot be read, or they do not belong together.
        OutputError, DiskFullError: the plot cannot be written.
        SettingsError: there is to be a plot, and matplotlib is not installed.
    """
    if plot is not None:
        _check_plot(plot, [path for path in (source, pastiche, motion) if path is not None])
    truth = true_motion.load(motion) if motion is not None else None
    measured = _measured(source, pastiche, truth)
    if plot is not None:
        draw(measured, plot, f"{shown(pastiche.name)}: how steady")
    if as_json:
        return to_json(measured)
    counts = f"{len(measured.sharpness)} frames, {_shots(len(measured.starts))}"
    head = f"{shown(pastiche)}: {counts}, {'true' if truth else 'estimated'} motion"
    return "\n".join([head, *table(measured)])


def table(measured: Steadiness) -> list[str]:
    """One aligned line for each measure: its name, number, unit, and how the number came about."""
    return [
        f"{one.label:<24}{_number(getattr(measured, one.summary)):>9} {one.unit:<12}{one.meaning}"
        for one in MEASURES
    ]


def to_json(measured: Steadiness) -> str:
    """Frames, shots, and every measure with its unit, its one number and its curve (null: none)."""
    measures = {
        one.curve: {
            "unit": one.unit,
            one.summary.partition("_")[0]: getattr(measured, one.summary),
            "curve": getattr(measured, one.curve),
        }
        for one in MEASURES
    }
    told = {"frames": len(measured.sharpness), "shots": measured.starts, "measures": measures}
    return json.dumps(told, indent=1)


def draw(measured: Steadiness, path: Path, title: str) -> None:
    """Write the curves over the frames as a PNG, cuts as thin lines.

    Raises:
        OutputError, DiskFullError: it cannot be written.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 8), layout="constrained")
    panels = figure.subplots(len(PANELS), sharex=True)
    for axes, (label, names) in zip(panels, PANELS, strict=True):
        for colour, (curve, name) in zip(COLOURS, names.items(), strict=False):
            _draw_curve(axes, getattr(measured, curve), measured.starts, color=colour, label=name)
        _finish(axes, label, measured.starts[1:])
    figure.align_ylabels(panels)
    panels[-1].set_xlabel("frame (dashed: a cut)" if measured.starts[1:] else "frame")
    panels[0].set_title(title, loc="left", fontsize=11, parse_math=False)
    with atomic.replacing(path) as partial, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")  # a name in letters that the font lacks still has a plot
        figure.savefig(partial, format="png", dpi=120)


def _draw_curve(axes: "Axes", curve: Curve, starts: tuple[int, ...], color: str, label: str) -> None:
    """The curve, which no line carries across a cut."""
    values = np.array(curve, float)  # None becomes nan, which is not drawn
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


def _measured(source: Path, pastiche: Path, truth: TrueMotion | None) -> Steadiness:
    count = _count(clip.probe(source), clip.probe(pastiche), truth)
    starts = shot_detection.first_frames(clip.frames(source))
    # disable=None: no bar where nobody sees it
    styled = tqdm(
        clip.frames(pastiche),
        total=count,
        unit="frame",
        desc="measuring",
        leave=False,
        disable=None,
    )
    return curves.measure(clip.frames(source), styled, starts, truth)


def _count(source: Clip, pastiche: Clip, truth: TrueMotion | None) -> int:
    """How many frames; refuses what does not belong together before the minutes that measuring takes."""
    counts = [len(one.frame_times) for one in (source, pastiche)]
    if counts[0] != counts[1]:
        raise InputError(
            f"{shown(source.path)} has {counts[0]} frames, {shown(pastiche.path)} {counts[1]}; "
            "give a clip and its own pastiche"
        )
    if truth is not None and len(truth) != counts[0]:
        raise InputError(
            f"the motion is of {len(truth)} frames, {shown(source.path)} has {counts[0]}; give the clip's own"
        )
    return counts[0]


def _check_plot(path: Path, inputs: list[Path]) -> None:
    if importlib.util.find_spec("matplotlib") is None:
        raise SettingsError("--plot needs matplotlib, which is not installed; pip install 'nstpipe[plots]'")
    if path.suffix.lower() != ".png":
        raise OutputError(f"{shown(path)}: the plot is a PNG; end its name in .png")
    if any(_is_same(path, one) for one in inputs):
        raise OutputError(f"{shown(path)}: is an input; give the plot another name")
    if path.is_dir() or not os.access(path.absolute().parent, os.W_OK):
        raise OutputError(f"{shown(path)}: cannot be written; give the plot a name in a folder of yours")


def _is_same(one: Path, other: Path) -> bool:
    return one.exists() and other.exists() and one.samefile(other)


def _shots(count: int) -> str:
    return "1 shot" if count == 1 else f"{count} shots"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"
