"""What it costs to follow the flow: the time of flow, warps and weights beside that of a frame's stylising.

    python -m benchmarks.flow_cost samples/starry.jpg

On clips that are drawn (benchmarks.motion), with the default preset.
"""

import argparse
import time
from pathlib import Path

import numpy as np

from benchmarks import motion
from pipeline import images, weights
from pipeline.presets import Choice
from pipeline.stylizer import Stylizer
from pipeline.temporal import Memory

WARM_UP = 5
"""Frames that are not counted: graphs are traced, and the memory fills."""


def main() -> None:
    """Print a table."""
    asked = _parse()
    extractor = weights.obtain(asked.weights, print)
    settings = Choice(asked.preset, {"size": asked.size}, {}).resolve(extractor.kind).settings
    stylizer = Stylizer(settings, [images.read(asked.style, asked.size).pixels], weights=extractor)
    print(f"# {asked.size} pixels, {asked.weights} weights, {asked.preset}")
    print("| clip | flow, warps, weights | stylising | share |\n|---|---|---|---|")
    for kind in asked.clips:
        following, stylising = _times(stylizer, kind, asked.frames, asked.size)
        share = 100 * following / stylising
        print(f"| {kind} | {1e3 * following:.0f} ms | {1e3 * stylising:.0f} ms | {share:.1f} % |", flush=True)


def _times(stylizer: Stylizer, kind: str, count: int, size: int) -> tuple[float, float]:
    """Median seconds a frame: of what follows the flow, and of the rest."""
    frames, _ = motion.draw(kind, count + WARM_UP, (size * 9 // 16, size))
    memory, made, unit = Memory(stylizer.settings.flow_quality), [], 0.0
    following, stylising = [], []
    for frame in frames:
        began = time.perf_counter()
        memory.see(frame)
        start = memory.follow(lambda gap: made[-gap], unit) if made else ()
        followed = time.perf_counter()
        pastiche = stylizer.stylize(memory.frame.astype(np.float32), *start)
        following.append(followed - began)
        stylising.append(time.perf_counter() - followed)
        made.append(pastiche.pixels.round())
        unit = unit or pastiche.losses["total"]
    return float(np.median(following[WARM_UP:])), float(np.median(stylising[WARM_UP:]))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("style", type=Path)
    parser.add_argument("--clips", nargs="+", choices=motion.KINDS, default=["pan", "zoom", "sprite"])
    parser.add_argument("--frames", type=int, default=10)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--preset", default="balanced")
    parser.add_argument("--weights", default="builtin")
    return parser.parse_args()


if __name__ == "__main__":
    main()
