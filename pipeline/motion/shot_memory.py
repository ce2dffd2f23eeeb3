"""What a frame that follows others starts from, and how far it is held there.

After Ruder, Dosovitskiy, Brox 2016 ("Artistic style transfer for videos"): the last pastiche moved along the
flow; where things were hidden then, an earlier one (their long-term terms), else the content. Ours: what
stands still stays as it is; and what has only just come into sight is held less, as long as it moves, so that
it can ripen.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np

from pipeline.base.arrays import FloatArray, Frame, Mask
from pipeline.core.frame_start import TemporalTerms
from pipeline.motion import flow, unchanged
from pipeline.motion.flow import Estimate

GAPS = (1, 2, 4)
"""How many frames back a frame looks, the farther ones where the nearer were hidden."""

RIPENING = 8
"""Frames until what came into sight is held like everything else."""

_WORTH_A_LOOK = 0.002
"""Share of the frame that has to be hidden for a look farther back."""

_HARDER = 9.0
"""What stands still weighs so many times more: it will be given back as it was, whatever became of it, so
what moves must not rely on its changing."""

_REACH = 0.02
"""Share of the longest side within which what stands still may adapt to what changed beside it."""


@dataclass(eq=False)
class _View:
    """A frame of the source.

    Attributes:
        frame: without the noise of what stands still.
        changed: where it is not as the one before.
        motions: how it came from earlier ones, by gap: the last, and those that know what that hid.
        fresh: see :class:`TemporalTerms`. Both come when they are needed.
    """

    frame: Frame
    changed: Mask
    motions: dict[int, Estimate] = field(default_factory=dict)
    fresh: FloatArray | None = None


class ShotMemory:
    """The last frames of one shot: of the source alone, so that it can be had again for any frame."""

    def __init__(self, quality: str = "high") -> None:
        """``quality``: of the flow, one of :data:`pipeline.motion.flow.QUALITIES`."""
        self._quality = quality
        self._views: deque[_View] = deque(maxlen=RIPENING + max(GAPS) + 1)

    def add_frame(self, frame: Frame) -> None:
        """The shot's next frame."""
        if self._views:
            self._views[-1].motions = {}  # only the newest is asked for them
            self._views.append(_View(*unchanged.hold(self._views[-1].frame, frame)))
        else:
            self._views.append(_View(frame, np.ones(frame.shape[:2], bool)))

    @property
    def frame(self) -> Frame:
        """The last frame, without the noise of what stands still."""
        return self._views[-1].frame

    @property
    def is_unchanged(self) -> bool:
        """Whether the last frame is the same as the one before."""
        return not self._views[-1].changed.any()

    def start_and_hold(
        self, pastiche: Callable[[int], FloatArray], unit: float
    ) -> tuple[FloatArray, TemporalTerms]:
        """What the last frame starts from, and its hold.

        Args:
            pastiche: gives the pastiche (H, W, 3) so many frames before the last, of :data:`GAPS`.
            unit: see :class:`TemporalTerms`.

        Returns:
            Earlier pastiches (H, W, 3), moved to where things are now; and the hold.
        """
        fresh = self._freshness(len(self._views) - 1)
        view = self._views[-1]
        start, weights, hidden = pastiche(1), np.zeros(fresh.shape, np.float32), np.ones(fresh.shape, bool)
        for gap, motion in view.motions.items():
            shown = hidden & ~motion.hidden
            start = np.where(shown[..., None], flow.warp(pastiche(gap), motion.flow), start)
            weights = np.where(shown, motion.weights, weights)
            hidden &= motion.hidden
        changeable = unchanged.around(view.changed, max(1, round(_REACH * max(fresh.shape))))
        init_share = np.where(changeable == 0, 1, _soft(~hidden))
        weights = weights * (1 - fresh) * (1 + _HARDER * (1 - changeable))
        return start, TemporalTerms(init_share, _soft(fresh), weights.astype(np.float32), changeable, unit)

    def _freshness(self, at: int) -> FloatArray:
        """Of the view in place ``at``.

        It moves with what it is of, to the nearest pixel, so that after :data:`RIPENING` frames nothing is
        left of any: however far back it is begun, it comes out the same.
        """
        view = self._views[at]
        if view.fresh is None and at <= max(0, len(self._views) - 1 - RIPENING):
            return np.zeros(view.changed.shape, np.float32)
        if view.fresh is None:
            before, motions = self._freshness(at - 1), self._motions(at)
            older = flow.warp(before, motions[1].flow, cv2.INTER_NEAREST) - (1 / RIPENING + 1e-3)
            hidden = np.all([motion.hidden for motion in motions.values()], axis=0)
            if view is self._views[-1]:
                view.motions = motions
            view.fresh = np.where(hidden, 1, np.maximum(older, 0)).astype(np.float32)
        return view.fresh

    def _motions(self, at: int) -> dict[int, Estimate]:
        """How the view in place ``at`` came from the last; and from earlier ones, if that hid much of it."""
        motions = {1: self._motion(at, 1)}
        if (motions[1].hidden & flow.inside(motions[1].flow)).mean() > _WORTH_A_LOOK:
            motions |= {gap: self._motion(at, gap) for gap in GAPS[1:] if gap <= at}
        return motions

    def _motion(self, at: int, gap: int) -> Estimate:
        """How a view came from the one ``gap`` before it; what stood still all the while did not move."""
        views = [self._views[number] for number in range(at - gap, at + 1)]
        if any(view.changed.all() for view in views[1:]):
            # The camera moved: what looks the same may yet be another place.
            changed = np.ones_like(views[-1].changed)
        else:
            changed = unchanged.unlike(views[-1].frame, views[0].frame)
        if not changed.any():
            nothing = np.zeros((*changed.shape, 2), np.float32)
            return Estimate(nothing, np.ones(changed.shape, np.float32), changed)
        quality = self._quality if gap == 1 else flow.NEXT_LOWER[self._quality]
        found = flow.between(views[0].frame, views[-1].frame, quality)
        weights = np.where(changed, found.weights, 1)
        return Estimate(found.flow * changed[..., None], weights, found.hidden & changed)


def _soft(values: Any) -> FloatArray:
    """A map with softer edges."""
    soft: FloatArray = cv2.GaussianBlur(np.asarray(values, np.float32), (0, 0), 1.0)
    return soft
