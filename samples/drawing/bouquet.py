"""Peonies over a cushion of leaves."""

from __future__ import annotations

import numpy as np

from .noise import Texture
from .paints import bumps, coat
from .palette import linear, mix
from .scene import Paint, Thing
from .shapes import Ellipsoid, Implicit, unit

Array = np.ndarray
# x, y, z from the bunch's heart, radius, colour
BLOOMS = [
    (-0.10, 0.00, 0.10, 0.066, "#e79aa6"),
    (0.07, 0.015, 0.085, 0.060, "#f3d9cf"),
    (-0.01, 0.10, 0.05, 0.064, "#c94f6d"),
    (0.135, 0.075, 0.00, 0.055, "#e2a0a8"),
    (-0.145, 0.085, 0.00, 0.058, "#f2e3d0"),
    (0.06, 0.15, -0.02, 0.056, "#efc7bd"),
    (-0.075, 0.165, -0.03, 0.056, "#d9728a"),
    (-0.02, -0.035, 0.135, 0.046, "#f4e7da"),
    (0.16, -0.02, 0.05, 0.044, "#b8405e"),
]


def bouquet(rng: np.random.Generator, grain: Texture) -> list[Thing]:
    """Peonies over a cushion of leaves."""
    heart = np.float32([-0.16, 0.385, -0.12])
    things = []
    for _ in range(60):
        way = unit(rng.normal(size=(1, 3)) * [1, 0.6, 1] + [0, 0.25, 0])[0]
        place = heart + way * rng.uniform(0.05, 0.165) * [1.1, 0.8, 0.8] - [0, 0.02, 0]
        half = (rng.uniform(0.035, 0.060), rng.uniform(0.006, 0.016), rng.uniform(0.014, 0.022))
        tone = linear(str(rng.choice(["#2f4a24", "#466b30", "#5f7f3c", "#27401f"])))
        things.append(
            Thing(Ellipsoid(half), _leaf(tone), tuple(place), rng.uniform(0, 6.3), bumps(grain, 12, 0.25))
        )
    for x, y, z, radius, name in BLOOMS:
        things += _peony(heart + np.float32([x, y - 0.01, z]), radius, linear(name), rng, grain)
    return things


def _peony(place: Array, radius: float, tone: Array, rng: np.random.Generator, grain: Texture) -> list[Thing]:
    """A ball of overlapping petals, wound about an axis that leans out of the bunch."""
    out = np.float32([[place[0] + 0.16, place[1] - 0.15, 0.35]])
    axis = unit(out + rng.normal(0, 0.15, (1, 3)))[0].astype(np.float32)
    side = unit(np.cross(axis, [[0, 1, 0]]))[0].astype(np.float32)
    over = np.cross(axis, side).astype(np.float32)
    start, lobes = rng.uniform(0, 1), int(rng.integers(4, 7))

    def petal(points: Array) -> Array:
        """0 where a petal comes out from under the next, 1 at its rim."""
        angle = np.arctan2(points @ side, points @ over)
        lean = np.arccos(np.clip(points @ axis / (np.sqrt((points**2).sum(1)) + 1e-9), -1, 1))
        waves = 0.30 * np.sin(lobes * angle + 4 * lean) + 0.9 * (grain(angle / 6.2832, lean * 0.2) - 0.5)
        return (start + angle / 6.2832 + lean * 1.55 + waves) % 1

    def field(points: Array) -> Array:
        length = np.sqrt((points**2).sum(1))
        return (length - radius * (0.76 + 0.26 * petal(points) ** 1.5)).astype(np.float32)

    def paint(points: Array, normals: Array) -> Array:
        depth = petal(points)
        return coat(mix(tone * np.float32([0.42, 0.26, 0.28]), tone * 1.08, 0.15 + 1.05 * depth**0.8))

    return [Thing(Implicit(field, [-1.03 * radius] * 3, [1.03 * radius] * 3, 26), paint, tuple(place))]


def _leaf(tone: Array) -> Paint:
    def paint(points: Array, normals: Array) -> Array:
        vein = 1 - 0.35 * np.exp(-((points[:, 2] / 0.002) ** 2))
        return coat(tone * vein[:, None] * 1.2, 0.03)

    return paint
