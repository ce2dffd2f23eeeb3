"""Measure drift where nothing moves: a picture as a clip of 100 frames, with each possible cause alone.

    python -m benchmarks.drift samples/hillside.jpg samples/starry.jpg

Each row is a chain of frames: how they follow each other, the noise of the source (standard deviation in
levels), the changed settings. In a corner something moves in every frame, so that each is
stylised. The columns show how far the rest has moved from frame 10 to the last: the mean colour and the
sharpness (variance of the Laplacian); and the largest jump of the sharpness between two frames.
"""

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count, islice, pairwise
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.base.arrays import FloatArray, Frame
from pipeline.core.stylizer import Stylizer
from pipeline.extractor import weights
from pipeline.extractor.weights import Weights
from pipeline.motion import shot_walk
from pipeline.pictures import images
from pipeline.settings.choice import Choice
from pipeline.steadiness import frame_measures

SETTLED = 10
"""The number of the frame that the others are compared with, 1 the first."""

CORNER = 24
"""Pixels of the corner in which something moves."""


@dataclass(frozen=True)
class Row:
    """One row of the table."""

    what: str
    mode: str
    noise: float = 0.0
    settings: Mapping[str, Any] = field(default_factory=dict)
    rounded: bool = True


SMOOTHED = {"smooth_every": 50}
ROWS = (
    Row("from the last frame", "init"),
    Row("the same, not rounded to 8 bits", "init", rounded=False),
    Row("the same, with ten times the total variation", "init", settings={"tv_weight": 1e-3}),
    Row("the same, smoothed every 50 steps", "init", settings=SMOOTHED),
    Row("along the flow", "flow"),
    Row("along the flow, noisy", "flow", 3.0),
    Row("along the flow, noisy, smoothed every 50 steps", "flow", 3.0, SMOOTHED),
    Row("along the flow, very noisy", "flow", 10.0),
    Row("along the flow, very noisy, smoothed every 50 steps", "flow", 10.0, SMOOTHED),
    Row("along the flow, as noisy as can be", "flow", 25.0),
)


def main() -> None:
    """Print the table."""
    options = _parse()
    content = images.read(options.content, options.size).pixels
    style, extractor = images.read(options.style, options.size).pixels, weights.obtain(options.weights, print)
    print("| frames start | noise | mean colour, levels | sharpness | largest jump |\n|---|---|---|---|---|")
    for row in (row for row in ROWS if options.row in (None, row.what)):
        frames = list(islice(_chain(row, content, style, extractor), options.frames))
        print(f"| {row.what} | {row.noise:g} | {_summary(frames)} |", flush=True)


def _chain(row: Row, content: FloatArray, style: FloatArray, extractor: Weights) -> Iterator[FloatArray]:
    """The pastiches of a picture that stands still; without end."""
    flags = {"size": max(content.shape), "temporal": row.mode, **row.settings}
    settings = Choice(None, flags, {}).resolve().settings
    stylizer = Stylizer(settings, [style], weights=extractor)
    return shot_walk.stylized(stylizer, _frames(row, content), rounded=row.rounded)


def _frames(row: Row, content: FloatArray) -> Iterator[Frame]:
    """The picture again and again, each time with other noise."""
    rng = np.random.default_rng(0)
    for number in count():
        grain = row.noise * rng.standard_normal(content.shape)
        yield np.clip(_busy(content, number) + grain, 0, 255).round().astype(np.uint8)


def _busy(content: FloatArray, number: int) -> FloatArray:
    """The picture with a bright square in its lower right corner that moves to the left and back."""
    frame = content.copy()
    side, left = CORNER // 2, CORNER - 3 * (number % (CORNER // 6))
    frame[-side - 4 : -4, -left - 4 : side - left - 4 or None] = (240, 200, 40)
    return frame


def _summary(frames: list[FloatArray]) -> str:
    frames = [frame[:, : -2 * CORNER] for frame in frames]
    settled, last = frames[SETTLED - 1], frames[-1]
    colour = np.abs((last - settled).mean(axis=(0, 1))).max()
    sharp = [frame_measures.sharpness(frame) for frame in frames[SETTLED - 1 :]]
    jump = max(abs(now - before) for before, now in pairwise(sharp)) / np.mean(sharp)
    return f"{colour:.2f} | {100 * (sharp[-1] / sharp[0] - 1):+.1f} % | {100 * jump:.1f} %"


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("content", type=Path)
    parser.add_argument("style", type=Path)
    parser.add_argument("--frames", type=int, default=100)
    parser.add_argument("--row", choices=[row.what for row in ROWS], help="only this one")
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--weights", default="builtin")
    return parser.parse_args()


if __name__ == "__main__":
    main()
