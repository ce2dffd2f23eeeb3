"""Whether small pictures would be cheaper in one batch: the passes of a picture, and of several in one.

    python -m benchmarks.batched_steps samples/hillside.jpg samples/starry.jpg

Pictures that are stacked one above the other take the operations of a batch of as many. Times are of the
processor, all cores together.
"""

import argparse
import time
from pathlib import Path

import numpy as np

from pipeline.base.resizing import resize, size_to_fit
from pipeline.core import precisions
from pipeline.core.loss_graphs import fitting
from pipeline.core.objective import Objective
from pipeline.core.targets import Targets
from pipeline.extractor import weights
from pipeline.pictures import images
from pipeline.settings.choice import Choice

BATCHES = (1, 2, 4, 8)
REPEATS = 9


def main() -> None:
    options = _parse()
    settings = precisions.settled(Choice("balanced", {}).resolve().settings)
    content, style = (
        images.read(path, max(options.sides)).pixels for path in (options.content, options.style)
    )
    print(f"{settings.precision}; milliseconds a picture, and their share of one alone")
    print("| weights | longest side |" + "".join(f" {count} in one |" for count in BATCHES))
    print("|---|---|" + "---|" * len(BATCHES))
    for spec in options.weights:
        graphs = fitting(settings, weights.obtain(spec, print))
        objective = Objective(settings, graphs)
        for side in options.sides:
            picture, of_style = (
                resize(pixels, size_to_fit(pixels.shape[:2], side)) for pixels in (content, style)
            )
            grams = graphs.style_targets(of_style)
            times = [
                _seconds(objective, graphs, np.tile(picture, (count, 1, 1)), grams) / count
                for count in BATCHES
            ]
            cells = [f"{1000 * one:.1f} ({one / times[0]:.2f})" for one in times]
            print(f"| {spec} | {side} | {' | '.join(cells)} |", flush=True)


def _seconds(objective: Objective, graphs, pixels: np.ndarray, grams) -> float:
    """Median time of a loss and gradient."""
    targets, times = Targets(graphs.content_targets(pixels), grams), []
    for _ in range(REPEATS):
        began = time.process_time()
        objective.at(pixels, targets)
        times.append(time.process_time() - began)
    return float(np.median(times[1:]))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="The passes of small pictures, alone and stacked.")
    parser.add_argument("content", type=Path)
    parser.add_argument("style", type=Path)
    parser.add_argument("--sides", type=int, nargs="+", default=[64, 128, 256])
    parser.add_argument("--weights", nargs="+", default=["builtin", "imagenet-8bit"])
    return parser.parse_args()


if __name__ == "__main__":
    main()
