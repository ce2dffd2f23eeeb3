"""Colours moved to a palette: the linear map that gives a picture its mean and covariance.

Of all such maps it is the one that moves colours least (Pitié and Kokaram 2007, "The linear
Monge-Kantorovitch linear colour mapping for example-based colour transfer").
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.base.arrays import DoubleArray, FloatArray
from pipeline.base.machine import one_blas_thread

_LEAST_DEVIATION = 5.0
"""Levels of 0..255 added, as a variance, to what a picture varies: a plain one's rounding is not blown up."""


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
    """The palette of pictures of which each contributes its share of the pixels; shares sum to 1."""
    mean = np.average([palette.mean for palette in palettes], 0, shares)
    spreads = [palette.covariance + _square(palette.mean - mean) for palette in palettes]
    return Palette(mean, np.average(spreads, 0, shares))


def moved(picture: FloatArray, palette: Palette) -> FloatArray:
    """The picture (H, W, 3), 0..255, in the colours of ``palette``."""
    own = of(picture)
    least = _LEAST_DEVIATION**2 * np.eye(3)
    root, inverse = _root(own.covariance + least)
    middle, _ = _root(root @ (palette.covariance + least) @ root)
    matrix = (inverse @ middle @ inverse).astype(np.float32)  # symmetric
    with one_blas_thread():
        recoloured = (picture - own.mean.astype(np.float32)) @ matrix + palette.mean.astype(np.float32)
    clipped: FloatArray = np.clip(recoloured, 0, 255)
    return clipped


def _square(vector: DoubleArray) -> DoubleArray:
    square: DoubleArray = np.outer(vector, vector)
    return square


def _root(matrix: DoubleArray) -> tuple[DoubleArray, DoubleArray]:
    """The symmetric square root of a symmetric positive matrix, and its inverse."""
    values, vectors = np.linalg.eigh(matrix)
    roots = np.sqrt(np.maximum(values, 1e-9))
    return vectors * roots @ vectors.T, vectors / roots @ vectors.T
