"""Warp a picture along a flow: what a frame takes over from an earlier one."""

import cv2
import numpy as np

from pipeline.base.arrays import AnyArray, FloatArray, Mask


def warp(picture: AnyArray, flow: FloatArray, interpolation: int = cv2.INTER_LANCZOS4) -> AnyArray:
    """``picture`` (H, W) or (H, W, N) moved along ``flow``: the value at p is that of p + flow[p].

    The default is Lanczos' filter: over many frames a bilinear warp blurs, and OpenCV's bicubic one draws
    ridges. Pixels outside the picture have the value of the nearest pixel of its border.
    """
    places = flow + _grid(*flow.shape[:2])
    return cv2.remap(picture, places, None, interpolation, borderMode=cv2.BORDER_REPLICATE)


def inside(flow: FloatArray) -> Mask:
    """(H, W): whether ``flow`` leads to a place within the frame."""
    height, width = flow.shape[:2]
    x, y = np.moveaxis(flow + _grid(height, width), 2, 0)
    return (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)


def _grid(height: int, width: int) -> FloatArray:
    """(H, W, 2): the coordinates of each pixel, x before y."""
    return np.dstack(np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)))
