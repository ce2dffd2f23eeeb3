"""The shared core: a function of content, styles, settings and where to start. No disk, no output."""

import sys
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline import gradients, optimizers, palette
from pipeline.arrays import FloatArray
from pipeline.errors import InputError, SettingsError
from pipeline.images import resize
from pipeline.margins import Margin
from pipeline.objective import Objective, Targets, shared
from pipeline.scales import Scale, check_size, plan, style_size
from pipeline.settings import Settings
from pipeline.smoothing import pool_and_upsample
from pipeline.weights import Weights

STYLE_SIZES_KEPT = 16
"""Sizes for which each style's targets are kept: a few megabytes each at the published network's width."""

NOISE_MEAN, NOISE_DEVIATION = 127.5, 40.0
"""Of the noise that a picture can start from: mid grey, and hardly ever outside 0..255."""


@dataclass(frozen=True)
class StepInfo:
    """What the caller is told after each step.

    Attributes:
        step: steps taken for this picture, this one included.
        steps: steps that this picture takes in all, as far as is known: L-BFGS-B may need fewer.
        scale: the scale at work, 1 the coarsest that this picture has.
        scales: how many this picture has.
        losses: weighted: ``total``, the sum of ``content``, ``style`` and ``tv``, and each layer's, as
            ``content block5_conv2``. Those of the picture that the step evaluated.
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


@dataclass(frozen=True, eq=False)
class Pastiche:
    """A stylised picture.

    Attributes:
        pixels: (H, W, 3) float32, 0..255.
        steps: steps taken.
        losses: as :class:`StepInfo` has them, of the last step.
        smoothing_count: steps since the shot began; the next frame of the shot counts on from it.
    """

    pixels: FloatArray
    steps: int
    losses: Mapping[str, float]
    smoothing_count: int


class Stylizer:
    """Stylises pictures in the same styles. What the styles need is computed once for each size."""

    def __init__(self, settings: Settings, styles: Sequence[FloatArray], *, weights: Weights) -> None:
        """Hold the styles, each (H, W, 3), 0..255, of any size from 16x16.

        Raises:
            InputError: no style, or one that is no such picture.
            SettingsError: blend weights for another number of styles, or settings that cannot be.
            WeightsError: the weights lack a layer that the settings need.
        """
        self.settings = settings
        self._styles = [_checked(style) for style in styles]
        self._shares = _shares(settings.style_weights, len(self._styles))
        self._palette = self._of_styles() if settings.content_palette == "style" else None
        self._objective = shared(settings, weights)
        self._style_targets: OrderedDict[tuple[int, tuple[int, int]], Targets] = OrderedDict()

    def stylize(
        self,
        content: FloatArray,
        init: FloatArray | None = None,
        *,
        smoothing_count: int = 0,
        on_step: Callable[[StepInfo], None] | None = None,
    ) -> Pastiche:
        """Stylise ``content``; the same arguments give the same bytes.

        Args:
            content: (H, W, 3), 0..255, at the size that the pastiche is to have.
            init: the previous pastiche of the same shape: start from it, at full size only.
            smoothing_count: what the previous pastiche of the shot returned.
            on_step: told of every step; what it raises passes through.

        Raises:
            InputError: no picture, or one smaller than 16x16.
            DivergedError: the loss or its gradient is no longer finite.
            TooLargeError: the device has too little memory.
        """
        content = _checked(content)
        start = None if init is None else _checked(init)
        if start is not None and start.shape != content.shape:
            raise InputError(f"the picture to start from is {start.shape}, the content {content.shape}")
        if self._palette is not None:
            content = palette.moved(content, self._palette)
        margin = Margin.around(content.shape[:2], self.settings.margin)
        content = margin.framed(content)
        scales = plan(margin.framed_size, self.settings, following=init is not None)
        run = _Run(self.settings, self._objective, scales, margin, smoothing_count, on_step)
        x = self._start(content, scales[0]) if start is None else margin.framed(start)
        for scale in scales:
            targets = self._targets(content, scale, margin.side_within(max(scale.size)))
            x = run.descend(scale, resize(x, scale.size), *targets)
        return run.pastiche(x)

    def _of_styles(self) -> palette.Palette:
        return palette.blend([palette.of(style) for style in self._styles], self._shares)

    def _start(self, content: FloatArray, scale: Scale) -> FloatArray:
        if self.settings.init != "noise":
            return resize(content, scale.size)
        noise = np.random.default_rng(self.settings.seed)
        pixels = noise.normal(NOISE_MEAN, NOISE_DEVIATION, (*scale.size, 3))
        return np.clip(pixels, 0, 255).astype(np.float32)

    def _targets(self, content: FloatArray, scale: Scale, longest_side: int) -> tuple[Targets, Targets]:
        contents = self._objective.content_targets(resize(content, scale.size))
        grams = [self._targets_of(number, longest_side) for number in range(len(self._styles))]
        return contents, _blend(grams, self._shares)

    def _targets_of(self, number: int, longest_side: int) -> Targets:
        """The targets of style ``number`` beside a picture of ``longest_side``, computed once."""
        style = self._styles[number]
        key = number, style_size(style.shape[:2], longest_side)
        if key not in self._style_targets:
            self._style_targets[key] = self._objective.style_targets(resize(style, key[1]))
        self._style_targets.move_to_end(key)
        while len(self._style_targets) > STYLE_SIZES_KEPT * len(self._styles):
            self._style_targets.popitem(last=False)
        return self._style_targets[key]


class _Run:
    """One picture in the making: counts its steps, tells of them, and smooths when it is time."""

    def __init__(
        self,
        settings: Settings,
        objective: Objective,
        scales: Sequence[Scale],
        margin: Margin,
        smoothing_count: int,
        on_step: Callable[[StepInfo], None] | None,
    ) -> None:
        self._settings, self._objective = settings, objective
        self._scales, self._margin = scales, margin
        self._smoothing_count, self._on_step = smoothing_count, on_step
        self._began = time.monotonic()
        self._taken = 0
        self._losses: dict[str, float] = {}
        self._lowest: dict[str, float] = {}

    def descend(self, scale: Scale, pixels: FloatArray, contents: Targets, styles: Targets) -> FloatArray:
        """Take the steps of one scale from ``pixels``; return the result, 0..255."""
        optimizer = optimizers.make(self._settings)
        steps_before, number = self._taken, self._scales.index(scale) + 1
        planned = steps_before + sum(later.steps for later in self._scales[number - 1 :])

        def evaluate(x: FloatArray) -> tuple[float, FloatArray]:
            self._losses, gradient = self._objective.at(x, contents, styles)
            self._lowest = min(self._lowest or self._losses, self._losses, key=lambda losses: losses["total"])
            return self._losses["total"], gradient

        def stepped(x: FloatArray) -> None:
            self._taken += 1
            self._tell(number, planned, lambda: self._margin.cut(self._in_pixels(x)))

        x = pixels / np.float32(self._objective.units)
        while (left := scale.steps - (self._taken - steps_before)) > 0:
            segment = min(left, self._until_smoothing())
            self._lowest = {}
            x, taken = optimizer.advance(evaluate, x, segment, stepped)
            if optimizer.returns_the_best:
                self._losses = self._lowest
            x = self._smoothed(x, taken)
            if taken < segment:
                break
        return self._in_pixels(x)

    def pastiche(self, pixels: FloatArray) -> Pastiche:
        """The finished picture, from its pixels with the rim."""
        return Pastiche(self._margin.cut(pixels), self._taken, self._losses, self._smoothing_count)

    def _in_pixels(self, x: FloatArray) -> FloatArray:
        """A copy of ``x`` in units of 0..255."""
        pixels: FloatArray = np.clip(x * np.float32(self._objective.units), 0, 255)
        return pixels

    def _tell(self, number: int, planned: int, image: Callable[[], FloatArray]) -> None:
        if self._on_step is not None:
            seconds = time.monotonic() - self._began
            info = StepInfo(self._taken, planned, number, len(self._scales), self._losses, seconds, image)
            self._on_step(info)

    def _until_smoothing(self) -> int:
        every = self._settings.smooth_every
        return every - self._smoothing_count % every if every else sys.maxsize

    def _smoothed(self, x: FloatArray, taken: int) -> FloatArray:
        """Count ``taken`` steps; ``x`` pooled and upsampled if they reach a smoothing."""
        due = taken == self._until_smoothing()
        self._smoothing_count += taken
        if not due:
            return x
        with gradients.on_device(self._objective.device):
            return pool_and_upsample(x)


def _checked(picture: Any) -> FloatArray:
    """The picture as float32 (H, W, 3), or an error that says what it should be."""
    pixels = np.asarray(picture, np.float32)
    if pixels.ndim != 3 or pixels.shape[2] != 3 or not np.isfinite(pixels).all():
        raise InputError(f"a picture is finite numbers of shape (height, width, 3), not {pixels.shape}")
    check_size(pixels.shape[:2])
    return pixels


def _shares(weights: Sequence[float], count: int) -> list[float]:
    """What each of ``count`` styles contributes; together 1."""
    if count == 0:
        raise InputError("there is no style; name at least one picture")
    if weights and len(weights) != count:
        raise SettingsError(
            f"--style-weights has {len(weights)} numbers for {count} styles; give one for each"
        )
    given = list(weights) or [1.0] * count
    return [weight / sum(given) for weight in given]


def _blend(grams: Sequence[Targets], shares: Sequence[float]) -> Targets:
    """The weighted mean of several styles' A/M.

    Its loss differs from the weighted sum of the styles' losses by a constant, so the gradient is the same.
    """
    if len(grams) == 1:
        return grams[0]
    return {
        layer: sum(share * gram[layer] for share, gram in zip(shares, grams, strict=True))
        for layer in grams[0]
    }
