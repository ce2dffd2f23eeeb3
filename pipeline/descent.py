"""One picture in the making: its steps, scale by scale, counted and told of; smoothed when it is time."""

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline import gradients, optimizers
from pipeline.arrays import FloatArray
from pipeline.following import Hold
from pipeline.margins import Margin
from pipeline.objective import Objective, Targets
from pipeline.scales import Scale
from pipeline.settings import Settings
from pipeline.smoothing import pool_and_upsample


@dataclass(frozen=True)
class StepInfo:
    """What the caller is told after each step.

    Attributes:
        step: steps taken for this picture, this one included.
        steps: steps that this picture takes in all, as far as is known: L-BFGS-B may need fewer.
        scale: the scale at work, 1 the coarsest that this picture has.
        scales: how many this picture has.
        losses: weighted: ``total``, the sum of ``content``, ``style``, ``tv`` and ``temporal``, and each
            layer's, as ``content block5_conv2``. Those of the picture that the step evaluated.
        seconds: since the picture was begun.
        image: gives a copy of the picture after the step (for L-BFGS-B: that it evaluated),
            (H, W, 3) float32 0..255, at this scale's size. Call it before the callback returns.
    """

    step: int
    steps: int
    scale: int
    scales: int
    losses: Mapping[str, float]
    seconds: float
    image: Callable[[], FloatArray]


class Descent:
    """The way of one picture down its loss.

    Attributes:
        steps: taken so far.
        losses: as :class:`StepInfo` has them, of the last step.
    """

    def __init__(
        self,
        settings: Settings,
        objective: Objective,
        scales: Sequence[Scale],
        margin: Margin,
        smooth_every: int,
        on_step: Callable[[StepInfo], None] | None,
    ) -> None:
        """A picture with a rim of ``margin``, at ``scales``; ``on_step`` hears of every step."""
        self.steps = 0
        self.losses: Mapping[str, float] = {}
        self._settings, self._objective = settings, objective
        self._scales, self._margin, self._on_step = scales, margin, on_step
        self._smooth_every = smooth_every or sys.maxsize
        self._began = time.monotonic()
        self._lowest: Mapping[str, float] = {}

    def descend(
        self,
        scale: Scale,
        pixels: FloatArray,
        contents: Targets,
        styles: Targets,
        hold: Hold | None = None,
    ) -> FloatArray:
        """Take the steps of one scale from ``pixels``, held as ``hold`` says; return the result, 0..255."""
        optimizer = optimizers.make(self._settings)
        number = self._scales.index(scale) + 1
        end = self.steps + scale.steps
        planned = self.steps + sum(later.steps for later in self._scales[number - 1 :])

        def evaluate(x: FloatArray) -> tuple[float, FloatArray]:
            self.losses, gradient = self._objective.at(x, contents, styles, hold)
            self._lowest = min(self._lowest or self.losses, self.losses, key=lambda losses: losses["total"])
            return self.losses["total"], gradient

        def stepped(x: FloatArray) -> None:
            self.steps += 1
            self._tell(number, planned, lambda: self._margin.cut(self._in_pixels(x)))

        x = pixels / np.float32(self._objective.units)
        while self.steps < end:
            until_smoothing = self._smooth_every - self.steps % self._smooth_every
            segment = min(end - self.steps, until_smoothing)
            self._lowest = {}
            x, taken = optimizer.advance(evaluate, x, segment, stepped)
            if optimizer.returns_the_best:
                self.losses = self._lowest
            if taken == until_smoothing:
                x = self._smoothed(x)
            if taken < segment:
                break
        return self._in_pixels(x)

    def _in_pixels(self, x: FloatArray) -> FloatArray:
        """A copy of ``x`` in units of 0..255."""
        pixels: FloatArray = np.clip(x * np.float32(self._objective.units), 0, 255)
        return pixels

    def _tell(self, number: int, planned: int, image: Callable[[], FloatArray]) -> None:
        if self._on_step is not None:
            seconds = time.monotonic() - self._began
            info = StepInfo(self.steps, planned, number, len(self._scales), self.losses, seconds, image)
            self._on_step(info)

    def _smoothed(self, x: FloatArray) -> FloatArray:
        with gradients.on_device(self._objective.device):
            return pool_and_upsample(x)
