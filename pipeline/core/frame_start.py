"""Where a video frame starts, what holds it there, and how much of each scale's change it keeps.

At full size a frame keeps whatever its temporal terms leave changeable. Coarse scales optimise the whole
frame, but only newly visible places keep the result: the rest was painted coarse to fine in an earlier frame.
(Optimising the new pixels alone diverges: a few pixels go to extremes to make up for the rest.)
"""

from dataclasses import dataclass

import cv2
import numpy as np

from pipeline.base.arrays import FloatArray, Size
from pipeline.core.margins import Margin

NEW_ENOUGH = 0.25
"""Places whose ``newly_visible`` is above this, 0 to 1, need the coarse scales."""


@dataclass(frozen=True, eq=False)
class TemporalTerms:
    """How a frame relates to the earlier pastiches that it starts from.

    Attributes:
        init_share: (H, W), 0 to 1: the share of the earlier pastiches in its start; the rest is its content.
        newly_visible: (H, W), 0 to 1: 1 for what comes into view in this frame, less from frame to frame.
        weights: (H, W), of the temporal loss: 0 to 1, and more for what stands still.
        changeable: (H, W), 0 to 1: how far it may change; 0 for what stands still.
        unit: of the temporal loss: the loss that the shot's first stylised frame ended with.
    """

    init_share: FloatArray
    newly_visible: FloatArray
    weights: FloatArray
    changeable: FloatArray
    unit: float


@dataclass(frozen=True, eq=False)
class TemporalTarget:
    """What the temporal loss compares a frame with.

    Attributes:
        pixels: (H, W, 3), 0..255.
        weights: (H, W), every factor included: what a change of the whole range costs.
    """

    pixels: FloatArray
    weights: FloatArray


@dataclass(frozen=True, eq=False)
class FrameStart:
    """Where a frame starts, with its rim.

    Attributes:
        pixels: (H, W, 3), 0..255.
        target: of the temporal loss, at full size; None: there is no temporal loss.
        changeable, newly_visible: as :class:`TemporalTerms` has them; 1 and 0 without temporal terms.
    """

    pixels: FloatArray
    target: TemporalTarget | None
    changeable: FloatArray
    newly_visible: FloatArray

    @property
    def needs_coarse_scales(self) -> bool:
        """Whether anything in the frame was never painted coarse to fine."""
        return bool((self.newly_visible > NEW_ENOUGH).any())

    def kept(self, change: FloatArray) -> FloatArray:
        """The part of one scale's change (h, w, 3) that the frame keeps."""
        size: Size = change.shape[:2]
        if size == self.pixels.shape[:2]:
            return change * self.changeable[..., None]
        share = cv2.resize(self.newly_visible, size[::-1], interpolation=cv2.INTER_AREA)
        return change * np.asarray(share)[..., None]


def frame_start(
    content: FloatArray, init: FloatArray, terms: TemporalTerms | None, margin: Margin, weight: float
) -> FrameStart:
    """Where a frame (H, W, 3) starts that follows earlier pastiches; all arguments are without the rim.

    Args:
        content: the frame's content, in the colours that it is matched in: the start of newly visible places.
        init: the earlier pastiches, moved to where things are now.
        terms: None: the frame starts from ``init`` everywhere, with no temporal loss.
        weight: the setting ``temporal_weight``.
    """
    if terms is None:
        pixels = margin.framed(init)
        return FrameStart(pixels, None, np.ones(pixels.shape[:2], np.float32), np.zeros((1, 1), np.float32))
    # A warp can overshoot the range, and what lies beyond would return from frame to frame.
    pixels = margin.framed(np.clip(content + terms.init_share[..., None] * (init - content), 0, 255))
    target = TemporalTarget(pixels, margin.framed(np.float32(weight * terms.unit) * terms.weights))
    return FrameStart(pixels, target, margin.framed(terms.changeable), margin.framed(terms.newly_visible))


def enlarged(change: FloatArray, size: Size) -> FloatArray:
    """What a coarser scale changed (h, w, 3), at a scale of ``size`` (height, width)."""
    return np.asarray(cv2.resize(change, size[::-1], interpolation=cv2.INTER_LINEAR), np.float32)
