"""Brush strokes along a direction field, laid by the samples' own painter, over and beside each other."""

import cv2
import numpy as np

from samples.drawing.strokes import Brush, along, blank, light, paint_layer
from tools.textures.canvas import COLUMNS, ROWS, SIDE, Array, Painter, finished, noise, painted, palette, pick


def design(rng: np.random.Generator) -> Painter:
    """One class: a brush, a kind of field, a palette, how much relief."""
    colours = palette(rng)
    kind, angle, turn = (
        pick(rng, ("straight", "flowing", "rings")),
        rng.uniform(0, np.pi),
        rng.uniform(0.2, 0.9),
    )
    width = rng.uniform(3, 12)
    length = width * rng.uniform(2, 7)
    cover = rng.choice([0.5, 1.6])  # sparse strokes show the ground
    brush = Brush(
        width=width,
        length=length,
        count=int(cover * SIDE**2 / (width * length)),
        colour_spread=rng.uniform(3, 26),
        bristle_spread=rng.uniform(2, 16),
        wobble=rng.uniform(0.02, 0.4),
    )
    relief, lowest, outlined = rng.uniform(0, 0.9), rng.uniform(1, 6), rng.random() < 0.3

    def paint(rng: np.random.Generator) -> Array:
        canvas = blank(SIDE, SIDE, colours[0])
        field = noise(rng, 2.2, lowest=lowest)
        tones = painted(field, colours)
        angles = _angles(rng, kind, angle, turn)
        paint_layer(canvas, tones, angles, brush, rng)
        picture = light(canvas, relief)
        if outlined:
            picture[_edges(field, len(colours))] *= 0.3
        return finished(picture, rng)

    return paint


def _angles(rng: np.random.Generator, kind: str, angle: float, turn: float) -> Array:
    if kind == "straight":
        return angle + turn * (noise(rng, 2.5) - 0.5)
    if kind == "flowing":
        return along(noise(rng, 3.0, lowest=1.5))
    middle = rng.uniform(-0.3, 1.3, 2) * SIDE
    return np.arctan2(ROWS - middle[0], COLUMNS - middle[1]) + np.pi / 2 + turn * (noise(rng, 2.5) - 0.5)


def _edges(field: Array, levels: int) -> Array:
    """Where the field crosses a level, two pixels wide."""
    terraces = np.floor(field * levels).astype(np.uint8)
    kernel = np.ones((3, 3), np.uint8)
    return cv2.dilate(terraces, kernel) != cv2.erode(terraces, kernel)
