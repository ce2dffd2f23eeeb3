"""Batches: crops of the pictures at many scales, their colours changed.

A batch is a function of (seed, step) alone, so an interrupted training continues with the same ones.
"""

from collections.abc import Sequence

import cv2
import numpy as np

Array = np.ndarray

CROP = 112
"""Pixels of a crop's side; 7 positions a side in block 5."""

SCALES = (0.25, 1.3)
"""A crop shows its picture at a size between these times its own, evenly in the logarithm."""

Group = tuple[float, Sequence[Array]]
"""The share of the crops that are of these pictures, uint8 (H, W, 3) RGB."""


def training(groups: Sequence[Group], seed: int, step: int, size: int) -> Array:
    """The crops of a step: float32 (size, CROP, CROP, 3) RGB, 0..255."""
    rng = np.random.default_rng([seed, step])
    shares = np.array([share for share, _ in groups])
    chosen = rng.choice(len(groups), size, p=shares / shares.sum())
    crops = [_crop(rng, groups[number][1][rng.integers(len(groups[number][1]))]) for number in chosen]
    return np.stack([_recoloured(rng, crop) for crop in crops])


def _crop(rng: np.random.Generator, picture: Array) -> Array:
    """A square part of the picture, mirrored or turned by chance: float32."""
    longest = min(picture.shape[:2])
    low, high = max(SCALES[0], CROP / longest), SCALES[1]
    side = min(longest, round(CROP / np.exp(rng.uniform(np.log(min(low, high)), np.log(high)))))
    top, left = (int(rng.integers(length - side + 1)) for length in picture.shape[:2])
    way = cv2.INTER_AREA if side > CROP else cv2.INTER_CUBIC
    crop = cv2.resize(picture[top : top + side, left : left + side], (CROP, CROP), interpolation=way)
    if rng.random() < 0.35:
        crop = np.rot90(crop, rng.integers(4))
    return (crop[:, ::-1] if rng.random() < 0.5 else crop).astype(np.float32)


def _recoloured(rng: np.random.Generator, crop: Array) -> Array:
    """Permuted channels in a quarter, noise in every seventh; always another contrast and tint."""
    if rng.random() < 0.25:
        crop = crop[..., rng.permutation(3)]
    if rng.random() < 0.05:
        crop = 255 - crop
    crop = (crop - 127.5) * rng.uniform(0.6, 1.3) + 127.5 + rng.normal(0, 12, 3)
    if rng.random() < 0.15:
        crop = crop + rng.normal(0, rng.uniform(2, 25), crop.shape)
    return np.clip(crop, 0, 255).astype(np.float32)
