"""A VGG19 of a few channels, built by hand: seconds become milliseconds and no file is needed."""

from collections.abc import Mapping, Sequence

import numpy as np

from pipeline.base.arrays import FloatArray
from pipeline.extractor import layers
from pipeline.extractor.weights import Weights

WIDTHS = (4, 4, 6, 6, 6)


def tiny_weights(
    seed: int = 0, widths: Sequence[int] = WIDTHS, readouts: Mapping[str, FloatArray] | None = None
) -> Weights:
    """Seeded He-scaled kernels and small biases, for each block ``widths`` channels."""
    generator = np.random.default_rng(seed)
    kernels = {}
    channels = 3
    for layer in layers.LAYERS:
        width = widths[layers.block_of(layer) - 1]
        kernel = generator.normal(0, np.sqrt(2 / (9 * channels)), (3, 3, channels, width))
        bias = generator.normal(0, 0.1, width)
        kernels[layer] = (kernel.astype(np.float32), bias.astype(np.float32))
        channels = width
    name = f"tiny {seed} {tuple(widths)} {sorted((readouts or {}).items())}"
    return Weights("random", kernels, dict(readouts or {}), name, f"seed {seed}")


def readout(width: int, channels: int, seed: int = 0) -> FloatArray:
    """A seeded readout (width + 1, channels)."""
    generator = np.random.default_rng(seed)
    return generator.normal(0, 1 / np.sqrt(width), (width + 1, channels)).astype(np.float32)
