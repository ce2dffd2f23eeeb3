"""Pictures with activations of bfloat16 beside the same ones of float32: final losses and processor time.

    python -m benchmarks.precision samples/hillside.jpg samples/starry.jpg --weights imagenet-8bit

Both final losses are evaluated in float32. The gradient is compared where the picture starts. Times are of
the processor, all cores together, without the loading of libraries and weights.
"""

import argparse
import sys
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks import tables
from benchmarks.judge import Judge
from pipeline.base import resizing
from pipeline.core.stylizer import Stylizer
from pipeline.extractor import weights
from pipeline.extractor.weights import Weights
from pipeline.pictures import images
from pipeline.settings.choice import Choice
from pipeline.settings.settings import Settings

Array = np.ndarray


class Made(NamedTuple):
    """A picture, and what it took."""

    loss: float
    seconds: float
    first_gradient: Array


def made(settings: Settings, own: Weights, content: Array, style: Array) -> Made:
    """Stylise ``content`` with the precision of ``settings``; the loss in float32."""
    stylizer = Stylizer(settings, [style], weights=own)
    stylizer.stylize(content[:64, :64])  # traces the graphs
    began = time.process_time()
    pastiche = stylizer.stylize(content)
    seconds = time.process_time() - began
    exact = settings.model_copy(update={"precision": "float32"})
    return Made(
        Judge(exact, style, own).losses(pastiche.pixels, content)["total"],
        seconds,
        Judge(settings, style, own).at(content, content)[1],
    )


def row(preset: str, own: Weights, content: Array, style: Array) -> str:
    """A row of the table."""
    exact, rounded = (
        made(settings, own, _fitted(content, settings.size), style)
        for settings in (
            Choice(preset, {"precision": precision}).resolve().settings
            for precision in ("float32", "bfloat16")
        )
    )
    apart = np.linalg.norm(rounded.first_gradient - exact.first_gradient) / np.linalg.norm(
        exact.first_gradient
    )
    cells = [preset, f"{exact.loss:.4g}", f"{rounded.loss / exact.loss:.3f}", f"{100 * apart:.1f} %"]
    cells += [f"{exact.seconds:.0f} s", f"{rounded.seconds / exact.seconds:.2f}"]
    return tables.row(cells)


def _fitted(picture: Array, side: int) -> Array:
    return resizing.resize(picture, resizing.size_to_fit(picture.shape[:2], side))


HEAD = [
    "preset",
    "final loss, float32",
    "of it, bfloat16",
    "gradient's error",
    "time, float32",
    "of it, bfloat16",
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("content", type=Path)
    parser.add_argument("style", type=Path)
    parser.add_argument("--weights", default="auto")
    parser.add_argument("--presets", nargs="+", default=["preview", "balanced", "quality"])
    options = parser.parse_args()
    own = weights.obtain(options.weights, lambda text: print(text, file=sys.stderr))
    content, style = (images.read(path).pixels for path in (options.content, options.style))
    print(f"# {own.kind}\n\n{tables.head(HEAD)}")
    for preset in options.presets:
        print(row(preset, own, content, style), flush=True)


if __name__ == "__main__":
    main()
