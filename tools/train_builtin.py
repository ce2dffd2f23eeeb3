"""Train the built-in extractor on textures that are drawn here, and write ``pipeline/extractor/builtin.npz``.

    python -m tools.train_builtin                            the file in the package
    python -m tools.train_builtin --steps 200 -o small.npz   a quick try

Nothing is read or downloaded. It can be stopped at any moment: the same command continues from the last
checkpoint. With the same versions on the same kind of processor the same seed gives the same weights, but for
rounding that adds up over a whole training.
"""

import argparse
import json
import os
import platform
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import cv2
import keras
import numpy as np
import tensorflow as tf

from pipeline.extractor import weights
from tools.training import folding, gallery
from tools.training.course import Course, Row


def main() -> None:
    """Draw, train, fold, write."""
    options = _parse()
    options.work.mkdir(parents=True, exist_ok=True)
    tf.config.experimental.enable_op_determinism()
    pictures = gallery.draw(options.seed, options.classes, options.work)
    model, log = Course(options.seed, options.steps, options.work).run(pictures)
    kernels = folding.folded(model)
    finished = folding.as_weights(kernels, folding.scaled(kernels, pictures[:, -1]))
    provenance = json.dumps(_provenance(options, log))
    weights.write_npz(options.output, finished, dtype=np.float16, provenance=provenance)
    print(f"{options.output.stat().st_size / 1e6:.2f} MB; {weights.verify(options.output)}")


def _provenance(options: argparse.Namespace, log: list[Row]) -> dict[str, Any]:
    versions = {module.__name__: module.__version__ for module in (tf, keras, np, cv2)}
    values = {name: getattr(options, name) for name in ("seed", "classes", "steps")}
    flags = " ".join(f"--{name} {value}" for name, value in values.items())
    return {
        "command": f"python -m tools.train_builtin {flags}",
        **values,
        "versions": {"python": platform.python_version(), **versions},
        "accuracy": log,
    }


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Train the built-in extractor on drawn textures.")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--classes", type=int, default=480, help="textures to tell apart (%(default)s)")
    parser.add_argument("--steps", type=int, default=1700, help="batches (%(default)s)")
    parser.add_argument("--work", type=Path, default=Path("build/builtin"), help="pictures, checkpoint, log")
    parser.add_argument("-o", "--output", type=Path, default=weights.BUILTIN)
    return parser.parse_args()


if __name__ == "__main__":
    main()
