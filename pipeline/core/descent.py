"""The descent of one picture down its loss: counts the steps of all scales, reports them, and smooths."""

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.base.arrays import FloatArray
from pipeline.core import backend, optimizers
from pipeline.core.frame_start import TemporalTarget
from pipeline.core.margins import Margin
from pipeline.core.objective import Objective
from pipeline.core.scales import Scale
from pipeline.core.smoothing import pool_and_upsample
from pipeline.core.style_transfer import OnStep, StepInfo
from pipeline.core.targets import Targets


@dataclass(frozen=True, eq=False)
class Aim:
    """What the descent of one scale aims at.

    Attributes:
        objective: of the losses.
        targets: that the objective takes.
        pairs: of the history of L-BFGS.
    """

    objective: Objective
    targets: Targets
    pairs: int


class Descent:
    """Optimises one picture, scale by scale.

    Attributes:
        steps: taken so far, at all scales.
        losses: as :class:`StepInfo` has them, of the last step.
    """

    def __init__(
        self,
        units: float,
        scales: Sequence[Scale],
        margin: Margin,
        smooth_every: int,
        on_step: OnStep | None,
    ) -> None:
        """Prepare for a picture with a rim of ``margin``, at ``scales``.

        Args:
            units: what one unit of x is in units of 0..255.
            smooth_every: steps between two smoothings; 0: never.
            on_step: called after every step.
        """
        self.steps = 0
        self.losses: Mapping[str, float] = {}
        self._units = units
        self._scales, self._margin, self._on_step = scales, margin, on_step
        self._smooth_every = smooth_every or sys.maxsize
        self._began = time.monotonic()
        self._lowest: Mapping[str, float] = {}

    def descend(
        self,
        scale: Scale,
        pixels: FloatArray,
        aim: Aim,
        temporal: TemporalTarget | None = None,
        *,
        nearly_finished: bool = False,
    ) -> FloatArray:
        """Take the steps of one scale from ``pixels``, with the temporal loss of ``temporal``.

        Args:
            nearly_finished: whether ``pixels`` are; see :func:`.optimizers.make`.

        Returns:
            The result (h, w, 3), 0..255.
        """
        objective = aim.objective
        optimizer = optimizers.make(objective.settings, aim.pairs, nearly_finished=nearly_finished)
        number = self._scales.index(scale) + 1
        end = self.steps + scale.steps
        planned = self.steps + sum(later.steps for later in self._scales[number - 1 :])

        def evaluate(x: FloatArray) -> tuple[float, FloatArray]:
            self.losses, gradient = objective.at(x, aim.targets, temporal)
            self._lowest = min(self._lowest or self.losses, self.losses, key=lambda losses: losses["total"])
            return self.losses["total"], gradient

        def on_iterate(x: FloatArray) -> None:
            self.steps += 1
            self._report(number, planned, x)

        x = pixels if self._units == 1 else pixels / np.float32(self._units)
        del pixels  # as large as the picture
        while self.steps < end:
            until_smoothing = self._smooth_every - self.steps % self._smooth_every
            segment = min(end - self.steps, until_smoothing)
            self._lowest = {}
            x, taken = optimizer.advance(evaluate, x, segment, on_iterate)
            if optimizer.returns_the_best:
                self.losses = self._lowest
            if taken == until_smoothing:
                with backend.on_device(objective.device):
                    x = pool_and_upsample(x)
            if taken < segment:
                break
        return self._in_pixels(x)

    def _in_pixels(self, x: FloatArray) -> FloatArray:
        """A copy of ``x`` in units of 0..255."""
        return np.clip(x * np.float32(self._units), 0, 255)

    def _report(self, scale: int, planned: int, x: FloatArray) -> None:
        if self._on_step is not None:
            self._on_step(
                StepInfo(
                    step=self.steps,
                    steps=planned,
                    scale=scale,
                    scales=len(self._scales),
                    losses=self.losses,
                    seconds=time.monotonic() - self._began,
                    image=lambda: self._margin.cut(self._in_pixels(x)),
                )
            )
