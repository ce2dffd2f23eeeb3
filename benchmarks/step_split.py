"""How a step's time is split: passes through the extractor, losses, optimizer, callback.

    python -m benchmarks.step_split --size 512 --width full --steps 10

For comparison it also times a step of plain Keras: the functional model of
``keras.applications``, an eager ``GradientTape`` and Keras' Adam, with the same losses and targets.
Weights and pictures are random: the time does not depend on them. Times are of the processor, all cores
together. Each is the shortest of all steps, which other work of the machine disturbs least; that of both
kinds of L-BFGS is a median, since their steps differ.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any
from unittest import mock

import keras
import numpy as np
import tensorflow as tf

from pipeline.core import losses
from pipeline.core.backend import Compiled, CompiledGradient
from pipeline.core.objective import Objective
from pipeline.core.style_transfer import StepInfo
from pipeline.core.stylizer import Stylizer
from pipeline.extractor import layers
from pipeline.extractor.vgg import Extractor
from pipeline.extractor.weights import Weights
from pipeline.settings.settings import Settings
from tests.support.tiny_weights import tiny_weights

WARM_UP = 3
"""Steps left out at the start: they trace, and L-BFGS-B has no history yet."""

WIDTHS = {"full": layers.IMAGENET_WIDTHS, "quarter": layers.QUARTER_WIDTHS}


def main() -> None:
    """Print the split for each optimizer and for each chosen width."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=512, help="sides of the square picture")
    parser.add_argument("--width", choices=[*WIDTHS, "both"], default="both")
    parser.add_argument("--steps", type=int, default=12)
    options = parser.parse_args()
    picture = _picture(options.size)
    for width in WIDTHS if options.width == "both" else [options.width]:
        _measure(width, picture, options.steps)


def _measure(width: str, picture: np.ndarray, steps: int) -> None:
    weights = tiny_weights(0, WIDTHS[width])
    print(
        f"\n{width} width, {picture.shape[1]}x{picture.shape[0]}, processor ms a step (shortest of {steps})"
    )
    for optimizer in ("adam", "lbfgs", "projected-lbfgs"):
        split = _split(optimizer, weights, picture, steps)
        passes = split["forward"] + split["backward"]
        rest = split["losses"] + split["optimizer"] + split["callback"]
        parts = ", ".join(f"{name} {milliseconds:.1f}" for name, milliseconds in split.items())
        print(f"  {optimizer}: {parts}; all but the passes: {100 * rest / passes:.1f}% of them")
        if (optimizer, width) == ("adam", "full"):
            peer = _peer(picture, steps)
            print(f"  the plain Keras way: {peer:.1f}; ours takes {(passes + rest) / peer:.2f} of it")


def _picture(side: int) -> np.ndarray:
    noise = np.random.default_rng(0).normal(128, 50, (side // 8, side // 8, 3))
    smooth = keras.ops.image.resize(noise.astype(np.float32), (side, side), interpolation="bicubic")
    return np.clip(np.asarray(smooth), 0, 255)


def _settings(optimizer: str, steps: int) -> Settings:
    return Settings(optimizer=optimizer, steps=(steps,), tv_weight=0.05, content_weight=0.01, device="cpu")


class _Passes:
    """Forward and backward through the extractor alone, with a loss that costs next to nothing."""

    def __init__(self, weights: Weights, picture: np.ndarray) -> None:
        settings = _settings("adam", 1)
        used = [*settings.content_layers, *settings.style_layers]
        extractor = Extractor(weights, layers=used)
        deepest = layers.up_to_deepest(used)[-1]

        def total(x: Any) -> list[Any]:
            return [keras.ops.sum(extractor.activations(x)[deepest].compared)]

        self._picture = picture
        self._forward = Compiled(total, (None, None, 3), device="/CPU:0")
        self._both = CompiledGradient(total, (None, None, 3), device="/CPU:0")

    def times(self) -> tuple[float, float]:
        """Processor seconds of a forward pass, and of a forward and a backward pass."""
        began = time.process_time()
        self._forward(self._picture)
        between = time.process_time()
        _, gradient = self._both(self._picture)
        np.asarray(gradient)
        return between - began, time.process_time() - between


class _Timer:
    """Measures the last call of a function."""

    seconds = 0.0

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: Any) -> Any:
            began = time.process_time()
            result = function(*arguments)
            self.seconds = time.process_time() - began
            return result

        return timed


def _split(optimizer: str, weights: Weights, picture: np.ndarray, steps: int) -> dict[str, float]:
    """Milliseconds of the parts of a real stylisation's steps, with the bare passes timed between them."""
    stylizer = Stylizer(_settings(optimizer, steps + WARM_UP), [picture[::-1]], weights=weights)
    evaluations = _Timer()
    passes = _Passes(weights, picture)
    rows = []
    resumed = time.process_time()

    def on_step(info: StepInfo) -> None:
        nonlocal resumed
        began = time.process_time()
        f"{info.step}/{info.steps} {info.losses['total']:.4g}"
        ended = time.process_time()
        evaluation = evaluations.seconds
        rows.append((evaluation, began - resumed - evaluation, ended - began, *passes.times()))
        resumed = time.process_time()

    with mock.patch.object(Objective, "at", evaluations.around(Objective.at)):
        stylizer.stylize(picture, on_step=on_step)
    columns = list(zip(*rows[WARM_UP:], strict=True))
    evaluation, own, callback, forward, both = (1000 * min(column) for column in columns)
    if optimizer != "adam":
        own = 1000 * statistics.median(columns[1])
    return {
        "forward": forward,
        "backward": both - forward,
        "losses": evaluation - both,
        "optimizer": own,
        "callback": callback,
    }


def _peer(picture: np.ndarray, steps: int) -> float:
    """A step of the plain Keras way."""
    settings = _settings("adam", steps)
    network = keras.applications.VGG19(weights=None, include_top=False)
    used = [*settings.style_layers, *settings.content_layers]
    model = keras.Model(network.inputs, {name: network.get_layer(name).output for name in used})
    contents, styles = model([picture[None]]), model([picture[None, ::-1]])
    grams = {name: losses.style_target(styles[name][0]) for name in settings.style_layers}
    x = tf.Variable(picture[None])
    adam = keras.optimizers.Adam(settings.step_size)

    def step() -> None:
        with tf.GradientTape() as tape:
            features = model([x])
            loss = settings.tv_weight * losses.total_variation(x[0])
            for name in settings.content_layers:
                loss += settings.content_weight * losses.content_loss(features[name][0], contents[name][0])
            for name, weight in settings.style_layers.items():
                loss += weight * losses.style_loss(features[name][0], grams[name])
        adam.apply_gradients([(tape.gradient(loss, x), x)])

    times = []
    for _ in range(steps + WARM_UP):
        began = time.process_time()
        step()
        times.append(time.process_time() - began)
    return 1000 * min(times[WARM_UP:])


if __name__ == "__main__":
    main()
