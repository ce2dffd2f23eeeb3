"""An extractor that nobody trained: seeded orthogonal filters in the shape of a VGG19 of quarter width.

Random filters carry a good deal of texture and structure (He, Wang, Hopcroft 2016, "A powerful generative
model using random weights for the deep image representation"); orthogonal ones (Saxe, McClelland, Ganguli
2013) respond to different things and lose none. Each filter here is in addition orthogonal to the mean patch
of what it sees: post-ReLU activations are positive, and without that every position of a deep layer answers
with nearly the same vector. All biases are zero, so a layer's level is set by scaling its filters.
"""

import functools

import numpy as np

from pipeline.base.arrays import DoubleArray, FloatArray
from pipeline.base.machine import one_blas_thread
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

Ours: the rough course that ImageNet-VGG19 takes on photographs of 0..255 with the means subtracted, which is
what the presets' loss weights were tuned on. Not measured on that network.
"""

_SIDE = 96
"""Pixels of the calibration picture: the deepest layer still has 6x6 positions."""

_LEAVES = 400
_BRIGHTNESS, _TINT, _GRAIN = 60.0, 18.0, 4.0
"""Standard deviations of the calibration picture, 0..255: of leaves, of their channels, of pixels."""


@functools.cache
def kernels(seed: int = SEED) -> dict[str, tuple[FloatArray, FloatArray]]:
    """For each layer its kernel (3, 3, channels in, channels out) and a bias of zeros (channels out,).

    Computed in float64 and rounded to 11 bits, so that all machines agree on every bit.
    """
    with one_blas_thread():
        return _drawn(np.random.default_rng(seed))


def _drawn(generator: np.random.Generator) -> dict[str, tuple[FloatArray, FloatArray]]:
    activations = calibration_picture(generator, _SIDE)  # (h, w, channels)
    found = {}
    for above, layer in zip((None, *LAYERS), LAYERS, strict=False):
        if above and block_of(above) != block_of(layer):
            activations = _pooled(activations)
        kernel = _kernel(generator, activations, QUARTER_WIDTHS[block_of(layer) - 1], LEVELS[layer])
        found[layer] = (kernel.astype(np.float32), np.zeros(kernel.shape[-1], np.float32))
        activations = _activations(activations, kernel)
    return found


def calibration_picture(generator: np.random.Generator, side: int) -> DoubleArray:
    """A (side, side, 3) picture with a photograph's statistics, its mean subtracted, about -130..130.

    Leaves (discs) of random size, colour and shading, each over the ones before: the "dead leaves" model
    (Lee, Mumford, Huang 2001), whose edges and power spectrum are those of photographs when the number of
    leaves falls with the cube of their radius. Brightness varies more than colour does.
    """
    rows, columns = np.mgrid[:side, :side]
    picture = np.zeros((side, side, 3))
    for _ in range(_LEAVES):
        down, across = rows - side * generator.random(), columns - side * generator.random()
        inside = down**2 + across**2 < _radius(generator, side / 48, side / 2) ** 2
        colour = generator.normal(0, _BRIGHTNESS) + generator.normal(0, _TINT, 3)
        slope = generator.normal(0, 0.3, 2)
        picture[inside] = colour + (slope[0] * down + slope[1] * across)[inside, None]
    return np.clip(picture + generator.normal(0, _GRAIN, picture.shape), -130, 130)


def _radius(generator: np.random.Generator, smallest: float, largest: float) -> float:
    """A radius r with a density that falls as r⁻³ between the two."""
    share = generator.random()
    return float((largest**-2 + share * (smallest**-2 - largest**-2)) ** -0.5)


def _kernel(
    generator: np.random.Generator, activations: DoubleArray, width: int, level: float
) -> DoubleArray:
    """Orthogonal filters (3, 3, channels in, width) that answer ``activations`` with the mean ``level``."""
    patches = _patches(activations)
    draw = generator.standard_normal((patches.shape[1], width))
    if activations.min() >= 0:  # activations, not the picture, whose mean colour shall be seen
        draw -= np.outer(_unit(patches.mean(0)), _unit(patches.mean(0)) @ draw)
    filters, _ = np.linalg.qr(draw)  # (9·channels in, width)
    filters *= level / np.maximum(patches @ filters, 0).mean()
    return filters.reshape(3, 3, activations.shape[2], width).astype(np.float16).astype(np.float64)


def _activations(activations: DoubleArray, kernel: DoubleArray) -> DoubleArray:
    """(h, w, channels out): the convolution with zero padding, then the ReLU."""
    answers = _patches(activations) @ kernel.reshape(-1, kernel.shape[-1])
    return np.maximum(answers, 0).reshape(*activations.shape[:2], -1)


def _patches(activations: DoubleArray) -> DoubleArray:
    """The 3x3 surroundings of each position: (h·w, 9·channels), zeros beyond the border."""
    padded = np.pad(activations, ((1, 1), (1, 1), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (0, 1))  # (h, w, channels, 3, 3)
    return windows.transpose(0, 1, 3, 4, 2).reshape(activations.shape[0] * activations.shape[1], -1)


def _pooled(activations: DoubleArray) -> DoubleArray:
    """Max-pooled 2x2: (h, w, channels) to (h/2, w/2, channels)."""
    height, width, channels = activations.shape
    blocks = activations.reshape(height // 2, 2, width // 2, 2, channels)
    pooled: DoubleArray = blocks.max((1, 3))
    return pooled


def _unit(vector: DoubleArray) -> DoubleArray:
    unit: DoubleArray = vector / np.linalg.norm(vector)
    return unit
