"""The published VGG19, whose activations the student is to predict."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from pipeline.extractor.layers import LAYERS, block_of
from pipeline.extractor.vgg import CHANNEL_MEANS_BGR
from pipeline.extractor.weights import Weights


def of(weights: Weights, layers: tuple[str, ...] = LAYERS) -> Callable[[Any], dict[str, Any]]:
    """A function of crops (N, H, W, 3) RGB that gives the activations of the first ``layers``, bfloat16.

    It computes in bfloat16: twice as fast where the processor multiplies such numbers. Its rounding (a few
    thousandths) is far below what the student gets wrong.
    """
    kernels = {
        layer: tuple(tf.constant(array, tf.bfloat16) for array in weights.kernels[layer]) for layer in layers
    }

    def activations(images: Any) -> dict[str, Any]:
        found, block = {}, 1
        current = tf.cast(tf.reverse(images, [-1]) - CHANNEL_MEANS_BGR, tf.bfloat16)
        for layer, (kernel, bias) in kernels.items():
            if block_of(layer) > block:
                block, current = block_of(layer), tf.nn.max_pool2d(current, 2, 2, "VALID")
            current = tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(current, kernel, 1, "SAME"), bias))
            found[layer] = current
        return found

    return activations
