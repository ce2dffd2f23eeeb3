"""What the next frame of a shot starts from, and how strongly it is held to that.

After Ruder, Dosovitskiy, Brox 2016 ("Artistic style transfer for videos"): the last pastiche moved along the
flow; where the last frame hides a place, an earlier pastiche (their long-term terms); else the content. Ours:
places that stand still keep their pixels; and newly visible places that move are held less at first, so that
the style can still develop there.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np

from pipeline.base.arrays import FloatArray, Frame, Mask
from pipeline.core.frame_start import TemporalTerms
from pipeline.motion import flow, light, unchanged, warping
from pipeline.motion.flow import Estimate

GAPS = (1, 2, 4)
"""How many frames back the flow is estimated; a larger gap fills in where the smaller ones are hidden."""

FRAMES_TO_FULL_HOLD = 8
"""Frames until a newly visible place is held as strongly as the rest."""

MIN_HIDDEN_SHARE = 0.002
"""Share of the frame that has to be hidden before flows from farther back are estimated."""

STILL_WEIGHT_FACTOR = 9.0
"""A place that stands still gets (1 + this) times the weight of one that moves. Its pixels are restored
after each step, so the places beside it must not be optimised as if it could change."""

ADAPT_RADIUS = 0.02
"""Share of the frame's longest side: places that stand still may adapt so near to a place that changed."""


BRIGHTER = 1.05
"""A shot that became brighter by this factor since it was painted shows more: all of it may change."""


@dataclass(eq=False)
class _PastFrame:
    """A frame of the source.

    Attributes:
        frame: the pixels, without noise where nothing changed.
        changed: where it differs from the frame before.
        gain: of the frame that was last painted: this one, or the one that its unchanged pixels are from.
        hold: 1, and less where the frame before was painted in less light: the factor of the weights.
        motions: from earlier frames to this one, by gap: always gap 1, and more if much is hidden there.
            Empty until it is needed, and only kept for the newest frame.
        newly_visible: see :class:`TemporalTerms`; None until it is needed.
    """

    frame: Frame
    changed: Mask
    gain: float = 1.0
    hold: float = 1.0
    motions: dict[int, Estimate] = field(default_factory=dict)
    newly_visible: FloatArray | None = None


