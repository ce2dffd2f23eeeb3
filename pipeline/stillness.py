"""Where a clip stands still: frames without the noise of what did not change."""

from typing import Any

import cv2
import numpy as np

from pipeline.arrays import FloatArray
from pipeline.flow import Frame, Mask

_NOISE_OF_MEAN, _NOISE = 2.0, 7.0
"""Levels of 0..255 by which the mean of a small neighbourhood may differ, and its pixels on the average:
what encoders and sensors leave of a still wall."""

_NEIGHBOURHOOD = 7
"""Pixels on a side of that neighbourhood."""

_TEXTURE = 3.0
"""Levels from pixel to pixel from which a place would show that it moved."""

_RIM, _MOST = 0.12, 0.65
"""Where more than this share of what has texture changed along the border (its width a share of the shorter
side), where the things that a film is about seldom are, it is the camera that moves."""


def hold(before: Frame, frame: Frame) -> tuple[Frame, Mask]:
    """``frame`` with what did not change since ``before`` (which came out of this) just as it was there.

    Slow changes add up against the frame that is held, and are taken over when they pass the noise.
    Where the camera moves a plain sky moves with it and looks still: then nothing counts as unchanged.

    Returns:
        The frame (H, W, 3) and (H, W) where it changed.
    """
    changed = unlike(frame, before)
    telling = _has_texture(before) & _rim(changed.shape)
    if changed[telling].sum() > _MOST * telling.sum():
        return frame, np.ones_like(changed)
    return np.where(changed[..., None], frame, before), changed


def unlike(one: Frame, other: Frame) -> Mask:
    """(H, W): where two frames differ by more than noise."""
    difference = cv2.subtract(one, other, dtype=cv2.CV_32F)
    mean, size = cv2.absdiff(_blurred(difference), 0), _blurred(cv2.absdiff(difference, 0))
    differs: Mask = ((mean > _NOISE_OF_MEAN) | (size > _NOISE)).any(axis=2)
    return differs


def around(mask: Mask, reach: int) -> FloatArray:
    """(H, W), 1 in ``mask`` and near it, falling to 0 at ``reach`` pixels from it."""
    near = reach // 2
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * near + 1, 2 * near + 1))
    side = 2 * (reach - near) + 1
    around: FloatArray = cv2.blur(cv2.dilate(mask.astype(np.float32), disc), (side, side))
    return around


def _has_texture(frame: Frame) -> Mask:
    grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY).astype(np.float32)
    x, y = (cv2.Sobel(_blurred(grey), cv2.CV_32F, *axis, ksize=3, scale=1 / 8) for axis in ((1, 0), (0, 1)))
    textured: Mask = np.hypot(x, y) > _TEXTURE
    return textured


def _rim(size: tuple[int, ...]) -> Mask:
    width = max(1, round(_RIM * min(size)))
    rim = np.ones(size, bool)
    rim[width:-width, width:-width] = False
    return rim


def _blurred(picture: Any) -> Any:
    return cv2.blur(picture, (_NEIGHBOURHOOD, _NEIGHBOURHOOD))
