"""Print the origin of a file of trained weights, and its errors by layer as training went on.

python -m tools.show_training pipeline/extractor/builtin.npz
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np


def provenance(path: Path) -> dict[str, Any]:
    """The record of the training that ``tools/train_builtin.py`` wrote into the file."""
    with np.load(path) as archive:
        return json.loads(str(archive["provenance"]))


def lines(origin: dict[str, Any]) -> list[str]:
    """The command, the versions, and a table of the log."""
    rows = origin["errors"]
    cells = [[f"{row['step']:.0f}", *(f"{error:.2f}" for error in list(row.values())[1:])] for row in rows]
    table = [list(rows[0]), ["---"] * len(rows[0]), *cells]
    versions = ", ".join(f"{name} {version}" for name, version in origin["versions"].items())
    return [origin["command"], versions, "", *(f"| {' | '.join(row)} |" for row in table)]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Print the origin of trained weights.")
    parser.add_argument("weights", type=Path)
    print("\n".join(lines(provenance(parser.parse_args().weights))))
