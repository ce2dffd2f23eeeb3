"""A frame that follows others: where it starts at each scale, and what holds it there.

At full size it may change wherever its temporal hold leaves it free. The coarser scales paint only what has
just come into sight, which starts from bare content: everything else was painted coarse to fine before.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from pipeline.arrays import FloatArray
from pipeline.images import resize
from pipeline.margins import Margin
from pipeline.scales import Size
from pipeline.stillness import Mask
from pipeline.temporal import Temporal

_FRESH = 0.25
"""From this freshness on, 0 to 1, the coarser scales paint a place."""

_LEAST_EMPHASIS = 1 / 16
"""What a place of long standing counts at least in the style loss, beside a fresh one's 1."""


@dataclass(frozen=True, eq=False)
class Hold:
    """What holds a frame at one scale.

    Attributes:
        target: (H, W, 3), 0..255: what the temporal loss compares with.
        weights: (H, W), of the temporal loss, every factor in it: of a change of the whole range.
        free: (H, W): where the frame may change at all.
        emphasis: (H, W): what each place counts in the style loss.
    """

    target: FloatArray
    weights: FloatArray
    free: Mask
    emphasis: FloatArray


@dataclass(frozen=True, eq=False)
class Start:
    """Where a frame starts, with its rim, and how it is held.

    Attributes:
        pixels: (H, W, 3), 0..255.
        temporal: its maps with the rim, too; None: nothing holds the frame.
        factor: of the temporal loss.
    """

    pixels: FloatArray
    temporal: Temporal | None
    factor: float

    @property
    def has_fresh_places(self) -> bool:
        """Whether the coarser scales have anything to paint."""
        return self.temporal is not None and bool((_fresh(self.temporal) > _FRESH).any())

    def hold_at(self, size: Size) -> Hold | None:
        """What holds the frame at a scale of ``size`` (height, width)."""
        if self.temporal is None:
            return None
        weights, fresh = _resized(self.temporal.weights, size), _resized(_fresh(self.temporal), size)
        full = size == self.pixels.shape[:2]
        free = self.temporal.free if full else fresh > _FRESH
        return Hold(resize(self.pixels, size), self.factor * weights, free, _emphasis(fresh))


def start(
    content: FloatArray, init: FloatArray, hold: Temporal | None, margin: Margin, weight: float
) -> Start:
    """Where a frame (H, W, 3) starts that follows ``init``, all without the rim.

    Args:
        content: what it shows, in the colours that it is matched in: the start of what ``init`` cannot give.
        weight: the setting ``temporal_weight``.
    """
    if hold is None:
        return Start(margin.framed(init), None, 0)
    pixels = content + hold.seen[..., None] * (init - content)
    framed = Temporal(
        margin.framed(hold.seen), margin.framed(hold.weights), margin.framed(hold.free), hold.unit
    )
    return Start(margin.framed(pixels), framed, weight * hold.unit)


def enlarged(change: FloatArray, size: Size) -> FloatArray:
    """What a coarser scale changed (h, w, 3), at a scale of ``size`` (height, width)."""
    larger: FloatArray = cv2.resize(change, size[::-1], interpolation=cv2.INTER_CUBIC)
    return larger


def _fresh(temporal: Temporal) -> FloatArray:
    """(H, W), 1 where a place has just come into sight, 0 where it was seen for long or stands still."""
    fresh: FloatArray = (1 - temporal.weights) * temporal.free
    return fresh


def _emphasis(fresh: FloatArray) -> FloatArray:
    """What each place counts, so that fresh ones together are half of what counts, as far as that goes.

    The style loss compares means over the whole picture. It is small already where most of the picture is
    painted, and would leave the rest bare.
    """
    share = float(fresh.mean())
    old = 1.0 if share > 0.5 else max(share / (1 - share), _LEAST_EMPHASIS)
    emphasis: FloatArray = fresh + np.float32(old) * (1 - fresh)
    return emphasis if share else np.ones_like(fresh)


def _resized(values: FloatArray, size: Size) -> FloatArray:
    resized: FloatArray = cv2.resize(values, size[::-1], interpolation=cv2.INTER_AREA)
    return resized
