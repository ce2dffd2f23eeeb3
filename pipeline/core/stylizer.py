"""The shared core: a function of content, styles, settings and where to start. No disk, no output."""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import numpy as np

from pipeline.base.arrays import FloatArray
from pipeline.base.resizing import resize
from pipeline.core import backend, palette
from pipeline.core.descent import Descent
from pipeline.core.frame_start import FrameStart, TemporalTerms, enlarged, frame_start
from pipeline.core.margins import Margin
from pipeline.core.objective import Targets, shared
from pipeline.core.scales import Scale, check_size, plan, plan_following, style_size
from pipeline.core.smoothing import pool_and_upsample
from pipeline.core.style_transfer import OnStep, Pastiche
from pipeline.errors import InputError, SettingsError
from pipeline.extractor.weights import Weights
from pipeline.settings.settings import Settings

STYLE_SIZES_KEPT = 16
"""Sizes for which each style's targets are kept: a few megabytes each at the published network's width."""

NOISE_MEAN, NOISE_DEVIATION = 127.5, 40.0
"""Of the noise that a picture can start from: mid grey, and hardly ever outside 0..255."""


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
        terms: TemporalTerms | None = None,
        *,
        on_step: OnStep | None = None,
    ) -> Pastiche:
        """Stylise ``content``; see :meth:`pipeline.core.style_transfer.StyleTransfer.stylize`.

        Raises:
            InputError: no picture, or one smaller than 16x16.
            DivergedError: the loss or its gradient is no longer finite.
            TooLargeError: the device has too little memory.
        """
        content = _checked(content)
        earlier = None if init is None else _checked(init)
        if earlier is not None and earlier.shape != content.shape:
            raise InputError(f"the picture to start from is {earlier.shape}, the content {content.shape}")
        if self._palette is not None:
            content = palette.moved(content, self._palette)
        margin = Margin.around(content.shape[:2], self.settings.margin)
        framed = margin.framed(content)
        if earlier is None:
            return self._from_scratch(framed, margin, on_step)
        smoothed = self._smoothed(earlier, terms)
        weight = self.settings.temporal_weight
        return self._following(frame_start(content, smoothed, terms, margin, weight), framed, margin, on_step)

    def _from_scratch(self, content: FloatArray, margin: Margin, on_step: OnStep | None) -> Pastiche:
        scales = plan(margin.framed_size, self.settings)
        descent = Descent(self.settings, self._objective, scales, margin, self.settings.smooth_every, on_step)
        x = self._start(content, scales[0])
        for scale in scales:
            targets = self._targets(content, scale, margin)
            x = descent.descend(scale, resize(x, scale.size), *targets)
        return Pastiche(margin.cut(x), descent.steps, descent.losses)

    def _following(
        self, start: FrameStart, content: FloatArray, margin: Margin, on_step: OnStep | None
    ) -> Pastiche:
        """The pastiche of a frame; each scale goes on from what the coarser ones changed at its start."""
        scales = plan_following(margin.framed_size, self.settings, coarse_too=start.needs_coarse_scales)
        descent = Descent(self.settings, self._objective, scales, margin, 0, on_step)
        change = np.zeros((1, 1, 3), np.float32)
        for scale in scales:
            before = resize(start.pixels, scale.size)
            x = np.clip(before + enlarged(change, scale.size), 0, 255)
            target = start.target if scale is scales[-1] else None
            x = descent.descend(scale, x, *self._targets(content, scale, margin), target)
            change = start.kept(x - before)
        return Pastiche(margin.cut(np.clip(start.pixels + change, 0, 255)), descent.steps, descent.losses)

    def _smoothed(self, pastiche: FloatArray, terms: TemporalTerms | None) -> FloatArray:
        """The last pastiche with a frame's share of a smoothing, where it is free: each frame alike."""
        every = self.settings.smooth_every
        if not every:
            return pastiche
        share = np.float32(min(1.0, self.settings.frame_steps_at(self.settings.scales - 1) / every))
        with backend.on_device(self._objective.device):
            change = share * (pool_and_upsample(pastiche) - pastiche)
        return pastiche + (change if terms is None else change * terms.changeable[..., None])

    def _of_styles(self) -> palette.Palette:
        return palette.blend([palette.of(style) for style in self._styles], self._shares)

    def _start(self, content: FloatArray, scale: Scale) -> FloatArray:
        if self.settings.init != "noise":
            return resize(content, scale.size)
        noise = np.random.default_rng(self.settings.seed)
        pixels = noise.normal(NOISE_MEAN, NOISE_DEVIATION, (*scale.size, 3))
        return np.clip(pixels, 0, 255).astype(np.float32)

    def _targets(self, content: FloatArray, scale: Scale, margin: Margin) -> tuple[Targets, Targets]:
        longest_side = margin.side_within(max(scale.size))
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
