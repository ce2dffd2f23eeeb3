"""Optical flow between two frames (OpenCV's DIS), and how far to trust it.

The weights are those of Ruder, Dosovitskiy, Brox 2016 ("Artistic style transfer for videos"), made soft,
and one of ours: where the two frames look different along the flow, the flow is wrong.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from pipeline.base.arrays import FloatArray, Frame, GreyFrame, Mask
from pipeline.motion import warping

SMALLEST_SIDE = 32
"""Pixels: a patch of 8 at a quarter of the size. On smaller frames that are much wider than high, DIS reads
beyond its memory."""

QUALITIES = {
    "fast": cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST,
    "medium": cv2.DISOPTICAL_FLOW_PRESET_FAST,
    "high": cv2.DISOPTICAL_FLOW_PRESET_MEDIUM,
}
"""DIS presets (Kroeger et al. 2016); ``high`` works at half the frame's size, the others at a quarter."""

NEXT_LOWER = {"high": "medium", "medium": "fast", "fast": "fast"}
"""The quality for flows that matter less: those from farther back."""

_BLUR = 1.0
"""Standard deviation, in pixels, of the blur that makes the weights soft."""

_BOUNDARY = 0.01
"""Squared change of the flow from pixel to pixel, (px/px)², at a motion boundary. The paper's 0.002 is for a
variational flow; the flow of DIS varies by more on plain walls."""

_SAME_PLACE, _OTHER_PLACE = 20.0, 50.0
"""Levels of 0..255: two places that differ by less are the same place, by more are different places."""


@dataclass(frozen=True, eq=False)
class Motion:
    """Where each pixel of a frame was in an earlier one.

    Attributes:
        flow: (H, W, 2) float32, in pixels, x before y: the pixel at p was at p + flow[p].
        weights: (H, W) float32, 0 to 1: how far to trust the flow.
    """

    flow: FloatArray
    weights: FloatArray


@dataclass(frozen=True, eq=False)
class Estimate(Motion):
    """A motion that was estimated.

    Attributes:
        hidden: (H, W): True where the earlier frame has no match: occluded, outside the frame, of another
            brightness, or at a motion boundary. The weights there are 0.
    """

    hidden: Mask


def between(earlier: Frame, later: Frame, quality: str = "high") -> Estimate:
    """Where each pixel of ``later`` was in ``earlier``; both have the same size.

    Args:
        quality: one of :data:`QUALITIES`.
    """
    before, now = (cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in (earlier, later))
    backward, forward = estimate(now, before, quality), estimate(before, now, quality)
    likeness = _likeness(before, now, backward)
    # DIS continues the flow smoothly over newly visible places: only a motion boundary shows them.
    hidden = without_specks(occluded(backward, forward) | motion_boundary(backward) | (likeness < 0.5))
    visible = ~hidden
    weights = cv2.GaussianBlur(visible.astype(np.float32), (0, 0), _BLUR)
    weights *= visible  # the blur must not reach into hidden places
    weights *= likeness
    return Estimate(backward, weights, hidden)


def estimate(source: GreyFrame, target: GreyFrame, quality: str = "high") -> FloatArray:
    """DIS flow (H, W, 2) from ``source`` to ``target``, both (H, W) grey."""
    height, width = source.shape
    padding = (0, max(0, SMALLEST_SIDE - height)), (0, max(0, SMALLEST_SIDE - width))
    padded: list[Any] = [np.pad(frame, padding, mode="edge") for frame in (source, target)]
    flow = cv2.DISOpticalFlow.create(QUALITIES[quality]).calc(padded[0], padded[1], None)
    return np.ascontiguousarray(flow[:height, :width])


def occluded(backward: FloatArray, forward: FloatArray) -> Mask:
    """(H, W): where the later frame shows places that the earlier one does not.

    |w + ŵ|² > 0.01 (|w|² + |ŵ|²) + 0.5, ŵ the forward flow where the backward flow w leads (Sundaram,
    Brox, Keutzer 2010); or w leads out of the frame.
    """
    back = warping.warp(forward, backward, cv2.INTER_LINEAR)
    squares = _squares(backward) + _squares(back)
    return (_squares(backward + back) > 0.01 * squares + 0.5) | ~warping.inside(backward)


def motion_boundary(backward: FloatArray) -> Mask:
    """(H, W): where two motions meet: |∇u|² + |∇v|² > 0.01 |w|² + 0.01."""
    gradients = [
        _squares(cv2.Sobel(backward, cv2.CV_32F, *axis, ksize=3, scale=1 / 8)) for axis in ((1, 0), (0, 1))
    ]
    return gradients[0] + gradients[1] > 0.01 * _squares(backward) + _BOUNDARY


def _likeness(before: GreyFrame, now: GreyFrame, backward: FloatArray) -> FloatArray:
    """(H, W), from 1 where the two frames look the same along the flow, to 0 where they do not."""
    moved = warping.warp(before, backward, cv2.INTER_LINEAR)
    difference = cv2.blur(cv2.absdiff(moved, now).astype(np.float32), (5, 5))
    return np.clip((_OTHER_PLACE - difference) / (_OTHER_PLACE - _SAME_PLACE), 0, 1)


def without_specks(mask: Mask) -> Mask:
    """``mask`` (H, W) without parts of a few pixels: noise, or errors of DIS in foliage and water."""
    return cv2.medianBlur(mask.astype(np.uint8), 5).astype(bool)


def _squares(flow: FloatArray) -> FloatArray:
    """|w|² (H, W)."""
    return np.square(flow[..., 0]) + np.square(flow[..., 1])
