"""Colours moved to a palette: the linear map that gives a picture its mean and covariance.

Of all such maps it is the one that moves colours least (Pitié and Kokaram 2007, "The linear
Monge-Kantorovitch linear colour mapping for example-based colour transfer").
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.base.arrays import DoubleArray, FloatArray
from pipeline.base.machine import one_blas_thread

_MIN_DEVIATION = 5.0
"""Levels of 0..255; its square is added to every variance, so that rounding errors are not amplified."""


@dataclass(frozen=True)
class Palette:
    """The colours of a picture, of pixels of 0..255.

    Attributes:
        mean: (3,).
        covariance: (3, 3).
    """

    mean: DoubleArray
    covariance: DoubleArray


def of(picture: FloatArray) -> Palette:
    """The palette of a picture (H, W, 3)."""
    pixels = picture.reshape(-1, 3).astype(np.float64)
    with one_blas_thread():
        return Palette(pixels.mean(0), np.cov(pixels.T, bias=True))


def blend(palettes: Sequence[Palette], shares: Sequence[float]) -> Palette:
    """The palette of several pictures; each contributes its share of the pixels, and the shares sum to 1."""
    mean = np.average([palette.mean for palette in palettes], 0, shares)
    offsets = [palette.mean - mean for palette in palettes]
    spreads = [
        palette.covariance + np.outer(offset, offset)
        for palette, offset in zip(palettes, offsets, strict=True)
    ]
    return Palette(mean, np.average(spreads, 0, shares))


def moved(picture: FloatArray, palette: Palette) -> FloatArray:
    """The picture (H, W, 3), 0..255, in the colours of ``palette``."""
    own = of(picture)
    ridge = _MIN_DEVIATION**2 * np.eye(3)
    root, inverse = _root(own.covariance + ridge)
    middle, _ = _root(root @ (palette.covariance + ridge) @ root)
    matrix = (inverse @ middle @ inverse).astype(np.float32)  # symmetric
    with one_blas_thread():
        recoloured = (picture - own.mean.astype(np.float32)) @ matrix + palette.mean.astype(np.float32)
    return np.clip(recoloured, 0, 255)


def _root(matrix: DoubleArray) -> tuple[DoubleArray, DoubleArray]:
    """The symmetric square root of a symmetric positive matrix, and its inverse."""
    values, vectors = np.linalg.eigh(matrix)
    roots = np.sqrt(np.maximum(values, 1e-9))
    return vectors * roots @ vectors.T, vectors / roots @ vectors.T
