"""How things move between two frames: optical flow (OpenCV's DIS), warping along it, where to trust it.

The weights are those of Ruder, Dosovitskiy, Brox 2016 ("Artistic style transfer for videos"), made soft,
and one of our own: what does not look the same where the flow leads was not followed.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from pipeline.base.arrays import AnyArray, FloatArray, Frame, GreyFrame, Mask

SMALLEST_SIDE = 32
"""Pixels: a patch of 8 at a quarter of the size. With less, and much wider than high, DIS reads beyond its
memory."""

QUALITIES = {
    "fast": cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST,
    "medium": cv2.DISOPTICAL_FLOW_PRESET_FAST,
    "high": cv2.DISOPTICAL_FLOW_PRESET_MEDIUM,
}
"""DIS presets (Kroeger et al. 2016); the last works at half the picture's size, the others at a quarter."""

NEXT_LOWER = {"high": "medium", "medium": "fast", "fast": "fast"}
"""The quality for what matters less."""

_BLUR = 1.0
"""Standard deviation in pixels of the blur that makes the weights soft."""

_BOUNDARY = 0.01
"""Squared change of the flow from pixel to pixel, (px/px)², of a motion boundary. The paper's 0.002 is for a
variational flow: DIS wavers by more on plain walls."""

_SAME, _OTHER = 20.0, 50.0
"""Levels of 0..255: places that differ by less look the same, by more are other places."""


@dataclass(frozen=True, eq=False)
class Motion:
    """Where each pixel of a frame was in an earlier one.

    Attributes:
        flow: (H, W, 2) float32, in pixels, x before y: what is at p now was at p + flow[p].
        weights: (H, W) float32, 0 to 1: how far the flow is to be trusted.
    """

    flow: FloatArray
    weights: FloatArray


@dataclass(frozen=True, eq=False)
class Estimate(Motion):
    """A motion that was estimated.

    Attributes:
        hidden: (H, W): what was not to be seen then: behind something, outside, or it looked otherwise; or
            it cannot be told, since two motions meet there. Its weights are 0.
    """

    hidden: Mask


def between(earlier: Frame, later: Frame, quality: str = "high") -> Estimate:
    """How ``later`` came from ``earlier``; both of one size.

    Args:
        quality: one of :data:`QUALITIES`.
    """
    before, now = (cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in (earlier, later))
    backward, forward = estimate(now, before, quality), estimate(before, now, quality)
    likeness = _likeness(before, now, backward)
    # DIS draws the flow out smoothly over what comes into sight: there it is a boundary that tells.
    hidden = without_specks(occluded(backward, forward) | motion_boundary(backward) | (likeness < 0.5))
    kept = ~hidden
    weights = cv2.GaussianBlur(kept.astype(np.float32), (0, 0), _BLUR)
    weights *= kept  # soft inwards only: nothing comes back that was hidden
    weights *= likeness
    return Estimate(backward, weights, hidden)


def estimate(source: GreyFrame, target: GreyFrame, quality: str = "high") -> FloatArray:
    """DIS flow (H, W, 2) from ``source`` to ``target``, both (H, W) grey."""
    height, width = source.shape
    rims = (0, max(0, SMALLEST_SIDE - height)), (0, max(0, SMALLEST_SIDE - width))
    padded: list[Any] = [np.pad(picture, rims, mode="edge") for picture in (source, target)]
    flow = cv2.DISOpticalFlow.create(QUALITIES[quality]).calc(padded[0], padded[1], None)
    return np.ascontiguousarray(flow[:height, :width])


def warp(picture: AnyArray, flow: FloatArray, interpolation: int = cv2.INTER_LANCZOS4) -> AnyArray:
    """``picture`` (H, W) or (H, W, N) seen along ``flow``: at p what it has at p + flow[p].

    By Lanczos' filter if not told otherwise: frame after frame a bilinear warp would blur, and OpenCV's
    bicubic one draws ridges. Beyond a border its edge goes on.
    """
    places = flow + _grid(*flow.shape[:2])
    warped: AnyArray = cv2.remap(picture, places, None, interpolation, borderMode=cv2.BORDER_REPLICATE)
    return warped


def inside(flow: FloatArray) -> Mask:
    """(H, W): whether ``flow`` leads to a place within the frame."""
    height, width = flow.shape[:2]
    x, y = np.moveaxis(flow + _grid(height, width), 2, 0)
    within: Mask = (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)
    return within


def occluded(backward: FloatArray, forward: FloatArray) -> Mask:
    """(H, W): where the later frame shows what the earlier did not.

    |w + ŵ|² > 0.01 (|w|² + |ŵ|²) + 0.5, ŵ the forward flow where the backward flow w leads (Sundaram,
    Brox, Keutzer 2010); or w leads out of the frame.
    """
    back = warp(forward, backward, cv2.INTER_LINEAR)
    squares = _squares(backward) + _squares(back)
    return (_squares(backward + back) > 0.01 * squares + 0.5) | ~inside(backward)


def motion_boundary(backward: FloatArray) -> Mask:
    """(H, W): where two motions meet: |∇u|² + |∇v|² > 0.01 |w|² + 0.01."""
    gradients = sum(
        _squares(cv2.Sobel(backward, cv2.CV_32F, *axis, ksize=3, scale=1 / 8)) for axis in ((1, 0), (0, 1))
    )
    boundary: Mask = gradients > 0.01 * _squares(backward) + _BOUNDARY
    return boundary


def _likeness(before: GreyFrame, now: GreyFrame, backward: FloatArray) -> FloatArray:
    """(H, W), 1 where the frame looks like the place in the earlier one that it came from, 0 where not."""
    difference = cv2.blur(
        cv2.absdiff(warp(before, backward, cv2.INTER_LINEAR), now).astype(np.float32), (5, 5)
    )
    likeness: FloatArray = np.clip((_OTHER - difference) / (_OTHER - _SAME), 0, 1)
    return likeness


def without_specks(mask: Mask) -> Mask:
    """``mask`` (H, W) without what is smaller than a few pixels: noise, or DIS in foliage and water."""
    cleaned: Mask = cv2.medianBlur(mask.astype(np.uint8), 5).astype(bool)
    return cleaned


def _squares(flow: FloatArray) -> FloatArray:
    """|w|² (H, W)."""
    squares: FloatArray = np.square(flow[..., 0]) + np.square(flow[..., 1])
    return squares


def _grid(height: int, width: int) -> FloatArray:
    """(H, W, 2): each pixel's own place, x before y."""
    return np.dstack(np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)))
