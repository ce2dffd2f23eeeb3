"""An untrained extractor: seeded orthogonal filters in the shape of a VGG19 of quarter width.

Random filters represent much of texture and structure (He, Wang, Hopcroft 2016, "A powerful generative model
using random weights for the deep image representation"); orthogonal ones (Saxe, McClelland, Ganguli 2013)
respond to different patterns and lose none. Each filter is also orthogonal to the mean patch of its input:
post-ReLU activations are positive, and otherwise every position of a deep layer would give nearly the same
vector. All biases are zero, so the scale of its filters sets a layer's level.
"""

import functools

import numpy as np

from pipeline.base.arrays import DoubleArray, FloatArray
from pipeline.base.machine import one_blas_thread
from pipeline.extractor.dead_leaves import calibration_picture
from pipeline.extractor.layers import LAYERS, QUARTER_WIDTHS, block_of

SEED = 0
ORIGIN = f"orthogonal filters, seed {SEED}"

LEVELS = {
    "block1_conv1": 30.0,
    "block1_conv2": 60.0,
    "block2_conv1": 90.0,
    "block2_conv2": 120.0,
    "block3_conv1": 140.0,
    "block3_conv2": 160.0,
    "block3_conv3": 180.0,
    "block3_conv4": 190.0,
    "block4_conv1": 200.0,
    "block4_conv2": 170.0,
    "block4_conv3": 120.0,
    "block4_conv4": 60.0,
    "block5_conv1": 30.0,
    "block5_conv2": 15.0,
    "block5_conv3": 12.0,
    "block5_conv4": 5.0,
}
"""Mean over positions and channels of each layer's activations, to which its filters are scaled.

Ours: roughly the levels of ImageNet-VGG19 on photographs of 0..255 with the means subtracted, for which the
presets' loss weights were tuned. Not measured on that network.
"""

_SIDE = 96
"""Side of the calibration picture in pixels: the deepest layer has 6x6 positions."""


@functools.cache
def kernels(seed: int = SEED) -> dict[str, tuple[FloatArray, FloatArray]]:
    """For each layer its kernel (3, 3, channels in, channels out) and a bias of zeros (channels out,).

    Computed in float64 and rounded to 11 bits, so that every bit is the same on all machines.
    """
    with one_blas_thread():
        return _draw(np.random.default_rng(seed))


def _draw(generator: np.random.Generator) -> dict[str, tuple[FloatArray, FloatArray]]:
    activations = calibration_picture(generator, _SIDE)  # (h, w, channels)
    layers = {}
    for above, layer in zip((None, *LAYERS), LAYERS, strict=False):
        if above and block_of(above) != block_of(layer):
            activations = _pooled(activations)
        kernel = _kernel(generator, activations, QUARTER_WIDTHS[block_of(layer) - 1], LEVELS[layer])
        layers[layer] = (kernel.astype(np.float32), np.zeros(kernel.shape[-1], np.float32))
        activations = _activations(activations, kernel)
    return layers


def _kernel(
    generator: np.random.Generator, activations: DoubleArray, width: int, level: float
) -> DoubleArray:
    """Orthogonal filters (3, 3, channels in, width) whose mean response to ``activations`` is ``level``."""
    patches = _patches(activations)
    draw = generator.standard_normal((patches.shape[1], width))
    if activations.min() >= 0:  # not the picture itself: filters shall respond to its mean colour
        draw -= np.outer(_unit(patches.mean(0)), _unit(patches.mean(0)) @ draw)
    filters, _ = np.linalg.qr(draw)  # (9·channels in, width)
    filters *= level / np.maximum(patches @ filters, 0).mean()
    return filters.reshape(3, 3, activations.shape[2], width).astype(np.float16).astype(np.float64)


def _activations(activations: DoubleArray, kernel: DoubleArray) -> DoubleArray:
    """(h, w, channels out): the convolution with zero padding, then the ReLU."""
    responses = _patches(activations) @ kernel.reshape(-1, kernel.shape[-1])
    return np.maximum(responses, 0).reshape(*activations.shape[:2], -1)


def _patches(activations: DoubleArray) -> DoubleArray:
    """The 3x3 neighbourhood of each position: (h·w, 9·channels), zeros beyond the border."""
    padded = np.pad(activations, ((1, 1), (1, 1), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (0, 1))  # (h, w, channels, 3, 3)
    return windows.transpose(0, 1, 3, 4, 2).reshape(activations.shape[0] * activations.shape[1], -1)


def _pooled(activations: DoubleArray) -> DoubleArray:
    """Max-pooled 2x2: (h, w, channels) to (h/2, w/2, channels)."""
    height, width, channels = activations.shape
    return activations.reshape(height // 2, 2, width // 2, 2, channels).max((1, 3))


def _unit(vector: DoubleArray) -> DoubleArray:
    return vector / np.linalg.norm(vector)
