"""How steady a clip's pastiche is when frames are stylised alone, from the last one, or along the flow.

    python -m benchmarks.steady_modes samples/clip.mp4 samples/starry.jpg
    python -m benchmarks.steady_modes pan samples/starry.jpg --frames 60 --sheet pan.png

Every mode takes the same steps for every frame, at one scale. Instead of a file, the clip can be the name of
one of benchmarks.motion, which is drawn and measured by its true motion. The style loss is that of the
finished frames.
"""

import argparse
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from benchmarks import tables
from benchmarks.judge import Judge
from pipeline import Rules, stylize_video
from pipeline.extractor import weights
from pipeline.pictures import images, writing
from pipeline.settings.choice import Choice
from pipeline.steadiness import curves, true_motion
from pipeline.steadiness.curves import Motions, Steadiness
from pipeline.video import clip as clips
from pipeline.video.shots import shot_detection
from tests.support import drawn_motion

MODES = ("none", "init", "flow")

TILE_WIDTH = 320
"""Pixels of a frame's width on the sheet."""


@dataclass(frozen=True)
class Result:
    """The pastiche of a clip in one mode, and its measures."""

    frames: Sequence[np.ndarray]
    steady: Steadiness
    style_loss: float
    seconds: float


def main() -> None:
    """Print the settings and the table; write the sheet."""
    options = _parse()
    with tempfile.TemporaryDirectory() as temporary:
        clip, motions = _clip(options.clip, Path(temporary), options.frames, options.size)
        flags = {"size": options.size, "scales": 1, "steps": options.steps, "frame_steps": options.steps}
        print(
            f"# {options.clip} in {options.style.stem}: {options.preset}, {options.weights} weights, {flags}"
        )
        print()
        print(tables.head(COLUMNS), flush=True)
        results: dict[str, Result] = {}
        for mode in options.modes:
            choice = Choice(options.preset, {**flags, "temporal": mode, "weights": options.weights}, {})
            results[mode] = _make(clip, options.style, choice, Path(temporary, mode), motions)
            print(_row(mode, results, options.clip), flush=True)
        if options.sheet:
            rows = [list(clips.frames(clip)), *(one.frames for one in results.values())]
            shown = [number for number in options.shown if number < len(rows[0])]
            _write_sheet(options.sheet, rows, shown)


def _clip(name: str, folder: Path, frames: int, size: int) -> tuple[Path, Motions | None]:
    """The clip, and its true motion where it is drawn."""
    if name not in drawn_motion.KINDS:
        return Path(name), None
    clip = folder / f"{name}.mp4"
    return clip, true_motion.load(drawn_motion.write(name, clip, frames, (size * 9 // 16, size)))


def _make(clip: Path, style: Path, choice: Choice, folder: Path, motions: Motions | None) -> Result:
    folder.mkdir()
    output, began = folder / "pastiche.mp4", time.monotonic()
    stylize_video(clip, [style], output, preset=choice.preset, rules=Rules(keep_frames=True), **choice.flags)
    seconds = time.monotonic() - began
    written = sorted((folder / f".{output.name}.nstpipe" / "frames").iterdir())
    frames = [images.read(frame).pixels.astype(np.uint8) for frame in written]
    starts = shot_detection.first_frames(clips.frames(clip))
    steady = curves.measure(clips.frames(clip), frames, starts, motions)
    settings = choice.resolve().settings
    extractor = weights.obtain(settings.weights, print)
    judge = Judge(settings, images.read(style, settings.size).pixels, extractor)
    pictures = [frame.astype(np.float32) for frame in frames]
    style_loss = np.mean([judge.losses(picture, picture)["style"] for picture in pictures])
    return Result(frames, steady, float(style_loss), seconds / len(frames))


COLUMNS = (
    "clip",
    "mode",
    "warping error, 1e-4",
    "of none's",
    "of init's",
    "long-term, 1e-4",
    "style loss",
    "of init's",
    "drift",
    "flicker",
    "sharpness jump",
    "seconds a frame",
)


def _row(mode: str, results: dict[str, Result], clip: str) -> str:
    """A row of the table; the ratios are to ``none`` and ``init``, where they are in the table."""
    one, alone, chained = results[mode], results.get("none"), results.get("init")
    steady = one.steady
    cells = [
        Path(clip).stem,
        mode,
        tables.number(steady.mean_warping_error, 1e4),
        _ratio(steady.mean_warping_error, alone and alone.steady.mean_warping_error),
        _ratio(steady.mean_warping_error, chained and chained.steady.mean_warping_error),
        tables.number(steady.mean_long_term_error, 1e4),
        f"{one.style_loss:.4g}",
        _ratio(one.style_loss, chained and chained.style_loss),
        tables.number(steady.largest_drift),
        tables.number(steady.mean_flicker),
        tables.number(steady.largest_sharpness_jump),
        tables.number(one.seconds),
    ]
    return tables.row(cells)


def _ratio(value: float | None, other: float | None) -> str:
    return f"{value / other:.2f}" if value and other else ""


def _write_sheet(path: Path, rows: Sequence[Sequence[np.ndarray]], shown: Sequence[int]) -> None:
    def tile(frame: np.ndarray) -> np.ndarray:
        height = round(TILE_WIDTH * frame.shape[0] / frame.shape[1])
        return cv2.resize(frame, (TILE_WIDTH, height), interpolation=cv2.INTER_AREA)

    sheet = np.vstack([np.hstack([tile(row[number]) for number in shown]) for row in rows])
    writing.write(path, sheet.astype(np.float32))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("clip")
    parser.add_argument("style", type=Path)
    parser.add_argument("--modes", nargs="+", choices=MODES, default=MODES)
    parser.add_argument("--frames", type=int, default=60, help="of a clip that is drawn")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--preset", default="balanced")
    parser.add_argument("--weights", default="builtin")
    parser.add_argument("--sheet", type=Path)
    parser.add_argument("--shown", type=int, nargs="+", default=[0, 10, 20, 30, 40, 50])
    return parser.parse_args()


if __name__ == "__main__":
    main()
