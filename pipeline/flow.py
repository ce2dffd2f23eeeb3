"""How things move between two frames: optical flow (OpenCV's DIS), warping along it, where to trust it.

The weights are those of Ruder, Dosovitskiy, Brox 2016 ("Artistic style transfer for videos"), made soft,
and one of our own: what does not look the same where the flow leads was not followed.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from pipeline.arrays import FloatArray

Frame = np.ndarray[Any, np.dtype[np.uint8]]
"""(H, W, 3), RGB."""

SMALLEST_SIDE = 32
"""Pixels: a patch of 8 at a quarter of the size. With less, and much wider than high, DIS reads beyond its
memory."""

QUALITIES = {
    "fast": cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST,
    "medium": cv2.DISOPTICAL_FLOW_PRESET_FAST,
    "high": cv2.DISOPTICAL_FLOW_PRESET_MEDIUM,
}
"""DIS presets (Kroeger et al. 2016); the last works at half the picture's size, the others at a quarter."""

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
        weights: (H, W) float32, 0 to 1: 0 where it was hidden, outside, or the flow is not to be trusted.
    """

    flow: FloatArray
    weights: FloatArray


def between(earlier: Frame, later: Frame, quality: str = "high") -> Motion:
    """How ``later`` came from ``earlier``; both of one size.

    Args:
        quality: one of :data:`QUALITIES`.
    """
    grey = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in (earlier, later)]
    backward, forward = estimate(grey[1], grey[0], quality), estimate(grey[0], grey[1], quality)
    kept = ~(occluded(backward, forward) | motion_boundary(backward))
    weights = cv2.GaussianBlur(kept.astype(np.float32), (0, 0), _BLUR)
    weights *= kept  # soft inwards only: nothing comes back that was hidden
    weights *= _looks_the_same(earlier, later, backward)
    return Motion(backward, weights)


def estimate(source: Frame, target: Frame, quality: str = "high") -> FloatArray:
    """DIS flow (H, W, 2) from ``source`` to ``target``, both (H, W) grey."""
    height, width = source.shape
    rims = (0, max(0, SMALLEST_SIDE - height)), (0, max(0, SMALLEST_SIDE - width))
    padded = (np.pad(picture, rims, mode="edge") for picture in (source, target))
    flow = cv2.DISOpticalFlow.create(QUALITIES[quality]).calc(*padded, None)
    return np.ascontiguousarray(flow[:height, :width])


def warp(picture: FloatArray, flow: FloatArray) -> FloatArray:
    """``picture`` (H, W) or (H, W, N) seen along ``flow``: at p what it has at p + flow[p].

    Bicubic, since a bilinear warp takes sharpness away at every frame. Beyond a border its edge goes on.
    """
    places = flow + _grid(*flow.shape[:2])
    warped: FloatArray = cv2.remap(picture, places, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return warped


def inside(flow: FloatArray) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """(H, W): whether ``flow`` leads to a place within the frame."""
    height, width = flow.shape[:2]
    x, y = np.moveaxis(flow + _grid(height, width), 2, 0)
    within: np.ndarray[Any, np.dtype[np.bool_]] = (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)
    return within


def occluded(backward: FloatArray, forward: FloatArray) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """(H, W): where the later frame shows what the earlier did not.

    |w + ŵ|² > 0.01 (|w|² + |ŵ|²) + 0.5, ŵ the forward flow where the backward flow w leads (Sundaram,
    Brox, Keutzer 2010); or w leads out of the frame.
    """
    back = warp(forward, backward)
    squares = _squares(backward) + _squares(back)
    return (_squares(backward + back) > 0.01 * squares + 0.5) | ~inside(backward)


def motion_boundary(backward: FloatArray) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """(H, W): where two motions meet: |∇u|² + |∇v|² > 0.01 |w|² + 0.01."""
    gradients = sum(
        _squares(cv2.Sobel(backward, cv2.CV_32F, *axis, ksize=3, scale=1 / 8)) for axis in ((1, 0), (0, 1))
    )
    boundary: np.ndarray[Any, np.dtype[np.bool_]] = gradients > 0.01 * _squares(backward) + _BOUNDARY
    return boundary


def _looks_the_same(earlier: Frame, later: Frame, backward: FloatArray) -> FloatArray:
    """(H, W), 1 where the later frame looks like the place in the earlier that it came from, 0 where not."""
    warped = warp(earlier.astype(np.float32), backward)
    difference = cv2.blur(np.abs(warped - later), (5, 5)).max(axis=2)
    same: FloatArray = np.clip((_OTHER - difference) / (_OTHER - _SAME), 0, 1)
    return same


def _squares(flow: FloatArray) -> FloatArray:
    """|w|² (H, W)."""
    squares: FloatArray = np.square(flow[..., 0]) + np.square(flow[..., 1])
    return squares


def _grid(height: int, width: int) -> FloatArray:
    """(H, W, 2): each pixel's own place, x before y."""
    return np.dstack(np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)))
