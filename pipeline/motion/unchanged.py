"""Where a clip stands still: frames without noise in the places that did not change."""

import math
from typing import Any

import cv2
import numpy as np

from pipeline.base.arrays import FloatArray, Frame, GreyFrame, Mask
from pipeline.motion import flow

MIN_NOISE, MAX_NOISE = 2.0, 12.0
"""Standard deviations in levels of 0..255: the least that an encoder leaves on a still wall; and the coarsest
grain that counts as noise."""

NEIGHBOURHOOD = 7
"""Pixels on a side of the square whose mean is compared."""

NOISE_SIGMAS = 6.0
"""Standard deviations of that mean: noise hardly ever differs by more."""

MIN_TEXTURE = 3.0
"""Levels from pixel to pixel: a place with less texture does not show whether it moved."""

RIM = 0.12
"""Share of the frame's shorter side: how wide the rim is in which the camera's motion is looked for. There
it shows best, since the objects that move are mostly farther in."""

CAMERA_MOTION_PX, CHANGED_SHARE = 0.3, 0.25
"""The camera moved if, of the textured pixels of the rim, more than this share changed, and their median
motion is more than so many pixels."""


def keep_unchanged(before: Frame, frame: Frame, tolerance: float = 0.0) -> tuple[Frame, Mask]:
    """Replace the pixels of ``frame`` that did not change by those of ``before``.

    ``before`` is the result for the frame before: slow changes add up against it, and are taken over when
    they exceed the noise. If the camera moves, everything counts as changed: a plain sky that moves with it
    only looks still.

    Args:
        tolerance: see :func:`differs`.

    Returns:
        The frame (H, W, 3); and where it changed (H, W).
    """
    changed = differs(frame, before, tolerance)
    if _camera_moved(before, frame, changed):
        return frame, np.ones_like(changed)
    return np.where(changed[..., None], frame, before), changed


def differs(one: Frame, other: Frame, tolerance: float = 0.0) -> Mask:
    """(H, W): where two frames differ by more than noise: by the mean of a neighbourhood, or by pixels.

    Parts that are smaller than the neighbourhood of any real change count as noise.

    Args:
        tolerance: levels by which the frames may differ in addition, anywhere.
    """
    difference = cv2.subtract(one, other, dtype=cv2.CV_32F)
    # The mean at a border is of fewer pixels, so its noise is larger: pixels outside count as the same.
    mean, size = (
        _mean_around(part, cv2.BORDER_CONSTANT) for part in (difference, cv2.absdiff(difference, 0))
    )
    noise = _noise(size)
    limit_of_mean = NOISE_SIGMAS * noise / NEIGHBOURHOOD + tolerance
    differing = ((cv2.absdiff(mean, 0) > limit_of_mean) | (size > noise + limit_of_mean)).any(axis=2)
    return flow.without_specks(differing)


def _noise(size: FloatArray) -> float:
    """Standard deviation of the difference of two frames where nothing moves, from its local mean size.

    A fifth of nearly every picture is so plain that no motion shows there.
    """
    quiet = np.quantile(size[::NEIGHBOURHOOD, ::NEIGHBOURHOOD], 0.2) * math.sqrt(math.pi / 2)
    return float(np.clip(quiet, MIN_NOISE, MAX_NOISE))


def feathered(mask: Mask, radius: int) -> FloatArray:
    """(H, W): 1 within ``mask``, falling across its edge to 0 at ``radius`` pixels outside it."""
    near = radius // 2
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * near + 1, 2 * near + 1))
    side = 2 * (radius - near) + 1
    return cv2.blur(cv2.dilate(mask.astype(np.float32), disc), (side, side))


def _camera_moved(before: Frame, frame: Frame, changed: Mask) -> bool:
    grey, earlier = (cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) for picture in (frame, before))
    compared = _has_texture(grey) & _rim(grey.shape)
    if changed[compared].sum() <= CHANGED_SHARE * compared.sum():
        return False
    x, y = np.moveaxis(flow.estimate(grey, earlier, "fast")[compared], 1, 0)
    return bool(np.median(np.hypot(x, y)) > CAMERA_MOTION_PX)


def _has_texture(grey: GreyFrame) -> Mask:
    smooth = _mean_around(grey.astype(np.float32))
    x, y = (cv2.Sobel(smooth, cv2.CV_32F, *axis, ksize=3, scale=1 / 8) for axis in ((1, 0), (0, 1)))
    return np.hypot(x, y) > MIN_TEXTURE


def _rim(size: tuple[int, ...]) -> Mask:
    width = max(1, round(RIM * min(size)))
    rim = np.ones(size, bool)
    rim[width:-width, width:-width] = False
    return rim


def _mean_around(picture: Any, border: int = cv2.BORDER_REPLICATE) -> Any:
    return cv2.blur(picture, (NEIGHBOURHOOD, NEIGHBOURHOOD), borderType=border)
