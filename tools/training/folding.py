"""From the trained student to what is stored: plain convolutions, and a readout for each layer."""

from typing import Any

import keras
import numpy as np

from pipeline.extractor.layers import LAYERS
from pipeline.extractor.weight_files import Kernels, fingerprint
from pipeline.extractor.weights import Weights
from tools.training.network import INPUT_SCALE, Levels

Array = np.ndarray


def folded(model: keras.Model, levels: Levels) -> Weights:
    """The student as the pipeline takes it, rounded to float16, as it is stored."""
    kernels, readouts = _kernels(model), {layer: _readout(model, layer, levels[layer]) for layer in LAYERS}
    return Weights("file", kernels, readouts, fingerprint(kernels, readouts), "training")


def _kernels(model: keras.Model) -> Kernels:
    """Kernels (3, 3, in, out) and biases (out,) for the extractor's input: BGR, 0..255 less the means."""
    kernels = {}
    for layer in LAYERS:
        kernel, bias = model.get_layer(layer).get_weights()
        if layer == LAYERS[0]:
            kernel = kernel[:, :, ::-1] * INPUT_SCALE
        kernels[layer] = (_stored(kernel), _stored(bias))
    return kernels


def _readout(model: keras.Model, layer: str, level: float) -> Array:
    """The square root (channels + 1, channels) of the metric in which the student's activations are compared.

    With A = [R b] the map to the teacher's channels, |A(F - P)|² = |S(F - P)|² for S with SᵀS = AᵀA, and
    so for Gram matrices. S keeps the directions of the largest eigenvalues, one less than there are: the last
    is next to nothing. Its scale makes means over its channels those over the teacher's.
    """
    kernel, offset = (
        np.asarray(values, np.float64) for values in model.get_layer(f"{layer}_map").get_weights()
    )
    rows = np.concatenate([kernel[0, 0], offset[None]]) * level  # (channels + 1, the teacher's channels)
    values, vectors = np.linalg.eigh(rows @ rows.T)
    channels, of_teacher = kernel.shape[2:]
    root = vectors[:, -channels:] * np.sqrt(np.maximum(values[-channels:], 0))
    return _stored(root * np.sqrt(channels / of_teacher))


def _stored(array: Any) -> Array:
    return np.asarray(array, np.float16).astype(np.float32)
