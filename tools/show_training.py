"""Print the origin of trained weights, and the errors in the layers of the presets as training went on.

python -m tools.show_training pipeline/extractor/builtin.npz
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from tools.training.network import PRESET_LAYERS, STYLE_LAYERS

COLUMNS = (*PRESET_LAYERS, *(f"{layer} gram" for layer in STYLE_LAYERS))
"""Of the log: what presets compare."""


def provenance(path: Path) -> dict[str, Any]:
    """The record of the training that ``tools/train_builtin.py`` wrote into the file."""
    with np.load(path) as archive:
        return json.loads(str(archive["provenance"]))


def lines(origin: dict[str, Any], every: int = 1) -> list[str]:
    """Command, teacher, versions, and a table of the log: its rows at multiples of ``every`` steps."""
    last = origin["errors"][-1]
    rows = [row for row in origin["errors"] if row["step"] % every == 0 or row is last]
    cells = [[f"{row['step']:.0f}", *(f"{row[name]:.3f}" for name in COLUMNS)] for row in rows]
    table = [["step", *COLUMNS], ["---"] * (1 + len(COLUMNS)), *cells]
    versions = ", ".join(f"{name} {version}" for name, version in origin["versions"].items())
    return [origin["command"], origin["teacher"], versions, "", *(f"| {' | '.join(row)} |" for row in table)]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Print the origin of trained weights.")
    parser.add_argument("weights", type=Path)
    parser.add_argument("--every", type=int, default=1000, help="steps between two rows (%(default)s)")
    options = parser.parse_args()
    print("\n".join(lines(provenance(options.weights), options.every)))
