"""Where a clip stands still: frames without the noise of what did not change."""

import math
from typing import Any

import cv2
import numpy as np

from pipeline.base.arrays import FloatArray, Frame, GreyFrame, Mask
from pipeline.motion import flow

_LEAST, _MOST_NOISE = 2.0, 12.0
"""Levels of 0..255: standard deviation of what an encoder leaves on a still wall, and of the coarsest grain
that is taken for noise."""

_SIDE = 7
"""Pixels on a side of the neighbourhood whose mean is compared."""

_SURE = 6.0
"""Deviations of that mean which noise hardly ever reaches."""

_TEXTURE = 3.0
"""Levels from pixel to pixel from which a place would show that it moved."""

_RIM = 0.12
"""Share of the shorter side along the border: there the camera's motion shows, and little else."""

_STEADY, _FEW = 0.3, 0.25
"""Where what has texture along the border moved by more pixels, at the median, and a larger share of it
changed, the camera moved."""


def hold(before: Frame, frame: Frame) -> tuple[Frame, Mask]:
    """``frame`` with what did not change since ``before`` (which came out of this) just as it was there.

    Slow changes add up against the frame that is held, and are taken over when they pass the noise.
    Where the camera moves a plain sky moves with it and looks still: then nothing counts as unchanged.

    Returns:
        The frame (H, W, 3) and (H, W) where it changed.
    """
    changed = unlike(frame, before)
    if _camera_moved(before, frame, changed):
        return frame, np.ones_like(changed)
    return np.where(changed[..., None], frame, before), changed


def unlike(one: Frame, other: Frame) -> Mask:
    """(H, W): where two frames differ by more than noise: the mean of a neighbourhood, or pixel by pixel.

    What is smaller than the neighbourhood of any real change is noise, too.
    """
    difference = cv2.subtract(one, other, dtype=cv2.CV_32F)
    # At a border fewer pixels make up a mean, whose noise is more: those beyond count as alike.
    mean, size = (_blurred(part, cv2.BORDER_CONSTANT) for part in (difference, cv2.absdiff(difference, 0)))
    noise = _noise(size)
    of_mean = _SURE * noise / _SIDE
    differs = ((cv2.absdiff(mean, 0) > of_mean) | (size > noise + of_mean)).any(axis=2)
    return flow.without_specks(differs)


def _noise(size: FloatArray) -> float:
    """Standard deviation of the difference of two frames where nothing moves, from its local mean size.

    A fifth of nearly every picture is so plain that no motion shows there.
    """
    quiet = np.quantile(size[::_SIDE, ::_SIDE], 0.2) * math.sqrt(math.pi / 2)
    return float(np.clip(quiet, _LEAST, _MOST_NOISE))


def around(mask: Mask, reach: int) -> FloatArray:
    """(H, W), 1 within ``mask``, falling across its edge to 0 at ``reach`` pixels from it."""
    near = reach // 2
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * near + 1, 2 * near + 1))
    side = 2 * (reach - near) + 1
    around: FloatArray = cv2.blur(cv2.dilate(mask.astype(np.float32), disc), (side, side))
    return around


def _camera_moved(before: Frame, frame: Frame, changed: Mask) -> bool:
    grey, earlier = (cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) for picture in (frame, before))
    telling = _has_texture(grey) & _rim(grey.shape)
    if changed[telling].sum() <= _FEW * telling.sum():
        return False
    x, y = np.moveaxis(flow.estimate(grey, earlier, "fast")[telling], 1, 0)
    return bool(np.median(np.hypot(x, y)) > _STEADY)


def _has_texture(grey: GreyFrame) -> Mask:
    smooth = _blurred(grey.astype(np.float32))
    x, y = (cv2.Sobel(smooth, cv2.CV_32F, *axis, ksize=3, scale=1 / 8) for axis in ((1, 0), (0, 1)))
    textured: Mask = np.hypot(x, y) > _TEXTURE
    return textured


def _rim(size: tuple[int, ...]) -> Mask:
    width = max(1, round(_RIM * min(size)))
    rim = np.ones(size, bool)
    rim[width:-width, width:-width] = False
    return rim


def _blurred(picture: Any, border: int = cv2.BORDER_REPLICATE) -> Any:
    return cv2.blur(picture, (_SIDE, _SIDE), borderType=border)
