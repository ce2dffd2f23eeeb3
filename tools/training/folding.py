"""From the trained network to plain convolutions: the batch norm folded away, the layers scaled."""

from typing import Any

import keras
import numpy as np

from pipeline.extractor.layers import LAYERS
from pipeline.extractor.random_filters import LEVELS
from pipeline.extractor.vgg import Extractor
from pipeline.extractor.weight_files import Kernels, fingerprint
from pipeline.extractor.weights import Weights
from tools.training.network import EPSILON, INPUT_SCALE

Array = np.ndarray


def folded(model: keras.Model) -> Kernels:
    """Kernels (3, 3, in, out) and biases (out,) that equal each convolution with its batch norm.

    Rounded to float16, as they are stored.
    """
    kernels = {}
    for layer in LAYERS:
        norm = model.get_layer(f"{layer}_norm")
        gamma, beta, mean, variance = (np.asarray(values, np.float64) for values in norm.get_weights())
        (kernel,) = (np.asarray(values, np.float64) for values in model.get_layer(layer).get_weights())
        gain = gamma / np.sqrt(variance + EPSILON)
        if layer == LAYERS[0]:
            kernel = kernel[:, :, ::-1] * INPUT_SCALE  # the extractor's input is BGR
        kernels[layer] = (_stored(kernel * gain), _stored(beta - gain * mean))
    return kernels


def scaled(kernels: Kernels, pictures: Array) -> dict[str, float]:
    """The factor for each layer that brings its mean activation on ``pictures`` to the presets' level.

    Args:
        pictures: (N, H, W, 3) RGB, 0..255.
    """
    extractor = Extractor(as_weights(kernels, {}), "avg")
    means = [
        {k: float(np.mean(v)) for k, v in extractor.activations(picture).items()} for picture in pictures
    ]
    return {layer: LEVELS[layer] / float(np.mean([mean[layer] for mean in means])) for layer in LAYERS}


def as_weights(kernels: Kernels, scales: dict[str, float]) -> Weights:
    """Kernels and scales as the pipeline takes them."""
    return Weights("file", kernels, scales, fingerprint(kernels, scales), "training")


def _stored(array: Any) -> Array:
    return np.asarray(array, np.float16).astype(np.float32)
