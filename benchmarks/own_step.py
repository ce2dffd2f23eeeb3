"""Steps of ours, for :mod:`benchmarks.steps_beside_torch`: it answers each line with a step's cost.

python -m benchmarks.own_step FOLDER PRECISION
"""

import json
import sys
import time
from pathlib import Path

import numpy as np

from benchmarks import step_inputs
from pipeline.core.loss_graphs import fitting
from pipeline.core.objective import Objective
from pipeline.core.targets import Targets


def main() -> None:
    inputs = step_inputs.read(Path(sys.argv[1]))
    settings = step_inputs.balanced(sys.argv[2])
    graphs = fitting(settings, inputs.weights)
    objective = Objective(settings, graphs)
    targets = Targets(graphs.content_targets(inputs.content), graphs.style_targets(inputs.style))
    for _ in sys.stdin:
        began, cpu_began = time.monotonic(), time.process_time()
        losses, gradient = objective.at(inputs.start, targets)
        cost = {"cpu_seconds": time.process_time() - cpu_began, "seconds": time.monotonic() - began}
        norm = float(np.linalg.norm(gradient))
        print(json.dumps({**cost, "loss": losses["total"], "gradient": norm}), flush=True)


if __name__ == "__main__":
    main()
