"""Compare the time of flow, warps and weights with the time of stylising a frame.

    python -m benchmarks.flow_cost samples/starry.jpg

On drawn clips (benchmarks.motion), with the default preset.
"""

import argparse
import time
from pathlib import Path

import numpy as np

from pipeline.core.stylizer import Stylizer
from pipeline.extractor import weights
from pipeline.motion.shot_walk import NextFrame, PastichesInMemory, walk
from pipeline.pictures import images
from pipeline.settings.choice import Choice
from tests.support import drawn_motion

WARM_UP = 5
"""Frames that are not counted: graphs are traced, and the memory fills."""


def main() -> None:
    """Print a table."""
    options = _parse()
    extractor = weights.obtain(options.weights, print)
    settings = Choice(options.preset, {"size": options.size}, {}).resolve().settings
    stylizer = Stylizer(settings, [images.read(options.style, options.size).pixels], weights=extractor)
    print(f"# {options.size} pixels, {options.weights} weights, {options.preset}")
    print("| clip | flow, warps, weights | stylising | share |\n|---|---|---|---|")
    for kind in options.clips:
        following, stylising = _times(stylizer, kind, options.frames, options.size)
        share = 100 * following / stylising
        print(f"| {kind} | {1e3 * following:.0f} ms | {1e3 * stylising:.0f} ms | {share:.1f} % |", flush=True)


class TimedPastiches(PastichesInMemory):
    """Pastiches in memory, and the seconds that stylising each took."""

    def __init__(self, stylizer: Stylizer) -> None:
        super().__init__(stylizer)
        self.seconds: list[float] = []

    def make(self, number: int, frame: NextFrame) -> None:
        began = time.perf_counter()
        super().make(number, frame)
        self.seconds.append(time.perf_counter() - began)


def _times(stylizer: Stylizer, kind: str, count: int, size: int) -> tuple[float, float]:
    """Median seconds a frame: of flow, warps and weights; and of stylising."""
    frame_size = size * 9 // 16, size
    frames, _ = drawn_motion.draw(kind, count + WARM_UP, frame_size)
    pastiches, whole, began = TimedPastiches(stylizer), [], time.perf_counter()
    for _ in walk(frames, frame_size, stylizer.settings, pastiches):
        whole.append(time.perf_counter() - began)
        began = time.perf_counter()
    following = np.subtract(whole, pastiches.seconds)
    return float(np.median(following[WARM_UP:])), float(np.median(pastiches.seconds[WARM_UP:]))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("style", type=Path)
    parser.add_argument("--clips", nargs="+", choices=drawn_motion.KINDS, default=["pan", "zoom", "sprite"])
    parser.add_argument("--frames", type=int, default=10)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--preset", default="balanced")
    parser.add_argument("--weights", default="builtin")
    return parser.parse_args()


if __name__ == "__main__":
    main()
