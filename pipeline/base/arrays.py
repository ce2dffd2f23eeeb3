"""The types of arrays: pictures, frames, masks, filters. Each is named once, here."""

from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]
"""Pixels of 0..255 (H, W, 3), activations (h, w, N), maps (H, W), filters."""

DoubleArray = npt.NDArray[np.float64]
"""Intermediate results in double precision."""

AnyArray = npt.NDArray[Any]

Frame = npt.NDArray[np.uint8]
"""A frame of a clip (H, W, 3), RGB."""

GreyFrame = npt.NDArray[np.uint8]
"""A frame of a clip in grey (H, W)."""

Mask = npt.NDArray[np.bool_]
"""One truth value for each pixel (H, W)."""

Size = tuple[int, int]
"""(height, width) in pixels."""
