"""The student's first weights: the published network, pruned.

Of each layer's channels those are kept from which the others follow best by a linear map; each kernel is then
fitted, layer after layer, so that the student's own activations give what the kept channels were (channel
pruning by reconstruction, He, Zhang and Sun 2017).
"""

from collections.abc import Iterable, Iterator, Sequence

import keras
import numpy as np
import tensorflow as tf

from pipeline.extractor.layers import LAYERS, block_of
from pipeline.extractor.vgg import CHANNEL_MEANS_BGR
from pipeline.extractor.weights import Weights
from tools.training import crops
from tools.training.crops import Group
from tools.training.network import INPUT_SCALE, STRIDES, Levels

Array = np.ndarray

Rows = tuple[Array, Array]
"""Inputs (N, in) and the outputs (N, out) that belong to them."""

RIDGE = 1e-3
"""Added to the fits' normal equations, in times of their mean diagonal."""

FITTED_ON = 2**31 + 2
"""The number of the step whose crops are fitted on; no training has as many."""

BATCH = 32


def begin(
    model: keras.Model,
    teacher: Weights,
    levels: Levels,
    groups: Sequence[Group],
    seed: int,
    count: int = 256,
) -> None:
    """Set the weights of a new student.

    Args:
        model: from :func:`tools.training.network.build`.
        teacher: the published network's weights.
        levels: of its activations.
        groups: pictures, of which ``count`` crops are fitted on.
    """
    images = crops.training(groups, seed, FITTED_ON, count)
    whole = images[..., ::-1] - np.asarray(CHANNEL_MEANS_BGR, np.float32)
    small = whole[..., ::-1] * np.float32(INPUT_SCALE)
    block = 1
    for layer in LAYERS:
        if block_of(layer) > block:
            block, whole, small = block_of(layer), _pooled(whole), _pooled(small)
        desired = _convolved(whole, *teacher.kernels[layer])
        whole = np.maximum(desired, 0)
        width = model.get_layer(layer).filters
        kept = _kept(_rows(whole, layer), width)
        kernel, offset = _fitted_kernel(small, desired[..., kept], layer)
        small = _begin_layer(model, layer, small, kernel, offset)
        predictor, constant = _fit([(_rows(small, layer), _rows(whole, layer))])
        level = levels[layer]
        model.get_layer(f"{layer}_map").set_weights([predictor[None, None] / level, constant / level])


def _begin_layer(model: keras.Model, layer: str, small: Array, kernel: Array, offset: Array) -> Array:
    """Set a convolution, scaled to a deviation of 1; return the activations after it."""
    found = _convolved(small, kernel, offset)
    deviation = found.std((0, 1, 2)) + 1e-6
    model.get_layer(layer).set_weights([kernel / deviation, offset / deviation])
    return np.maximum(found / deviation, 0)


def _kept(activations: Array, count: int) -> Array:
    """The channels, greedily chosen, from which linear maps predict all others best."""
    rest = np.cov(activations.T.astype(np.float64))
    floor = 1e-9 * np.trace(rest) / len(rest)
    chosen: list[int] = []
    for _ in range(count):
        own = np.diag(rest)
        explained = np.where(own > floor, (rest**2).sum(0) / np.maximum(own, floor), 0)
        explained[chosen] = -1
        best = int(np.argmax(explained))
        chosen.append(best)
        if own[best] > floor:
            rest = rest - np.outer(rest[:, best], rest[best]) / own[best]
    return np.array(sorted(chosen))


def _fitted_kernel(small: Array, desired: Array, layer: str) -> tuple[Array, Array]:
    """The kernel (3, 3, in, out) and offset (out,) that best give ``desired`` before the ReLU."""
    stride = STRIDES.get(block_of(layer), 1)
    padded = np.pad(small, ((0, 0), (1, 1), (1, 1), (0, 0)))

    def parts() -> Iterator[Rows]:
        for start in range(0, len(small), BATCH):
            patches = tf.image.extract_patches(
                padded[start : start + BATCH], [1, 3, 3, 1], [1, stride, stride, 1], [1, 1, 1, 1], "VALID"
            ).numpy()
            yield patches.reshape(-1, patches.shape[-1]), _rows(desired[start : start + BATCH], layer)

    kernel, offset = _fit(parts())
    return kernel.reshape(3, 3, small.shape[-1], -1), offset


def _fit(parts: Iterable[Rows]) -> tuple[Array, Array]:
    """The linear map (in, out) and constant (out,) of least squares over all parts."""
    gram, cross = np.zeros(()), np.zeros(())
    for inputs, outputs in parts:
        inputs = np.concatenate([inputs, np.ones((len(inputs), 1), np.float32)], 1)
        gram = gram + (inputs.T @ inputs).astype(np.float64)
        cross = cross + (inputs.T @ outputs).astype(np.float64)
    ridge = RIDGE * np.trace(gram) / len(gram) * np.eye(len(gram))
    ridge[-1, -1] = 0
    solved = np.linalg.solve(gram + ridge, cross).astype(np.float32)
    return solved[:-1], solved[-1]


def _rows(activations: Array, layer: str) -> Array:
    """(positions, channels), at every STRIDES-th position."""
    stride = STRIDES.get(block_of(layer), 1)
    return activations[:, ::stride, ::stride].reshape(-1, activations.shape[-1])


def _convolved(activations: Array, kernel: Array, bias: Array) -> Array:
    parts = (activations[start : start + BATCH] for start in range(0, len(activations), BATCH))
    return np.concatenate([(tf.nn.conv2d(part, kernel, 1, "SAME") + bias).numpy() for part in parts])


def _pooled(activations: Array) -> Array:
    return tf.nn.max_pool2d(activations, 2, 2, "VALID").numpy()
