"""Marks on a ground: dashes, arcs, rings, crosses, commas, splashes, in rows or strewn."""

import cv2
import numpy as np

from tools.textures.canvas import SIDE, Array, Painter, finished, noise, painted, palette, pick, some, tint


def design(rng: np.random.Generator) -> Painter:
    """One class: the mark, its size, density and direction, over a ground of its own."""
    ground, colours = palette(rng, 2), palette(rng)
    mark = pick(rng, ("dash", "arc", "ring", "cross", "curl", "blot"))
    size, angle, turn = rng.uniform(3, 16), rng.uniform(0, np.pi), rng.choice([0.1, 0.4, 3.0])
    thickness, density = int(rng.integers(1, 4)), rng.uniform(0.3, 2)
    spread, grain, lowest = rng.uniform(0, 25), some(rng, 0.4, 3, 14), rng.uniform(1, 4)
    clustered = rng.random() < 0.4

    def paint(rng: np.random.Generator) -> Array:
        field = noise(rng, 2, lowest=lowest)
        picture = np.ascontiguousarray(painted(field, ground), np.float32)
        for _ in range(int(density * SIDE**2 / (size * (size + 3 * thickness)))):
            place = rng.uniform(0, SIDE, 2)
            if clustered and field[int(place[1]), int(place[0])] < 0.5:
                continue
            line = place + _line(rng, mark, size * rng.uniform(0.6, 1.4), rng.normal(angle, turn))
            _draw(picture, line, tint(rng, colours, spread), thickness, filled=mark == "blot")
        return finished(picture, rng, grain)

    return paint


def _line(rng: np.random.Generator, mark: str, size: float, angle: float) -> Array:
    """The mark's line about its own place: (N, 2), x before y."""
    t = np.linspace(-1, 1, 12)
    if mark == "dash":
        return _turned(t, 0.1 * t**2, size / 2, angle)
    if mark == "arc":
        return _turned(np.sin(1.6 * t), np.cos(1.6 * t), size / 2, angle)
    if mark == "ring":
        return _turned(np.sin(np.pi * t), np.cos(np.pi * t), size / 2, angle)
    if mark == "cross":
        return _turned(np.array([-1, 1, 0, 0, 0]), np.array([0, 0, 0, -1, 1]), size / 2, angle)
    if mark == "curl":
        return _turned((1.2 + t) / 2 * np.sin(4 * t), (1.2 + t) / 2 * np.cos(4 * t), size / 2, angle)
    reach = rng.uniform(0.5, 1, 12)
    return _turned(reach * np.sin(np.pi * t), reach * np.cos(np.pi * t), size / 2, angle)


def _turned(x: Array, y: Array, size: float, angle: float) -> Array:
    cosine, sine = np.cos(angle) * size, np.sin(angle) * size
    return np.stack([cosine * x - sine * y, sine * x + cosine * y], 1)


def _draw(
    picture: Array, line: Array, colour: tuple[float, float, float], thickness: int, *, filled: bool
) -> None:
    points = [np.round(line * 8).astype(np.int32)]
    if filled:
        cv2.fillPoly(picture, points, colour, cv2.LINE_AA, 3)
    else:
        cv2.polylines(picture, points, False, colour, thickness, cv2.LINE_AA, 3)
