"""Style transfer by optimisation: content, styles, settings and a start in, a pastiche out."""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import numpy as np

from pipeline.base.arrays import FloatArray, Size
from pipeline.base.resizing import resize
from pipeline.core import backend, loss_graphs, palette, step_memory, targets
from pipeline.core.descent import Aim, Descent
from pipeline.core.frame_start import FrameStart, TemporalTerms, enlarged, frame_start
from pipeline.core.loss_graphs import LossGraphs
from pipeline.core.margins import Margin
from pipeline.core.objective import Objective
from pipeline.core.scales import Scale, check_size, plan, plan_following, usable_size
from pipeline.core.smoothing import pool_and_upsample
from pipeline.core.style_shares import style_shares
from pipeline.core.style_transfer import OnStep, Pastiche
from pipeline.core.targets import Targets, Tensors
from pipeline.core.tiled_objective import TiledObjective, style_targets
from pipeline.errors import InputError
from pipeline.extractor.weights import Weights
from pipeline.settings.settings import Settings

STYLE_SIZES_KEPT = 16
"""Sizes for which the targets of each style are kept: a few megabytes each on the published network."""

NOISE_MEAN, NOISE_DEVIATION = 127.5, 40.0
"""Of the noise that a picture can start from: mid grey, rarely outside 0..255."""


class Stylizer:
    """Stylises pictures in one style or blend. The targets of a style are computed once for each size.

    Attributes:
        settings: how every picture is stylised.
        graphs: the compiled graphs; other stylizers may use them, too.
    """

    def __init__(
        self,
        settings: Settings,
        styles: Sequence[FloatArray],
        *,
        weights: Weights,
        like: "Stylizer | None" = None,
    ) -> None:
        """Hold the styles, each (H, W, 3), 0..255, of any size from 16x16.

        Args:
            settings: how every picture is stylised.
            styles: one, or several that are blended by the setting ``style_weights``.
            weights: of the extractor.
            like: a stylizer whose compiled graphs are used where they fit: those of other styles, loss
                weights, sizes or steps do, and then nothing is traced again.

        Raises:
            InputError: there is no style, or one has another shape or is too small.
            SettingsError: the number of blend weights is not that of the styles, or every loss weighs 0, or
                there is no such device.
            WeightsError: the weights lack a layer that the settings need.
        """
        self.settings = settings
        self._styles = [_checked(style) for style in styles]
        self._shares = style_shares(settings.style_weights, len(self._styles))
        self._palette: palette.Palette | None = None
        if settings.content_palette == "style":
            self._palette = palette.blend([palette.of(style) for style in self._styles], self._shares)
        self.graphs: LossGraphs = loss_graphs.fitting(settings, weights, like.graphs if like else None)
        self._objective = Objective(settings, self.graphs)
        self._widths = weights.widths
        self._style_targets: OrderedDict[tuple[int, Size], Tensors] = OrderedDict()

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
            InputError: the content or ``init`` has another shape, or is smaller than 16x16.
            DivergedError: the loss or its gradient is no longer finite.
            TooLargeError: the device has too little memory, or the setting ``memory`` is too low.
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
        descent = Descent(self._objective.units, scales, margin, self.settings.smooth_every, on_step)
        x = self._start(content, scales[0])
        for scale in scales:
            x = descent.descend(scale, _at_size(x, scale.size), self._aim(content, scale, margin))
        return Pastiche(margin.cut(x), descent.steps, descent.losses)

    def _following(
        self, start: FrameStart, content: FloatArray, margin: Margin, on_step: OnStep | None
    ) -> Pastiche:
        """The pastiche of a frame; each scale starts with the changes that the coarser ones made."""
        scales = plan_following(margin.framed_size, self.settings, coarse_too=start.needs_coarse_scales)
        descent = Descent(self._objective.units, scales, margin, 0, on_step)
        change = np.zeros((1, 1, 3), np.float32)
        for scale in scales:
            before = resize(start.pixels, scale.size)
            x = np.clip(before + enlarged(change, scale.size), 0, 255)
            full_size = scale is scales[-1]  # nearly finished; coarse scales are for what was never painted
            target = start.target if full_size else None
            aim = self._aim(content, scale, margin)
            x = descent.descend(scale, x, aim, target, nearly_finished=full_size)
            change = start.kept(x - before)
        return Pastiche(margin.cut(np.clip(start.pixels + change, 0, 255)), descent.steps, descent.losses)

    def _smoothed(self, pastiche: FloatArray, terms: TemporalTerms | None) -> FloatArray:
        """The earlier pastiche with a frame's share of a smoothing, where the frame may change."""
        every = self.settings.smooth_every
        if not every:
            return pastiche
        share = np.float32(min(1.0, self.settings.frame_steps_at(self.settings.scales - 1) / every))
        with backend.on_device(self._objective.device):
            change = share * (pool_and_upsample(pastiche) - pastiche)
        return pastiche + (change if terms is None else change * terms.changeable[..., None])

    def _start(self, content: FloatArray, scale: Scale) -> FloatArray:
        if self.settings.init != "noise":
            return _at_size(content, scale.size)
        noise = np.random.default_rng(self.settings.seed)
        pixels = noise.normal(NOISE_MEAN, NOISE_DEVIATION, (*scale.size, 3))
        return np.clip(pixels, 0, 255).astype(np.float32)

    def _aim(self, content: FloatArray, scale: Scale, margin: Margin) -> Aim:
        """What a scale aims at, in tiles where the setting ``memory`` needs them."""
        plan = step_memory.step_plan(self.settings, scale.size, self._widths)
        longest_side = margin.side_within(max(scale.size))
        each = [self._grams(number, longest_side) for number in range(len(self._styles))]
        grams = targets.blend(each, self._shares)
        own = _at_size(content, scale.size)
        if plan.grid is None:
            return Aim(self._objective, Targets(self.graphs.content_targets(own), grams), plan.pairs)
        tiled = TiledObjective(self.settings, self.graphs, plan.grid)
        return Aim(tiled, tiled.targets(own, grams, keep=plan.keeps_content), plan.pairs)

    def _grams(self, number: int, longest_side: int) -> Tensors:
        """The Grams of style ``number`` for a picture of ``longest_side``, computed once."""
        style = self._styles[number]
        key = number, usable_size(style.shape[:2], longest_side)
        if key not in self._style_targets:
            self._style_targets[key] = self._grams_of(_at_size(style, key[1]))
        self._style_targets.move_to_end(key)
        while len(self._style_targets) > STYLE_SIZES_KEPT * len(self._styles):
            self._style_targets.popitem(last=False)
        return self._style_targets[key]

    def _grams_of(self, style: FloatArray) -> Tensors:
        grid = step_memory.style_grid(self.settings, style.shape[:2], self._widths)
        if grid is None:
            return self.graphs.style_targets(style)
        return style_targets(self.graphs.of_tiles, style, grid)


def _at_size(picture: FloatArray, size: Size) -> FloatArray:
    """The picture resized; itself, where nothing would change: a copy of a huge one takes memory."""
    if picture.shape[:2] == size and picture.min() >= 0 and picture.max() <= 255:
        return picture
    return resize(picture, size)


def _checked(picture: Any) -> FloatArray:
    """The picture as float32 (H, W, 3).

    Raises:
        InputError: it has another shape, is not finite, or is too small.
    """
    pixels = np.asarray(picture, np.float32)
    if pixels.ndim != 3 or pixels.shape[2] != 3 or not np.isfinite(pixels).all():
        raise InputError(f"a picture is finite numbers of shape (height, width, 3), not {pixels.shape}")
    check_size(pixels.shape[:2])
    return pixels
