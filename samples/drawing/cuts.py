"""Shapes for woodcuts: flat shapes, swelling lines, discs; places in pixels of the finished print."""

from __future__ import annotations

import cv2
import numpy as np
from scipy.interpolate import splev, splprep

from .palette import rgb

Array = np.ndarray
Points = list[tuple[float, float]]
SCALE = 3  # cut at three times the size, then averaged
PAPER, INK = rgb("#f1e4c6"), rgb("#12224a")
DEEP, BLUE, MIST = rgb("#1b3f78"), rgb("#3f74a8"), rgb("#a9c4c9")


def curve_through(points: Points, count: int = 160) -> Array:
    """A smooth curve through the points, (count, 2)."""
    x, y = np.array(points, np.float64).T
    return np.stack(splev(np.linspace(0, 1, count), splprep([x, y], s=0)[0]), 1)


def fill(sheet: Array, outline: Array, tone: Array) -> None:
    """A flat shape (N, 2)."""
    corners = np.round(outline * SCALE * 8).astype(np.int32)
    cv2.fillPoly(sheet, [corners], tuple(map(float, tone)), cv2.LINE_AA, 3)


def line(sheet: Array, curve: Array, widths: Array, tone: Array) -> None:
    """A cut line of changing width, as the ribbon between two offset curves."""
    tangent = np.gradient(curve, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True) + 1e-9
    across = np.stack([-tangent[:, 1], tangent[:, 0]], 1) * widths[:, None] / 2
    left, right = curve + across, curve - across
    for i in range(len(curve) - 1):
        fill(sheet, np.array([left[i], left[i + 1], right[i + 1], right[i]]), tone)


def blob(mask: Array, centre: Array, radius: float) -> None:
    """A disc in a mask (H, W)."""
    place = (int(centre[0] * SCALE * 8), int(centre[1] * SCALE * 8))
    cv2.circle(mask, place, int(radius * SCALE * 8), 255, -1, cv2.LINE_AA, 3)
