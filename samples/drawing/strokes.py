"""Brush strokes that follow a direction field, laid wet and lit from the side like thick paint.

A canvas is uint8 (H, W, 4): red, green, blue and the paint's height; a bristle goes into all four at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

Array = np.ndarray
FRACTION_BITS = 3  # OpenCV draws at eighths of a pixel


@dataclass(frozen=True)
class Brush:
    """How one layer is painted; lengths in canvas pixels."""

    width: float
    length: float
    count: int
    colour_spread: float = 12.0
    """Standard deviation between strokes, in levels of 0..255."""
    bristle_spread: float = 9.0
    """The same between the bristles of one stroke."""
    wobble: float = 0.12
    """Standard deviation of a stroke's angle against the field, in radians."""


def blank(height: int, width: int, ground: Array) -> Array:
    """An even ground, uint8 (H, W, 4)."""
    canvas = np.zeros((height, width, 4), np.uint8)
    canvas[..., :3] = ground
    canvas[..., 3] = 60
    return canvas


def paint_layer(
    canvas: Array,
    colours: Array,
    angles: Array,
    brush: Brush,
    rng: np.random.Generator,
    mask: Array | None = None,
) -> None:
    """Lay `brush.count` strokes; colours (H, W, 3), angles (H, W) in radians, mask (H, W) bool."""
    starts = _scatter(rng, canvas.shape[:2], brush.count, mask)
    paths = follow(angles, starts, brush, rng)
    rows, columns = starts[:, 1].astype(int), starts[:, 0].astype(int)
    tints = colours[rows, columns] + rng.normal(0, brush.colour_spread, (len(starts), 1))
    tints = tints + rng.normal(0, brush.colour_spread / 2, tints.shape)
    for path, tint in zip(paths, tints, strict=True):
        lay(canvas, path, tint, brush, rng)


def follow(angles: Array, starts: Array, brush: Brush, rng: np.random.Generator) -> Array:
    """Walk along the field both ways from every start (N, 2); paths (N, T, 2), x before y."""
    offsets = rng.normal(0, brush.wobble, len(starts))
    lengths = brush.length * rng.uniform(0.55, 1.3, len(starts)) / 2
    steps = max(3, int(brush.length / 2 / 7))
    ahead = _walk(angles, starts, lengths / steps, offsets, steps)
    back = _walk(angles, starts, -lengths / steps, offsets, steps)
    return np.concatenate([back[:, :0:-1], ahead], axis=1)


def along(stream: Array) -> Array:
    """The angle, in radians (H, W), of the lines on which a stream function (H, W) stays the same."""
    rightward = cv2.Sobel(stream, cv2.CV_32F, 1, 0, ksize=5)
    downward = cv2.Sobel(stream, cv2.CV_32F, 0, 1, ksize=5)
    return np.arctan2(-rightward, downward)


def lay(canvas: Array, path: Array, tint: Array, brush: Brush, rng: np.random.Generator) -> None:
    """One stroke: parallel bristles, ragged at both ends, thicker at the rims, darker on one side."""
    width = brush.width * rng.uniform(0.6, 1.25)
    across = _normals(path)
    offsets = np.linspace(-0.5, 0.5, max(3, int(width / 2.2)))
    load = rng.normal(0, brush.bristle_spread, len(offsets)) + offsets * brush.bristle_spread * rng.uniform(
        -2, 2
    )
    height = rng.uniform(70, 150) + 60 * (2 * offsets) ** 4 + rng.normal(0, 22, len(offsets))
    taper = np.sin(np.linspace(0.25, np.pi - 0.25, len(path))) ** 0.4
    for i in rng.permutation(len(offsets)):
        first, last = rng.integers(0, 2), len(path) - rng.integers(0, 2)
        line = (path + across * (offsets[i] * width * taper)[:, None])[first:last]
        colour = np.clip([*(tint + load[i]), height[i]], 0, 255)
        _draw(canvas, line, colour, thickness=int(rng.integers(2, 5)))


def light(canvas: Array, strength: float = 0.55) -> Array:
    """Light the paint's relief from the upper left; float32 RGB (H, W, 3) within 0..255."""
    height = cv2.GaussianBlur(canvas[..., 3].astype(np.float32), (0, 0), 1.0)
    slope = cv2.Sobel(height, cv2.CV_32F, 1, 0) + cv2.Sobel(height, cv2.CV_32F, 0, 1)
    relief = np.tanh(slope / 160) * strength
    lit = canvas[..., :3].astype(np.float32) * (1 + 0.55 * relief)[..., None]
    gleam = np.maximum(relief - 0.22, 0) * 150
    return np.clip(lit + gleam[..., None], 0, 255)


def shrink(pixels: Array, factor: int) -> Array:
    """Average `factor` x `factor` pixels into one."""
    size = (pixels.shape[1] // factor, pixels.shape[0] // factor)
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)


def _scatter(rng: np.random.Generator, size: tuple[int, int], count: int, mask: Array | None) -> Array:
    points = rng.random((count, 2)) * [size[1], size[0]]
    if mask is None:
        return points
    return points[mask[points[:, 1].astype(int), points[:, 0].astype(int)]]


def _walk(angles: Array, starts: Array, strides: Array, offsets: Array, steps: int) -> Array:
    path = [starts]
    limits = np.array([angles.shape[1] - 1, angles.shape[0] - 1])
    for _ in range(steps):
        here = np.clip(path[-1], 0, limits).astype(int)
        angle = angles[here[:, 1], here[:, 0]] + offsets
        path.append(path[-1] + strides[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1))
    return np.stack(path, 1)


def _normals(path: Array) -> Array:
    tangent = np.gradient(path, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True) + 1e-6
    return np.stack([-tangent[:, 1], tangent[:, 0]], 1)


def _draw(canvas: Array, line: Array, colour: Array, thickness: int) -> None:
    points = np.round(line * 2**FRACTION_BITS).astype(np.int32)
    cv2.polylines(canvas, [points], False, tuple(map(float, colour)), thickness, cv2.LINE_AA, FRACTION_BITS)