class ShotMemory:
    """The last frames of one shot.

    It depends on the source alone, not on pastiches, so that it can be rebuilt for any frame.
    """

    def __init__(self, quality: str = "high") -> None:
        """``quality``: of the flow, one of :data:`pipeline.motion.flow.QUALITIES`."""
        self._quality = quality
        self._past: deque[_PastFrame] = deque(maxlen=FRAMES_TO_FULL_HOLD + max(GAPS) + 1)

    def add_frame(self, frame: Frame, gain: float = 1.0) -> None:
        """Add the shot's next frame, in the shot's usual light.

        Args:
            gain: of the frame, see :mod:`pipeline.motion.light`; not less than its ``MIN_GAIN``.
        """
        if self._past:
            self._past[-1].motions = {}  # only those of the newest frame are used
            self._past.append(_following(self._past[-1], frame, gain))
        else:
            self._past.append(_PastFrame(frame, np.ones(frame.shape[:2], bool), gain))

    @property
    def frame(self) -> Frame:
        """The newest frame, without noise where nothing changed."""
        return self._past[-1].frame

    @property
    def is_unchanged(self) -> bool:
        """Whether the newest frame is the same as the one before."""
        return self._past[-1].hold == 1 and not self._past[-1].changed.any()

    def start_and_hold(
        self, pastiche: Callable[[int], FloatArray], unit: float
    ) -> tuple[FloatArray, TemporalTerms]:
        """What the newest frame starts from, and how strongly it is held to that.

        Args:
            pastiche: ``pastiche(gap)`` returns the pastiche (H, W, 3) of the frame ``gap`` frames before the
                newest, for a gap of :data:`GAPS`.
            unit: see :class:`TemporalTerms`.

        Returns:
            Earlier pastiches (H, W, 3), moved to where things are now; and the temporal terms.
        """
        newly_visible = self._newly_visible(len(self._past) - 1)
        newest, size = self._past[-1], newly_visible.shape
        start, weights, hidden = pastiche(1), np.zeros(size, np.float32), np.ones(size, bool)
        for gap, motion in newest.motions.items():
            visible = hidden & ~motion.hidden
            start = np.where(visible[..., None], warping.warp(pastiche(gap), motion.flow), start)
            weights = np.where(visible, motion.weights, weights)
            hidden &= motion.hidden
        adapts = newest.changed if newest.hold == 1 else np.ones(size, bool)
        changeable = unchanged.feathered(adapts, max(1, round(ADAPT_RADIUS * max(size))))
        init_share = np.where(changeable == 0, 1, _blurred(~hidden))
        weights = newest.hold * weights * (1 - newly_visible) * (1 + STILL_WEIGHT_FACTOR * (1 - changeable))
        terms = TemporalTerms(
            init_share, _blurred(newly_visible), weights.astype(np.float32), changeable, unit
        )
        return start, terms

    def _newly_visible(self, at: int) -> FloatArray:
        """``newly_visible`` of the past frame with index ``at``.

        It moves along the flow, to the nearest pixel, and fades to 0 within :data:`FRAMES_TO_FULL_HOLD`
        frames; so the result does not depend on how far back the recursion begins.
        """
        past = self._past[at]
        if past.newly_visible is None and at <= max(0, len(self._past) - 1 - FRAMES_TO_FULL_HOLD):
            return np.zeros(past.changed.shape, np.float32)
        if past.newly_visible is None:
            before, motions = self._newly_visible(at - 1), self._motions(at)
            moved = warping.warp(before, motions[1].flow, cv2.INTER_NEAREST)
            faded = np.maximum(moved - (1 / FRAMES_TO_FULL_HOLD + 1e-3), 0)
            hidden = np.all([motion.hidden for motion in motions.values()], axis=0)
            if past is self._past[-1]:
                past.motions = motions
            past.newly_visible = np.where(hidden, 1, faded).astype(np.float32)
        return past.newly_visible

    def _motions(self, at: int) -> dict[int, Estimate]:
        """By gap: always 1; the others only if the frame before hides much of the frame with index ``at``."""
        motions = {1: self._motion(at, 1)}
        if (motions[1].hidden & warping.inside(motions[1].flow)).mean() > MIN_HIDDEN_SHARE:
            motions |= {gap: self._motion(at, gap) for gap in GAPS[1:] if gap <= at}
        return motions

    def _motion(self, at: int, gap: int) -> Estimate:
        """From the frame ``gap`` before to the frame with index ``at``; 0 where both are the same."""
        frames = [self._past[number] for number in range(at - gap, at + 1)]
        if any(past.changed.all() for past in frames[1:]):
            # The camera moved: a place that looks the same may be another place.
            changed = np.ones_like(frames[-1].changed)
        else:
            tolerance = light.uncertainty((frames[0].gain, frames[-1].gain))
            changed = unchanged.differs(frames[-1].frame, frames[0].frame, tolerance)
        if not changed.any():
            no_flow = np.zeros((*changed.shape, 2), np.float32)
            return Estimate(no_flow, np.ones(changed.shape, np.float32), changed)
        quality = self._quality if gap == 1 else flow.NEXT_LOWER[self._quality]
        estimate = flow.between(frames[0].frame, frames[-1].frame, quality)
        weights = np.where(changed, estimate.weights, 1)
        return Estimate(estimate.flow * changed[..., None], weights, estimate.hidden & changed)


def _following(before: _PastFrame, frame: Frame, gain: float) -> _PastFrame:
    """The past frame of ``frame``, which follows ``before``."""
    kept, changed = unchanged.keep_unchanged(before.frame, frame, light.uncertainty((before.gain, gain)))
    if gain > BRIGHTER * before.gain:
        return _PastFrame(frame, changed, gain, (before.gain / gain) ** 2)
    # A place that stands still while the light falls keeps what was seen of it in more light.
    return _PastFrame(kept, changed, gain if changed.all() else max(gain, before.gain))


def _blurred(values: Any) -> FloatArray:
    """A map with softer edges."""
    return cv2.GaussianBlur(np.asarray(values, np.float32), (0, 0), 1.0)
