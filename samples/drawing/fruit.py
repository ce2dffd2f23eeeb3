"""Apples, pears, citrus fruit and grapes."""

from __future__ import annotations

import numpy as np

from .noise import Texture
from .paints import bumps, coat, plain
from .palette import linear, mix
from .scene import Paint, Place, Thing
from .shapes import Ellipsoid, Implicit, box, revolved

Array = np.ndarray
# half-axes, colour, place, turn
CITRUS = [
    ((0.045, 0.043, 0.045), "#e07d1c", (-0.055, 0.029, 0.17), 0.0),
    ((0.043, 0.042, 0.043), "#e58a24", (0.10, 0.034, -0.08), 0.0),
    ((0.048, 0.033, 0.033), "#efc62f", (0.195, 0.017, 0.20), 0.6),
    ((0.046, 0.032, 0.032), "#ebbd2a", (-0.335, 0.022, 0.12), -0.5),
]
# x, y, z, length
STALKS = [
    (0.075, 0.066, 0.10, 0.030),
    (0.185, 0.062, 0.03, 0.028),
    (0.30, 0.095, 0.11, 0.026),
    (0.025, 0.097, -0.03, 0.024),
]


def fruit(grain: Texture) -> list[Thing]:
    """What lies loose on the cloth."""
    pear = revolved([0.018, 0.036, 0.043, 0.044, 0.039, 0.030, 0.022, 0.018, 0.010], 0.115)
    things = [
        Thing(_apple(0.047), _streaked(grain, "#d8a63c", "#a31f1c"), (0.075, 0.036, 0.10), 0.4),
        Thing(_apple(0.044), _streaked(grain, "#b9b046", "#b5382a"), (0.185, 0.034, 0.03), 2.1),
        Thing(pear, _streaked(grain, "#a9a33a", "#c98a35", 0.7), (0.30, 0.042, 0.11), 1.0),
        Thing(pear, _streaked(grain, "#8f9a3c", "#b0903a", 0.5), (0.025, 0.044, -0.03), 4.0),
        *[_citrus(grain, *each) for each in CITRUS],
    ]
    stalk = plain("#3c2a18")
    return things + [Thing(box(0.004, tall, 0.004), stalk, (x, y, z), 0.5) for x, y, z, tall in STALKS]


def _citrus(grain: Texture, half_axes: Place, colour: str, place: Place, turn: float) -> Thing:
    return Thing(Ellipsoid(half_axes), plain(colour, 0.04), place, turn, bumps(grain, 40, 0.20))


def _apple(radius: float) -> Implicit:
    """A ball with a hollow at either pole, narrower below."""

    def field(points: Array) -> Array:
        length = np.sqrt((points**2).sum(1)) + 1e-6
        rise = points[:, 1] / length
        hollow = 0.34 * np.exp(-(1 - rise**2) / 0.075)
        return (length - radius * (1 - hollow + 0.05 * rise)).astype(np.float32)

    return Implicit(field, [-1.06 * radius] * 3, [1.06 * radius] * 3, 24)


def _streaked(grain: Texture, ground: str, blush: str, amount: float = 1.0) -> Paint:
    """A fruit's skin: a blush on one cheek in streaks from pole to pole, and specks."""

    def paint(points: Array, normals: Array) -> Array:
        angle = np.arctan2(points[:, 2], points[:, 0])
        streaks = grain(angle * 3.0, points[:, 1] * 1.5)
        cheek = 0.5 + 0.5 * np.sin(angle + 0.8)
        colour = mix(linear(ground), linear(blush), amount * (1.1 * cheek + 1.2 * (streaks - 0.45)))
        specks = grain(points[:, 0] * 30 + points[:, 2] * 20, points[:, 1] * 30) > 0.93
        return coat(colour * (1 + 0.25 * specks)[:, None], 0.045)

    return paint


def grapes(rng: np.random.Generator, grain: Texture) -> list[Thing]:
    """A bunch lying on the cloth: full at one end, thin at the other, bloom on the skins."""

    def paint(points: Array, normals: Array) -> Array:
        bloom = grain(points[:, 0] * 14 + points[:, 2] * 9, points[:, 1] * 14)
        return coat(mix(linear("#2b1226"), linear("#5d4a78"), 0.9 * bloom - 0.15), 0.05)

    things = []
    for share in np.linspace(0, 1, 17):
        wide = 0.050 * np.sin(np.pi * (0.25 + 0.72 * share)) + 0.004
        for layer in range(3):
            side = rng.uniform(-1, 1) * wide * (1 - 0.3 * layer)
            spot = (
                -0.36 + 0.17 * share + 0.4 * side,
                -0.008 + 0.014 + 0.017 * layer * (1 - 0.5 * share),
                0.27 - 0.05 * share + side,
            )
            radius = rng.uniform(0.0125, 0.0155)
            things.append(Thing(Ellipsoid((radius, radius * 1.08, radius)), paint, spot, rng.uniform(0, 6)))
    return things
