"""The network while it is trained: VGG19 with batch norm, and a head on every layer that presets use."""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf
from keras import layers, ops

from pipeline.extractor.layers import LAYERS, QUARTER_WIDTHS, block_of
from pipeline.extractor.vgg import CHANNEL_MEANS_BGR
from tools.training.crops import COLOURS_A_SIDE, CROP, Batch

INPUT_SCALE = 1 / 64
"""Brings pixels less their means to about -2..2; folded into the first kernel afterwards."""

MILD, HARD = 2.0, 4.0
"""Levels of 0..255 by which a pixel may be changed against the network, in the two halves of its training.

With 2 pictures are sharp but finely hatched, with 5 from the start they are clean and lack fine strokes.
"""

EPSILON = 1e-3
"""Of the batch norm."""

TEXTURE_LAYERS = (*(f"block{block}_conv1" for block in range(1, 6)), "block5_conv4")
"""Their heads name the textures of the crop, from the mean and the RMS of each channel: a Gram's diagonal."""

MAP_LAYERS = {"block3_conv4": 8, "block4_conv4": 8, "block5_conv4": 4}
"""Their heads name the texture at each of so many positions a side."""

BORDER_LAYERS = {"block4_conv4": 8}
"""Their heads name the positions at which one texture meets another."""

PICTURE_LAYERS = {"block4_conv2": 8, "block5_conv2": 4}
"""Their heads give a coarse picture of the crop: layers that match content have to know where things are."""

LOSS_WEIGHTS = {"texture": 1.0, "map": 1.0, "border": 1.0, "picture": 10.0}
"""Of each kind of head; the squared errors of pictures are small numbers."""


def build(classes: int) -> keras.Model:
    """The network from RGB crops, 0..255, to the answers of all heads, each named after its layer."""
    image = keras.Input((CROP, CROP, 3), name="image")
    means_rgb = CHANNEL_MEANS_BGR[::-1]
    activations = layers.Rescaling(INPUT_SCALE, [-mean * INPUT_SCALE for mean in means_rgb])(image)
    answers: dict[str, Any] = {}
    for above, layer in zip((LAYERS[0], *LAYERS), LAYERS, strict=False):
        if block_of(above) != block_of(layer):
            activations = layers.AveragePooling2D(2)(activations)
        activations = _convolved(activations, layer)
        answers.update(_answers(activations, layer, classes))
    return keras.Model(image, answers)


def compile_for(model: keras.Model, steps: int, peak: float = 2e-3) -> None:
    """AdamW; its step size rises for a twentieth of the steps, then falls to zero along a cosine."""
    schedule = keras.optimizers.schedules.CosineDecay(
        peak / 20, steps - steps // 20, warmup_target=peak, warmup_steps=steps // 20
    )
    losses = {
        "texture": keras.losses.CategoricalCrossentropy(from_logits=True),
        "map": keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        "border": keras.losses.BinaryCrossentropy(from_logits=True),
        "picture": keras.losses.MeanSquaredError(),
    }
    kinds = {name: name.rpartition("_")[2] for name in model.output}
    model.compile(
        keras.optimizers.AdamW(schedule, weight_decay=1e-2),
        loss={name: losses[kind] for name, kind in kinds.items()},
        loss_weights={name: LOSS_WEIGHTS[kind] for name, kind in kinds.items()},
    )


def worst(step: int, steps: int) -> float:
    """How far a pixel may be changed in step number ``step`` (from 1) of ``steps``."""
    return MILD if 2 * step <= steps else HARD


def hardened_step(model: keras.Model) -> Callable[[Any, Any, Any, float], tuple[Any, Any]]:
    """A training step on images changed against the network ("free" adversarial training, Shafahi 2019).

    The backward pass that trains the weights also gives the change of each pixel that raises the loss. A
    network that is trained against such changes responds to strokes and forms, not to faint hatching, so
    pictures that are optimised through it have no hatching.

    Returns:
        A function of images (N, CROP, CROP, 3), changes of the same shape, the answers to them and how far
        a pixel may be changed, which trains once and returns the loss and the changes for the next time.
    """

    @tf.function(reduce_retracing=True)
    def step(images: Any, changes: Any, answers: Any, limit: Any) -> tuple[Any, Any]:
        with tf.GradientTape() as tape:
            tape.watch(changes)
            outputs = model(images + changes, training=True)
            loss = model.compute_loss(x=images, y=answers, y_pred=outputs)
        gradient, *of_weights = tape.gradient(loss, [changes, *model.trainable_variables])
        model.optimizer.apply(of_weights, model.trainable_variables)
        return loss, tf.clip_by_value(changes + limit * tf.sign(gradient), -limit, limit)

    return step


def answers_to(batch: Batch) -> dict[str, Any]:
    """The correct answers of the heads for a batch."""
    answers: dict[str, Any] = {f"{layer}_texture": batch.shares for layer in TEXTURE_LAYERS}
    answers |= {f"{layer}_map": batch.classes_at(grid) for layer, grid in MAP_LAYERS.items()}
    answers |= {f"{layer}_border": batch.borders_at(grid) for layer, grid in BORDER_LAYERS.items()}
    return answers | {f"{layer}_picture": batch.colours_at(grid) for layer, grid in PICTURE_LAYERS.items()}


def _convolved(activations: Any, layer: str) -> Any:
    width = QUARTER_WIDTHS[block_of(layer) - 1]
    activations = layers.Conv2D(width, 3, padding="same", use_bias=False, name=layer)(activations)
    activations = layers.BatchNormalization(momentum=0.98, epsilon=EPSILON, name=f"{layer}_norm")(activations)
    return layers.ReLU()(activations)


def _answers(activations: Any, layer: str, classes: int) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    if layer in TEXTURE_LAYERS:
        mean = layers.GlobalAveragePooling2D()(activations)
        power = layers.GlobalAveragePooling2D()(ops.square(activations))
        statistics = layers.Concatenate()([mean, ops.sqrt(power + 1e-4)])
        answers[f"{layer}_texture"] = layers.Dense(classes, name=f"{layer}_texture")(statistics)
    if layer in MAP_LAYERS:
        pooled = layers.AveragePooling2D(activations.shape[1] // MAP_LAYERS[layer])(activations)
        answers[f"{layer}_map"] = layers.Conv2D(classes, 1, name=f"{layer}_map")(pooled)
    if layer in BORDER_LAYERS:
        answers[f"{layer}_border"] = layers.Conv2D(1, 1, name=f"{layer}_border")(activations)
    if layer in PICTURE_LAYERS:
        values = 3 * COLOURS_A_SIDE**2
        answers[f"{layer}_picture"] = layers.Conv2D(values, 1, name=f"{layer}_picture")(activations)
    return answers
