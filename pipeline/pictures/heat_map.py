"""Numbers as colours."""

import cv2
import numpy as np

from pipeline.base.arrays import AnyArray, FloatArray


def heat_map(shares: AnyArray) -> FloatArray:
    """Numbers (H, W) of 0..1 as colours (H, W, 3), RGB 0..255: black, red, yellow (matplotlib's inferno).

    What is below 0 or above 1 has the colour of 0 or 1.
    """
    levels = np.rint(255 * np.clip(shares, 0, 1)).astype(np.uint8)
    return cv2.applyColorMap(levels, cv2.COLORMAP_INFERNO)[..., ::-1].astype(np.float32)
