"""What a step is computed on: a network, pictures and the losses of ``balanced``, in files for every process.

``step.json`` has the side, the layers with their channels, and the weights of the losses; ``step.f32`` has
float32 arrays one after the other: of each layer the kernel (3, 3, in, out) and the bias, then the content,
the style and the picture that the step starts from, each (side, side, 3), RGB, 0..255. Weights and pictures
are random: the time does not depend on them.
"""

import json
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np

from pipeline.base.arrays import FloatArray
from pipeline.extractor import layers
from pipeline.extractor.weights import Weights
from pipeline.settings.choice import Choice
from pipeline.settings.settings import Settings
from tests.support.tiny_weights import tiny_weights

WIDTHS = {"full": layers.IMAGENET_WIDTHS, "quarter": layers.QUARTER_WIDTHS}


class Inputs(NamedTuple):
    """What :func:`read` gives."""

    weights: Weights
    content: FloatArray
    style: FloatArray
    start: FloatArray


def balanced(precision: str = "float32") -> Settings:
    """The settings whose losses are computed."""
    return Choice("balanced", {"precision": precision, "device": "cpu"}, environ={}).resolve().settings


def write(folder: Path, side: int, width: str) -> None:
    settings = balanced()
    used = layers.up_to_deepest([*settings.content_layers, *settings.style_layers])
    kernels = {layer: tiny_weights(0, WIDTHS[width]).kernels[layer] for layer in used}
    task = {
        "side": side,
        "layers": [[layer, *kernel.shape[2:]] for layer, (kernel, _) in kernels.items()],
        "content": settings.content_layers,
        "style": settings.style_layers,
        "tv": settings.tv_weight,
    }
    content, style = (_picture(side, seed) for seed in range(2))
    (folder / "step.json").write_text(json.dumps(task))
    with (folder / "step.f32").open("wb") as file:
        for array in (*(array for pair in kernels.values() for array in pair), content, style):
            array.tofile(file)
        ((content + style) / 2).tofile(file)


def read(folder: Path) -> Inputs:
    """The weights and the pictures that :func:`write` wrote."""
    task: dict[str, Any] = json.loads((folder / "step.json").read_text())
    with (folder / "step.f32").open("rb") as file:

        def array(*shape: int) -> FloatArray:
            return np.fromfile(file, np.float32, int(np.prod(shape))).reshape(shape)

        kernels = {layer: (array(3, 3, below, above), array(above)) for layer, below, above in task["layers"]}
        pictures = [array(task["side"], task["side"], 3) for _ in range(3)]
    return Inputs(Weights("random", kernels, {}, str(folder), str(folder)), *pictures)


def _picture(side: int, seed: int) -> FloatArray:
    noise = np.random.default_rng(seed).normal(128, 50, (side // 8, side // 8, 3)).astype(np.float32)
    return np.clip(cv2.resize(noise, (side, side), interpolation=cv2.INTER_CUBIC), 0, 255)
