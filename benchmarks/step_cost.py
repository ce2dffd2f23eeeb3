"""The constants of pipeline/jobs/planning/step_cost.py, measured on this machine.

    python -m benchmarks.step_cost

Times steps of three networks at several sizes in both precisions, in processor seconds, which other work on
the machine changes little, and fits the constants by least squares of the relative errors. The table shows
how well the fit foretells each time.
"""

import argparse
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize

from pipeline.base import speed
from pipeline.core.loss_graphs import fitting
from pipeline.core.objective import Objective
from pipeline.core.targets import Targets
from pipeline.extractor import layers, weights
from pipeline.extractor.weights import Weights
from pipeline.jobs.planning.step_cost import PassesCost
from pipeline.settings.choice import Choice
from tests.support.tiny_weights import tiny_weights

PRECISIONS = ("float32", "bfloat16")

CONSTANTS = (
    "seconds of a step whatever its layers",
    "of each layer",
    *(
        f"{name} of {precision}"
        for precision in PRECISIONS
        for name in ("products", "activations", "kernels")
    ),
)


@dataclass(frozen=True)
class Timed:
    """The median time of a step.

    Attributes:
        row: what each of the constants is multiplied by.
    """

    network: str
    precision: str
    size: tuple[int, int]
    seconds: float
    row: Sequence[float]


def timed(name: str, network: Weights, precision: str, sides: Sequence[int], steps: int) -> Iterator[Timed]:
    """Steps of one network in one precision at several sizes; the smallest size traces the graphs."""
    settings = Choice("balanced", {"precision": precision, "device": "cpu"}).resolve().settings
    graphs = fitting(settings, network)
    objective = Objective(settings, graphs)
    for side in sides:
        size = side * 3 // 4, side
        picture = np.random.default_rng(0).uniform(0, 255, (*size, 3)).astype(np.float32)
        targets = Targets(graphs.content_targets(picture), graphs.style_targets(picture))
        seconds = []
        for _ in range(steps + 1):
            began = time.process_time()
            objective.at(picture, targets)
            seconds.append(time.process_time() - began)
        cost = PassesCost.of(settings, size, network.architecture)
        yield Timed(name, precision, size, statistics.median(seconds[1:]), _row(cost, precision))


def _row(cost: PassesCost, precision: str) -> list[float]:
    own = [cost.operations, cost.activations, cost.kernels]
    if precision == "float32":
        own[0] += cost.exact_operations
        return [1, cost.layers, *own, 0, 0, 0]
    return [1, cost.layers, cost.exact_operations, 0, 0, *own]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sides", type=int, nargs="+", default=[64, 96, 128, 192, 256, 384, 512])
    parser.add_argument("--steps", type=int, default=9)
    parser.add_argument("--networks", nargs="+", default=["builtin", "quarter", "full"])
    options = parser.parse_args()
    networks = {
        "builtin": weights.builtin(),
        "quarter": tiny_weights(0, layers.QUARTER_WIDTHS),
        "full": tiny_weights(0, layers.IMAGENET_WIDTHS),
    }
    rows = [
        row
        for precision in PRECISIONS
        for name in options.networks
        for row in timed(name, networks[name], precision, options.sides, options.steps)
    ]
    relative = np.array([np.array(row.row) / row.seconds for row in rows])
    size = relative.max(axis=0)  # so that all columns are of one size
    constants = optimize.nnls(relative / size, np.ones(len(rows)))[0] / size
    print("| network | precision | size | a step | fitted, of it |\n|---|---|---|---|---|")
    for row, share in zip(rows, relative @ constants, strict=True):
        height, width = row.size
        cells = [
            row.network,
            row.precision,
            f"{width}x{height}",
            f"{1e3 * row.seconds:.1f} ms",
            f"{share:.2f}",
        ]
        print(f"| {' | '.join(cells)} |")
    _print(constants)


def _print(constants: Sequence[float]) -> None:
    now = speed.measured()
    print(f"\n{now}")
    for name, value in zip(CONSTANTS, constants, strict=True):
        if "seconds" in name or "layer" in name:
            print(f"{name}: {value * now.functions / speed.REFERENCE.functions:.6f}")
        elif "products" in name:
            print(f"{name}: {1 / (value * now.products):.2f}" if value else f"{name}: not seen")
        else:
            print(f"{name}: {value * now.traffic:.1f}")


if __name__ == "__main__":
    main()
