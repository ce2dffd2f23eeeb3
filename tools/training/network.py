"""The student while it is trained: a narrow VGG19, each layer with a map to the teacher's channels.

The loss of a batch is, over the layers, how far the maps are from the teacher's activations, and how far the
Gram matrices of what they predict are from the teacher's: both relative, as the presets' losses are.
"""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf
from keras import layers

from pipeline.extractor.layers import LAYERS, block_of
from pipeline.extractor.vgg import CHANNEL_MEANS_BGR

INPUT_SCALE = 1 / 64
"""Brings pixels less their means to about -2..2; folded into the first kernel afterwards."""

PRECISION = "mixed_bfloat16"
"""Of the convolutions: activations of 16 bits, weights of 32."""

WIDTHS = dict(
    zip(LAYERS, (16, 16, 48, 32, 96, 64, 64, 64, 128, 128, 128, 128, 192, 128, 64, 64), strict=True)
)
"""Channels of each layer: more where presets look, since a map to the teacher's has no more dimensions."""

STYLE_LAYERS = tuple(f"block{block}_conv1" for block in range(1, 6))
"""Layers whose Gram matrices presets compare."""

PRESET_LAYERS = (*STYLE_LAYERS, "block4_conv2")
"""Layers that the presets use; the others count WEIGHT_OF_OTHERS as much."""

WEIGHT_OF_OTHERS = 0.25

WEIGHT_OF_GRAMS = 0.5
"""Weight of the Gram matrices' relative distances beside those of the activations."""

STRIDES = {1: 4, 2: 2}
"""By block, every how many positions are compared: neighbours say nearly the same."""

Levels = Mapping[str, float]
"""The root mean square of the teacher's activations in each layer."""


def build(widths: Mapping[str, int]) -> keras.Model:
    """The student, from RGB crops, 0..255, to its prediction of each layer, in units of the layer's level.

    Args:
        widths: the teacher's channels in each layer.
    """
    image = keras.Input((None, None, 3), name="image")
    offsets = [-mean * INPUT_SCALE for mean in CHANNEL_MEANS_BGR[::-1]]
    current: Any = layers.Rescaling(INPUT_SCALE, offsets, dtype="float32")(image)
    predictions = {}
    for above, layer in zip((LAYERS[0], *LAYERS), LAYERS, strict=False):
        if block_of(above) != block_of(layer):
            current = layers.MaxPooling2D(2, dtype=PRECISION)(current)
        current = _convolved(current, layer)
        predict = layers.Conv2D(
            widths[layer], 1, strides=_stride(layer), dtype=PRECISION, name=f"{layer}_map"
        )
        predictions[layer] = predict(current)
    return keras.Model(image, predictions)


def optimizer(steps: int, peak: float = 1e-3) -> keras.optimizers.Optimizer:
    """AdamW; its step size rises for a twentieth of the steps, then falls to zero along a cosine."""
    schedule = keras.optimizers.schedules.CosineDecay(
        peak / 20, steps - steps // 20, warmup_target=peak, warmup_steps=steps // 20
    )
    return keras.optimizers.AdamW(schedule, weight_decay=1e-3)


def errors(desired: Mapping[str, Any], predicted: Mapping[str, Any], levels: Levels) -> dict[str, Any]:
    """By layer the squared error over the mean square; as ``LAYER gram`` the same of Gram matrices.

    Args:
        desired: the teacher's activations (N, h, w, channels).
        predicted: by the student, in units of ``levels``, at every STRIDES-th position.
    """
    scaled = {layer: _sampled(desired[layer], layer) / levels[layer] for layer in desired}
    predicted = {layer: tf.cast(array, tf.float32) for layer, array in predicted.items()}
    found = {layer: tf.reduce_mean((predicted[layer] - scaled[layer]) ** 2) for layer in desired}
    for layer in STYLE_LAYERS:
        target, gram = _gram(scaled[layer]), _gram(predicted[layer])
        apart = tf.reduce_sum((gram - target) ** 2, [1, 2]) / tf.reduce_sum(target**2, [1, 2])
        found[f"{layer} gram"] = tf.reduce_mean(apart)
    return found


def loss(found: Mapping[str, Any]) -> Any:
    """The sum of the errors, each times what it counts."""
    return tf.add_n([error * _weight(name) for name, error in found.items()])


def _weight(name: str) -> float:
    if name.endswith(" gram"):
        return WEIGHT_OF_GRAMS
    return 1.0 if name in PRESET_LAYERS else WEIGHT_OF_OTHERS


def _stride(layer: str) -> int:
    return STRIDES.get(block_of(layer), 1)


def _sampled(activations: Any, layer: str) -> Any:
    stride = _stride(layer)
    return tf.cast(activations[:, ::stride, ::stride], tf.float32)


def _gram(activations: Any) -> Any:
    """(N, channels, channels), over the positions."""
    shape = tf.shape(activations)
    rows = tf.reshape(activations, [shape[0], shape[1] * shape[2], activations.shape[-1]])
    return tf.matmul(rows, rows, transpose_a=True) / tf.cast(shape[1] * shape[2], tf.float32)


def _convolved(activations: Any, layer: str) -> Any:
    convolve = layers.Conv2D(WIDTHS[layer], 3, padding="same", activation="relu", dtype=PRECISION, name=layer)
    return convolve(activations)
