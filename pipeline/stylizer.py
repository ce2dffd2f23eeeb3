"""The shared core: a function of content, styles, settings and where to start. No disk, no output."""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline import gradients, palette
from pipeline.arrays import FloatArray
from pipeline.descent import Descent, StepInfo
from pipeline.errors import InputError, SettingsError
from pipeline.images import resize
from pipeline.margins import Margin
from pipeline.objective import Hold, Targets, shared
from pipeline.scales import Scale, check_size, plan, style_size
from pipeline.settings import Settings
from pipeline.smoothing import pool_and_upsample
from pipeline.temporal import Temporal
from pipeline.weights import Weights

STYLE_SIZES_KEPT = 16
"""Sizes for which each style's targets are kept: a few megabytes each at the published network's width."""

NOISE_MEAN, NOISE_DEVIATION = 127.5, 40.0
"""Of the noise that a picture can start from: mid grey, and hardly ever outside 0..255."""


@dataclass(frozen=True, eq=False)
class Pastiche:
    """A stylised picture.

    Attributes:
        pixels: (H, W, 3) float32, 0..255.
        steps: steps taken.
        losses: as :class:`StepInfo` has them, of the last step.
    """

    pixels: FloatArray
    steps: int
    losses: Mapping[str, float]


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
        temporal: Temporal | None = None,
        *,
        on_step: Callable[[StepInfo], None] | None = None,
    ) -> Pastiche:
        """Stylise ``content``; the same arguments give the same bytes.

        Args:
            content: (H, W, 3), 0..255, at the size that the pastiche is to have.
            init: the previous pastiche of the same shape: start from it, at full size only.
            temporal: how far the picture is held to ``init``.
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
        scales = plan(margin.framed_size, self.settings, following=start is not None)
        # A frame that follows another gets its share of a smoothing at its start, each frame alike.
        smooth_every = self.settings.smooth_every if start is None else 0
        descent = Descent(self.settings, self._objective, scales, margin, smooth_every, on_step)
        hold = None
        if start is None:
            x = self._start(margin.framed(content), scales[0])
        else:
            x, hold = self._following(content, start, temporal, margin)
        content = margin.framed(content)
        for scale in scales:
            targets = self._targets(content, scale, margin.side_within(max(scale.size)))
            x = descent.descend(scale, resize(x, scale.size), *targets, hold)
        return Pastiche(margin.cut(x), descent.steps, descent.losses)

    def _following(
        self, content: FloatArray, init: FloatArray, temporal: Temporal | None, margin: Margin
    ) -> tuple[FloatArray, Hold | None]:
        """What a frame starts from that follows another, with its rim; and what holds it there."""
        free = np.True_ if temporal is None else temporal.free[..., None]
        if temporal is not None:
            init = content + temporal.seen[..., None] * (init - content)
        share = self._share_of_a_smoothing()
        if share:
            with gradients.on_device(self._objective.device):
                init = np.where(free, init + np.float32(share) * (pool_and_upsample(init) - init), init)
        start: FloatArray = margin.framed(init)
        if temporal is None:
            return start, None
        factor = np.float32(self.settings.temporal_weight * temporal.unit)
        target = start / np.float32(self._objective.units)
        return start, Hold(target, margin.framed(factor * temporal.weights), margin.framed(temporal.free))

    def _share_of_a_smoothing(self) -> float:
        every = self.settings.smooth_every
        return min(1.0, self.settings.steps_of_following_frame / every) if every else 0.0

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
