"""The forward pass of VGG19 in NumPy, written from the network's definition and not from the package's code.

It takes kernels of any width and shares nothing with the package, not even the names of the layers: they are
read from the kernels, shallow to deep by block and number.
"""

import re
from collections.abc import Mapping

import numpy as np

Array = np.ndarray
Kernels = Mapping[str, tuple[Array, Array]]
"""By layer, such as ``block4_conv2``: kernel (3, 3, channels in, channels out) and bias (channels out,)."""

MEANS_BGR = (103.939, 116.779, 123.68)
"""Levels that the published network subtracts from blue, green and red (Simonyan and Zisserman 2014)."""


def activations(
    kernels: Kernels, picture: Array, pooling: str = "max", deepest: str | None = None
) -> dict[str, Array]:
    """Activations after the ReLU, (H', W', channels) by layer, shallow to deep, in the picture's precision.

    Args:
        kernels: of every layer up to ``deepest``.
        picture: (H, W, 3), RGB, 0..255, float32 or float64.
        pooling: ``max`` or ``avg``, of 2x2 squares; an odd last row or column is left out.
        deepest: the last layer to compute; the deepest one that has a kernel by default.
    """
    names = sorted(kernels, key=_block_and_number)
    by_layer: dict[str, Array] = {}
    features = picture[..., ::-1] - np.asarray(MEANS_BGR, picture.dtype)
    for layer in names[: names.index(deepest or names[-1]) + 1]:
        block, number = _block_and_number(layer)
        if block > 1 and number == 1:
            features = pool(features, pooling)
        kernel, bias = (array.astype(picture.dtype) for array in kernels[layer])
        by_layer[layer] = features = np.maximum(convolve(features, kernel) + bias, 0)
    return by_layer


def convolve(features: Array, kernel: Array) -> Array:
    """Correlate (H, W, channels in), zeros around, with (3, 3, channels in, out): (H, W, channels out)."""
    height, width, channels = features.shape
    padded = np.pad(features, ((1, 1), (1, 1), (0, 0)))
    total = np.zeros((height * width, kernel.shape[3]), features.dtype)
    for y in range(3):
        for x in range(3):
            shifted = padded[y : y + height, x : x + width]
            total += shifted.reshape(-1, channels) @ kernel[y, x]  # one matrix product is the fastest way
    return total.reshape(height, width, -1)


def pool(features: Array, pooling: str) -> Array:
    """The largest value or the mean of each 2x2 square: (H // 2, W // 2, channels)."""
    parts = squares(features)
    return parts.max((1, 3)) if pooling == "max" else parts.mean((1, 3))


def squares(features: Array) -> Array:
    """The 2x2 squares of (H, W, channels) without an odd last row or column: (H//2, 2, W//2, 2, channels)."""
    height, width, channels = features.shape
    even = features[: height // 2 * 2, : width // 2 * 2]
    return even.reshape(height // 2, 2, width // 2, 2, channels)


def _block_and_number(layer: str) -> tuple[int, int]:
    """``block4_conv2`` -> (4, 2)."""
    block, number = re.findall(r"\d+", layer)
    return int(block), int(number)
