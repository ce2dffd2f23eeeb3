"""What fewer steps for the frames that follow others save, and what they cost in loss and steadiness.

    python -m benchmarks.frame_steps samples/clip.mp4 samples/starry.jpg
    python -m benchmarks.frame_steps pan samples/starry.jpg --frame-steps 35,27,17 35,11,14 --sheet pan.png

The first shot of a clip, or a clip of benchmarks.motion, stylised once for each frame_steps (coarse
scales first). A pass is one at full size: one at half of it is a quarter. Losses are of finished frames,
in float32 and without the temporal loss, which depends on what each frame starts from. They are compared with
those of the first row, and with those of the same frames stylised on their own, with all steps of the preset;
of the latter only every fifth frame is made.
"""

import argparse
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import one_shot, tables
from benchmarks.judge import Judge
from pipeline.base.arrays import FloatArray, Frame
from pipeline.core import precisions
from pipeline.core.style_transfer import Pastiche, StepInfo
from pipeline.core.stylizer import Stylizer
from pipeline.extractor import weights
from pipeline.motion import shot_walk
from pipeline.pictures import images, writing
from pipeline.pictures.sheets import grid, labelled
from pipeline.settings.choice import Choice
from pipeline.settings.settings import Settings
from pipeline.steadiness import curves
from pipeline.steadiness.curves import Steadiness

CANDIDATES = ("35,27,17", "35,11,14", "35,11,10", "35,11,7", "35,11,5")
"""Half of the steps of ``balanced``, and fewer."""

ALONE_EVERY = 5
"""Of so many following frames one is stylised on its own, too."""

COLUMNS = (
    "clip",
    "frame_steps",
    "passes a following frame",
    "of the first frame's",
    "CPU s a following frame",
    "loss",
    "of row 1",
    "of frames alone",
    "style loss",
    "of row 1",
    "warping error, 1e-4",
    "long-term, 1e-4",
    "drift",
    "flicker",
    "sharpness jump",
)


@dataclass
class Counted:
    """A stylizer whose steps are counted.

    Attributes:
        passes: at full size, of each frame that it stylised.
        seconds: of the processor, of each.
        pairs: the content and the finished pastiche of each.
    """

    inner: Stylizer
    passes: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    pairs: list[tuple[FloatArray, FloatArray]] = field(default_factory=list)

    @property
    def settings(self) -> Settings:
        return self.inner.settings

    def stylize(self, content: FloatArray, *start: Any) -> Pastiche:
        def count(info: StepInfo) -> None:
            self.passes[-1] += 4.0 ** (info.scale - info.scales)

        self.passes.append(0.0)
        began = time.process_time()
        pastiche = self.inner.stylize(content, *start, on_step=count)
        self.seconds.append(time.process_time() - began)
        self.pairs.append((content, pastiche.pixels.round()))
        return pastiche


@dataclass(frozen=True)
class Result:
    """The pastiche of a shot, and its measures; the losses are of the following frames."""

    frames: Sequence[FloatArray]
    passes: Sequence[float]
    seconds: float
    losses: Sequence[Mapping[str, float]]
    steady: Steadiness

    def loss(self, name: str = "total", every: int = 1) -> float:
        """The mean of a loss over every so many following frames."""
        return float(np.mean([losses[name] for losses in self.losses[::every]]))


def main() -> None:
    """Print the settings and the table; write the sheet."""
    options = _parse()
    frames, motions = one_shot.load(options.clip, options.size, options.frames)
    extractor, style = weights.obtain(options.weights, print), images.read(options.style, options.size).pixels
    usual = precisions.settled(Choice(options.preset, {"size": options.size}, {}).resolve().settings)
    print(f"# {len(frames)} frames of {options.clip} in {options.style.stem}, {options.weights} weights")
    print()
    print(tables.head(COLUMNS), flush=True)
    judge = Judge(usual.model_copy(update={"precision": "float32"}), style, extractor)
    results: list[Result] = []
    stylizer = Stylizer(usual, [style], weights=extractor)
    for steps in options.frame_steps:
        settings = Settings(**{**usual.model_dump(), "frame_steps": steps})
        counted = Counted(Stylizer(settings, [style], weights=extractor, like=stylizer))
        results.append(_make(counted, frames, judge, motions))
        if len(results) == 1:
            contents = [content for content, _ in counted.pairs[1::ALONE_EVERY]]
            alone = [judge.losses(stylizer.stylize(one).pixels.round(), one)["total"] for one in contents]
        print(_row(options.clip, steps, results, float(np.mean(alone))), flush=True)
    if options.sheet:
        _write_sheet(options.sheet, options.frame_steps, results, options.shown)


def _make(stylizer: Counted, frames: Sequence[Frame], judge: Judge, motions: curves.Motions | None) -> Result:
    pastiches = list(shot_walk.stylized(stylizer, frames))
    losses = [judge.losses(pixels, content) for content, pixels in stylizer.pairs[1:]]
    return Result(
        pastiches,
        stylizer.passes,
        float(np.mean(stylizer.seconds[1:])),
        losses,
        curves.measure(frames, [frame.astype(np.uint8) for frame in pastiches], [0], motions),
    )


def _row(clip: str, steps: str, results: Sequence[Result], alone: float) -> str:
    one, first = results[-1], results[0]
    following = float(np.mean(one.passes[1:]))
    cells = [
        Path(clip).stem,
        steps,
        f"{following:.1f}",
        f"{following / one.passes[0]:.2f}",
        f"{one.seconds:.2f}",
        f"{one.loss():.4f}",
        f"{one.loss() / first.loss():.3f}",
        f"{one.loss(every=ALONE_EVERY) / alone:.3f}",
        f"{one.loss('style'):.4f}",
        f"{one.loss('style') / first.loss('style'):.3f}",
        tables.number(one.steady.mean_warping_error, 1e4),
        tables.number(one.steady.mean_long_term_error, 1e4),
        tables.number(one.steady.largest_drift),
        tables.number(one.steady.mean_flicker),
        tables.number(one.steady.largest_sharpness_jump),
    ]
    return tables.row(cells)


def _write_sheet(path: Path, steps: Sequence[str], results: Sequence[Result], shown: Sequence[int]) -> None:
    numbers = [number for number in shown if number < len(results[0].frames)]
    tiles = [
        labelled(result.frames[number], f"{count}: frame {number}")
        for count, result in zip(steps, results, strict=True)
        for number in numbers
    ]
    writing.write(path, grid(tiles, len(numbers)))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("clip")
    parser.add_argument("style", type=Path)
    parser.add_argument("--frame-steps", nargs="+", default=CANDIDATES)
    parser.add_argument("--frames", type=int, default=30, help="at most")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--preset", default="balanced")
    parser.add_argument("--weights", default="builtin")
    parser.add_argument("--sheet", type=Path)
    parser.add_argument("--shown", type=int, nargs="+", default=[1, 10, 20, 29])
    return parser.parse_args()


if __name__ == "__main__":
    main()
