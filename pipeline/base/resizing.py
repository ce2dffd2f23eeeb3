"""Sizes that fit into a longest side, and resized arrays."""

import cv2
import numpy as np

from pipeline.base.arrays import AnyArray, FloatArray, Size


def size_to_fit(size: Size, longest_side: int) -> Size:
    """The (height, width) of ``size`` shrunk so that the longest side is exactly ``longest_side``.

    A size that fits already is returned unchanged; no side is below one pixel.
    """
    longest = max(size)
    if longest <= longest_side:
        return size
    height, width = (max(1, (2 * side * longest_side + longest) // (2 * longest)) for side in size)
    return height, width


def resize(pixels: FloatArray, size: Size) -> FloatArray:
    """A resized copy of (H, W, 3) or (H, W), clipped to 0..255.

    ``size`` is (height, width). Area averages where neither side grows, else cubic interpolation.
    """
    height, width = size
    if pixels.shape[:2] != (height, width):
        shrinks = height <= pixels.shape[0] and width <= pixels.shape[1]
        pixels = cv2.resize(
            pixels, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
        )
    return np.clip(pixels, 0, 255).astype(np.float32)


def pad_to_even(pixels: AnyArray) -> AnyArray:
    """The picture (H, W, 3) with its last row or column repeated where their number is odd."""
    height, width = pixels.shape[:2]
    return np.pad(pixels, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
