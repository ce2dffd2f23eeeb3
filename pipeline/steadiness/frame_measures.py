"""Measures of one frame of a pastiche: the warping error, drift, departure, flicker and sharpness.

Pictures are (H, W, 3) RGB float32, 0..255; levels are steps of that scale.
"""

import cv2
import numpy as np

from pipeline.base.arrays import FloatArray, Frame, Mask
from pipeline.motion import warping
from pipeline.motion.flow import Motion

STILL = 3.0
"""Levels of 0..255: a place of the source stands still where its local mean absolute difference is less."""

SMALLEST_SHARE = 0.01
"""Share of the frame that a measure needs: fewer pixels say nothing about the clip."""


def warping_error(earlier: FloatArray, later: FloatArray, motion: Motion) -> float | None:
    """Mean of ((later - warped earlier) / 255)² over pixels, as ``motion`` weighs them, and channels.

    Lai et al. 2018 ("Learning blind video temporal consistency"), with soft weights. None if the
    weights are too small, see :data:`SMALLEST_SHARE`.
    """
    if motion.weights.mean() < SMALLEST_SHARE:
        return None
    squares = np.square((later - warping.warp(earlier, motion.flow)) / 255).mean(axis=2)
    return float(np.average(squares, weights=motion.weights))


def stands_still(one: Frame, other: Frame) -> Mask:
    """(H, W): where two frames of the source, uint8, are the same up to noise, in every channel.

    A plain wall that slides along itself looks still, and counts as still.
    """
    difference = cv2.blur(cv2.absdiff(one, other).astype(np.float32), (5, 5))
    return difference.max(axis=2) < STILL


def drift(first: FloatArray, now: FloatArray, still: Mask) -> float | None:
    """How far the mean colour has moved over ``still`` (H, W), in levels, in the channel that moved most."""
    if still.mean() < SMALLEST_SHARE:
        return None
    return float(np.abs((now - first)[still].mean(axis=0, dtype=float)).max())


def departure(first: FloatArray, now: FloatArray, still: Mask) -> float | None:
    """Root mean square difference over ``still`` (H, W), in levels."""
    if still.mean() < SMALLEST_SHARE:
        return None
    return float(np.sqrt(np.square((now - first)[still]).mean(dtype=float)))


def flicker(before: FloatArray, now: FloatArray, after: FloatArray, still: Mask) -> float | None:
    """Root mean square of (2 now - before - after) / 4 over ``still``, in levels: a change that is undone."""
    return departure((before + after) / np.float32(4), now / np.float32(2), still)


def sharpness(picture: FloatArray) -> float:
    """Variance of the Laplacian (four neighbours) of the grey picture, in levels²."""
    return float(cv2.Laplacian(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.CV_32F).var(dtype=float))
