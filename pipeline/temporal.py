"""What a frame that follows others starts from, and how far it is held there.

After Ruder, Dosovitskiy, Brox 2016 ("Artistic style transfer for videos"): the last pastiche moved along the
flow; where things were hidden then, an earlier one (their long-term terms), else the content. Ours: what
stands still stays as it is, and what has only just come into sight is held less, so that it can ripen.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pipeline import flow, stillness
from pipeline.arrays import FloatArray
from pipeline.flow import Frame, Motion
from pipeline.stillness import Mask

GAPS = (1, 2, 4)
"""How many frames back a frame looks."""

_REACH = 0.02
"""Share of the longest side within which what stands still may adapt to what changed beside it."""


@dataclass(frozen=True, eq=False)
class Temporal:
    """How a frame is held to what it starts from.

    Attributes:
        seen: (H, W), 0 to 1: how far it starts from earlier pastiches; the rest is its content.
        weights: (H, W), 0 to 1, of the temporal loss.
        free: (H, W): where it may change at all.
        unit: of the loss: what the shot's first frame ended with.
    """

    seen: FloatArray
    weights: FloatArray
    free: Mask
    unit: float


@dataclass(frozen=True, eq=False)
class _View:
    """A frame without the noise of what stands still, and where it changed since the one before."""

    frame: Frame
    changed: Mask


class Memory:
    """The last frames of one shot: of the source alone, so that it can be had again for any frame."""

    def __init__(self, quality: str = "high") -> None:
        """``quality``: of the flow, one of :data:`pipeline.flow.QUALITIES`."""
        self._quality = quality
        self._views: deque[_View] = deque(maxlen=max(GAPS) + 1)

    def see(self, frame: Frame) -> None:
        """The shot's next frame."""
        if self._views:
            self._views.append(_View(*stillness.hold(self._views[-1].frame, frame)))
        else:
            self._views.append(_View(frame, np.ones(frame.shape[:2], bool)))

    @property
    def frame(self) -> Frame:
        """The last frame, without the noise of what stands still."""
        return self._views[-1].frame

    @property
    def repeats(self) -> bool:
        """Whether the last frame is the same as the one before."""
        return not self._views[-1].changed.any()

    def follow(self, pastiche: Callable[[int], FloatArray], unit: float) -> tuple[FloatArray, Temporal]:
        """What the last frame starts from, and its hold.

        Args:
            pastiche: gives the pastiche (H, W, 3) so many frames before the last, of :data:`GAPS`.
            unit: see :class:`Temporal`.

        Returns:
            Earlier pastiches (H, W, 3), moved to where things are now; and the hold.
        """
        gaps = [gap for gap in GAPS if gap < len(self._views)]
        motions = [self._motion(gap) for gap in gaps]
        start, seen = pastiche(1), np.zeros(self.frame.shape[:2], np.float32)
        for gap, motion in zip(gaps, motions, strict=True):
            new = np.maximum(motion.weights - seen, 0)
            if new.any():
                seen = seen + new
                share = (new / np.maximum(seen, 1e-6))[..., None]
                start = start + share * (flow.warp(pastiche(gap), motion.flow) - start)
        ripe = np.mean([motion.weights for motion in motions], axis=0)
        reach = max(1, round(_REACH * max(seen.shape)))
        return start, Temporal(seen, seen * ripe, stillness.grown(self._views[-1].changed, reach), unit)

    def _motion(self, gap: int) -> Motion:
        """How the last frame came from the one ``gap`` before it; what stood still all the while did not."""
        found = flow.between(self._views[-1 - gap].frame, self.frame, self._quality)
        changed = np.any([view.changed for view in list(self._views)[-gap:]], axis=0)
        return Motion(found.flow * changed[..., None], np.where(changed, found.weights, 1))
