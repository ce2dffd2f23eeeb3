"""A frame that follows others: where it starts, what holds it there, and what of each scale's work it takes.

At full size that is whatever its temporal hold leaves free. The coarser scales paint what has just come into
sight, which starts from bare content; the rest was painted coarse to fine before. Each scale works on the
whole picture all the same: a few pixels on their own would go to extremes to make up for the rest.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from pipeline.arrays import FloatArray
from pipeline.margins import Margin
from pipeline.scales import Size
from pipeline.temporal import Temporal

_FRESH = 0.25
"""Places that are as fresh as this, 0 to 1, call for the coarser scales."""


@dataclass(frozen=True, eq=False)
class Hold:
    """What the temporal loss holds a frame to.

    Attributes:
        target: (H, W, 3), 0..255.
        weights: (H, W), every factor in them: of a change of the whole range.
    """

    target: FloatArray
    weights: FloatArray


@dataclass(frozen=True, eq=False)
class Start:
    """Where a frame starts, with its rim, and how it is held.

    Attributes:
        pixels: (H, W, 3), 0..255.
        hold: at full size; None: nothing holds the frame.
        free, fresh: as :class:`~pipeline.temporal.Temporal` has them; 1 and 0 where nothing holds the frame.
    """

    pixels: FloatArray
    hold: Hold | None
    free: FloatArray
    fresh: FloatArray

    @property
    def calls_for_coarse_scales(self) -> bool:
        """Whether there is anything that was never painted coarse to fine."""
        return bool((self.fresh > _FRESH).any())

    def taken(self, change: FloatArray) -> FloatArray:
        """What the frame takes of what a scale changed (h, w, 3)."""
        size: Size = change.shape[:2]
        share = self.free if size == self.pixels.shape[:2] else _at(self.fresh, size)
        taken: FloatArray = change * share[..., None]
        return taken


def start(
    content: FloatArray, init: FloatArray, temporal: Temporal | None, margin: Margin, weight: float
) -> Start:
    """Where a frame (H, W, 3) starts that follows ``init``, all without the rim.

    Args:
        content: what it shows, in the colours that it is matched in: the start of what ``init`` cannot give.
        weight: the setting ``temporal_weight``.
    """
    if temporal is None:
        pixels = margin.framed(init)
        return Start(pixels, None, np.ones(pixels.shape[:2], np.float32), np.zeros((1, 1), np.float32))
    # A warp can overshoot the range, and what lies beyond would come back from frame to frame.
    pixels = margin.framed(np.clip(content + temporal.seen[..., None] * (init - content), 0, 255))
    hold = Hold(pixels, margin.framed(np.float32(weight * temporal.unit) * temporal.weights))
    return Start(pixels, hold, margin.framed(temporal.free), margin.framed(temporal.fresh))


def enlarged(change: FloatArray, size: Size) -> FloatArray:
    """What a coarser scale changed (h, w, 3), at a scale of ``size`` (height, width)."""
    larger: FloatArray = cv2.resize(change, size[::-1], interpolation=cv2.INTER_LINEAR)
    return larger


def _at(values: FloatArray, size: Size) -> FloatArray:
    resized: FloatArray = cv2.resize(values, size[::-1], interpolation=cv2.INTER_AREA)
    return resized
