"""Smooth random textures that tile, the source of every irregularity in the samples."""

from __future__ import annotations

import cv2
import numpy as np

Array = np.ndarray


def fractal(rng: np.random.Generator, size: int = 512, first: int = 4, octaves: int = 6) -> Array:
    """Noise of `octaves` halving wavelengths, float32 (size, size) within 0..1; tiles without a seam."""
    total = np.zeros((size, size), np.float32)
    for octave in range(octaves):
        cells = min(first * 2**octave, size)
        shift = tuple(rng.integers(0, size, 2))  # or the octaves' lattices would lie on each other and show
        total += np.roll(_octave(rng, size, cells), shift, (0, 1)) * 0.5**octave
    low, high = np.percentile(total, [1, 99])
    return np.clip((total - low) / (high - low), 0, 1).astype(np.float32)


def stretched(rng: np.random.Generator, size: tuple[int, int], cells: tuple[int, int]) -> Array:
    """Smooth noise of unequal wavelengths, float32 (height, width) within 0..1: the grain of wood."""
    grid = rng.random(cells, np.float32)
    return np.clip(cv2.resize(grid, size[::-1], interpolation=cv2.INTER_CUBIC), 0, 1)


def _octave(rng: np.random.Generator, size: int, cells: int) -> Array:
    grid = np.pad(rng.random((cells, cells), np.float32), 2, mode="wrap")
    step = size // cells
    enlarged = cv2.resize(grid, None, fx=step, fy=step, interpolation=cv2.INTER_CUBIC)
    return enlarged[2 * step : 2 * step + size, 2 * step : 2 * step + size]


class Texture:
    """A tiling map that can be read anywhere, bilinearly; one tile spans one unit of u and of v."""

    def __init__(self, values: Array) -> None:
        self.values = values.astype(np.float32)

    def __call__(self, u: Array, v: Array) -> Array:
        """The map's values at the points (u, v), all of one shape."""
        size = self.values.shape[0]
        x, y = (u % 1) * size, (v % 1) * size
        left, top = np.floor(x).astype(np.intp), np.floor(y).astype(np.intp)
        fx, fy = (x - left).astype(np.float32), (y - top).astype(np.float32)
        left, top = left % size, top % size
        right, bottom = (left + 1) % size, (top + 1) % size
        upper = self.values[top, left] * (1 - fx) + self.values[top, right] * fx
        lower = self.values[bottom, left] * (1 - fx) + self.values[bottom, right] * fx
        return upper * (1 - fy) + lower * fy

    def solid(self, points: Array, scale: float) -> Array:
        """Noise at points (N, 3), `scale` tiles a metre: three planes mixed, so that no slope is streaky."""
        x, y, z = (points * scale).T
        mixed = self(x + 0.31 * z, y) + self(y + 0.17, z - 0.23 * x) + self(z + 0.43, x + 0.29 * y)
        return np.clip(0.5 + 0.55 * (mixed - 1.5), 0, 1)
