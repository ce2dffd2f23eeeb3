"""Trees: frayed masses of leaves."""

from __future__ import annotations

import numpy as np

from .noise import Texture
from .paints import coat, plain
from .palette import linear, mix
from .scene import Place, Thing
from .shapes import Ellipsoid, box

Array = np.ndarray


def tree(
    place: Place, height: float, tones: tuple[str, str], rng: np.random.Generator, grain: Texture
) -> list[Thing]:
    """A broad crown of several frayed masses on a trunk."""
    crown = height * 0.56
    things = [Thing(box(height * 0.06, height * 0.5, height * 0.06), plain("#4a3a2c"), place)]
    for i in range(11):
        away = rng.normal(0, 1, 3) * [0.19, 0.16, 0.19] * height * min(i, 1)
        size = height * (rng.uniform(0.13, 0.21) if i else 0.30)
        spot = (place[0] + away[0], place[1] + crown + away[1], place[2] + away[2])
        things.append(_mass(spot, (size, size * 0.9, size), tones, rng, grain))
    return things


def cypress(place: Place, height: float, rng: np.random.Generator, grain: Texture) -> list[Thing]:
    """A dark flame of two frayed masses."""
    tones = ("#1d2f1c", "#4a5f33")
    middle = (place[0], place[1] + 0.52 * height, place[2])
    low = (place[0], place[1] + 0.33 * height, place[2])
    return [
        _mass(middle, (0.105 * height, 0.50 * height, 0.105 * height), tones, rng, grain),
        _mass(low, (0.125 * height, 0.32 * height, 0.125 * height), tones, rng, grain),
    ]


def _mass(
    spot: Place, half_axes: Place, tones: tuple[str, str], rng: np.random.Generator, grain: Texture
) -> Thing:
    """Leaves as one frayed ellipsoid: tone and normals broken up by the noise."""
    shift = rng.uniform(0, 9, 3).astype(np.float32)
    scale = 0.40 / min(half_axes) ** 0.5

    def paint(points: Array, normals: Array) -> Array:
        dapple = (
            0.6 * grain.solid(points + shift, scale) + 0.9 * grain.solid(points + shift, 4.5 * scale) - 0.25
        )
        return coat(mix(linear(tones[0]), linear(tones[1]), dapple))

    def bump(points: Array) -> Array:
        pushes = [
            grain.solid(points + shift * k, 3.0 * scale) - level
            for k, level in ((1, 0.5), (2, 0.4), (3, 0.5))
        ]
        return 2.6 * np.stack(pushes, 1)

    return Thing(Ellipsoid(half_axes, grain), paint, spot, rng.uniform(0, 6.3), bump)
