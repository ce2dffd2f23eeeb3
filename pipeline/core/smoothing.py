"""Average-pool and upsample: removes the noise that the optimizer leaves in the iterate."""

from typing import Any

import numpy as np
import numpy.typing as npt
from keras import ops

from pipeline.base.resizing import pad_to_even


def pool_and_upsample(image: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """Average over 2x2 pixels, then back to the exact size by bilinear interpolation.

    An odd last row or column is averaged with a copy of itself, so no border darkens and a picture of one
    colour stays the same.

    Args:
        image: (H, W, 3), any units.

    Returns:
        float32 of the same shape.
    """
    pixels = np.asarray(image, np.float32)
    height, width = pixels.shape[:2]
    even = pad_to_even(pixels)[None]
    pooled = ops.average_pool(even, 2, strides=2, padding="valid", data_format="channels_last")
    upsampled = _twice_as_large(pooled)[:height, :width]
    return np.ascontiguousarray(upsampled)


def _twice_as_large(pooled: Any) -> npt.NDArray[np.float32]:
    """(1, h, w, 3) -> (2h, 2w, 3), bilinear about pixel centres."""
    size = (2 * pooled.shape[1], 2 * pooled.shape[2])
    enlarged = ops.image.resize(pooled, size, interpolation="bilinear", data_format="channels_last")
    return np.asarray(ops.convert_to_numpy(enlarged)[0], np.float32)
