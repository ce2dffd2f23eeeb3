"""How steady a pastiche is, as a table and as JSON."""

import json
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from pipeline.base.messages import shown
from pipeline.errors import InputError
from pipeline.footage import sources
from pipeline.steadiness import curves, true_motion
from pipeline.steadiness import plot as plots
from pipeline.steadiness.curves import LONG_TERM_GAP, Steadiness
from pipeline.steadiness.true_motion import TrueMotion
from pipeline.video.clip import Clip
from pipeline.video.shots.shot_detection import ShotDetector


class Measure(NamedTuple):
    """A curve of :class:`Steadiness`, and its row of the table."""

    curve: str
    summary: str
    """The property that sums the curve up in one number."""
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


def of(
    source: Path,
    pastiche: Path,
    *,
    motion: Path | None = None,
    plot: Path | None = None,
    as_json: bool = False,
) -> str:
    """Measure a pastiche and draw the plot.

    Returns:
        A table, or JSON with every curve.

    Raises:
        InputError: a file cannot be read, or they do not belong together.
        OutputError, DiskFullError: the plot cannot be written.
        SettingsError: there is to be a plot, and matplotlib is not installed.
    """
    if plot is not None:
        plots.check_path(plot, [path for path in (source, pastiche, motion) if path is not None])
    truth = true_motion.load(motion) if motion is not None else None
    measured = measure(source, pastiche, truth)
    if plot is not None:
        plots.draw(measured, plot, f"{shown(pastiche.name)}: how steady")
    if as_json:
        return to_json(measured)
    counts = f"{len(measured.sharpness)} frames, {_shots(len(measured.starts))}"
    head = f"{shown(pastiche)}: {counts}, {'true' if truth else 'estimated'} motion"
    return "\n".join([head, *table(measured)])


def table(measured: Steadiness) -> list[str]:
    """One aligned line for each measure: its name, number, unit, and how the number is computed."""
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
    report = {"frames": len(measured.sharpness), "shots": measured.starts, "measures": measures}
    return json.dumps(report, indent=1)


def measure(source: Path, pastiche: Path, truth: TrueMotion | None = None) -> Steadiness:
    """Measure the pastiche of a clip or image sequence, with a progress bar on a terminal.

    Args:
        truth: the source's true motion, where it is known; else it is estimated.

    Raises:
        InputError: a file cannot be read, or they do not belong together.
    """
    content, detector = sources.survey(sources.find(source), ShotDetector)
    styled = sources.probe(sources.find(pastiche))
    count = _count(content, styled, truth)
    starts = detector.first_frames()
    # disable=None: no bar unless standard error is a terminal
    styled_frames = tqdm(
        sources.frames(styled.reading),
        total=count,
        unit="frame",
        desc="measuring",
        leave=False,
        disable=None,
    )
    return curves.measure(sources.frames(content.reading), styled_frames, starts, truth)


def _count(source: Clip, pastiche: Clip, truth: TrueMotion | None) -> int:
    """How many frames; checks that the clips belong together, before the minutes that measuring takes."""
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


def _shots(count: int) -> str:
    return "1 shot" if count == 1 else f"{count} shots"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"
