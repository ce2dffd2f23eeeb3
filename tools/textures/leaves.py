"""Dead leaves (Lee, Mumford, Huang 2001): things of many sizes, each over those before, balls or flat."""

import cv2
import numpy as np

from tools.textures.canvas import COLUMNS, ROWS, SIDE, Array, Painter, finished, palette, pick, some, tint


def design(rng: np.random.Generator) -> Painter:
    """One class: a form, how sizes are spread, shading, outline, palette."""
    colours, form = palette(rng), pick(rng, ("disc", "box", "ellipse", "corners"))
    smallest, law = rng.uniform(2, 9), rng.uniform(0.5, 2.5)
    largest = smallest * rng.uniform(1.5, 10)
    ratio, angle, turn = rng.uniform(0.25, 1), rng.uniform(0, np.pi), rng.choice([0.1, 0.4, 3.0])
    shading, outline = pick(rng, ("flat", "slope", "ball")), int(rng.choice([0, 0, 1, 2]))
    spread, grain = rng.uniform(2, 25), some(rng, 0.3, 2, 10)

    def paint(rng: np.random.Generator) -> Array:
        picture = np.full((SIDE, SIDE, 3), colours[0], np.float32)
        for radius in _radii(rng, smallest, largest, law):
            middle = rng.uniform(-0.05, 1.05, 2) * SIDE
            shape = _outline(rng, form, middle, radius, ratio, rng.normal(angle, turn))
            _lay(picture, shape, middle, radius, tint(rng, colours, spread), shading, outline)
        return finished(picture, rng, grain)

    return paint


def _radii(rng: np.random.Generator, smallest: float, largest: float, law: float) -> Array:
    """Radii with a density that falls as r^-(law + 1), together covering the picture about three times."""
    shares = rng.random(4000)
    radii = (smallest**-law + shares * (largest**-law - smallest**-law)) ** (-1 / law)
    return radii[: int(np.searchsorted(np.cumsum(3 * radii**2), 3 * SIDE**2)) + 1]


def _outline(
    rng: np.random.Generator, form: str, middle: Array, radius: float, ratio: float, angle: float
) -> Array:
    """Corners (N, 2), x before y."""
    if form == "box":
        turns, reach = np.array([0.25, 0.75, 1.25, 1.75]) * np.pi, np.full(4, 1.3)
    elif form == "corners":
        turns, reach = np.sort(rng.uniform(0, 2 * np.pi, 6)), rng.uniform(0.6, 1.3, 6)
    else:
        turns, reach = np.linspace(0, 2 * np.pi, 20, endpoint=False), np.ones(20)
    flatness = 1.0 if form == "disc" else ratio
    points = np.stack([np.cos(turns), flatness * np.sin(turns)], 1) * (reach * radius)[:, None]
    cosine, sine = np.cos(angle), np.sin(angle)
    return middle + points @ np.array([[cosine, sine], [-sine, cosine]])


def _lay(
    picture: Array,
    shape: Array,
    middle: Array,
    radius: float,
    colour: tuple[float, float, float],
    shading: str,
    outline: int,
) -> None:
    corners = np.round(shape * 8).astype(np.int32)
    if shading == "flat":
        cv2.fillPoly(picture, [corners], colour, cv2.LINE_AA, 3)
    else:
        left, top = np.maximum(np.floor(shape.min(0)).astype(int), 0)
        right, bottom = np.minimum(np.ceil(shape.max(0)).astype(int) + 1, SIDE)
        if right <= left or bottom <= top:
            return
        window = np.s_[top:bottom, left:right]
        inside = np.zeros((bottom - top, right - left), np.float32)
        cv2.fillPoly(inside, [corners - 8 * np.array([left, top])], 1.0, cv2.LINE_AA, 3)
        across, down = (COLUMNS[window] - middle[0]) / radius, (ROWS[window] - middle[1]) / radius
        lit = 1 - 0.35 * (across + down)
        if shading == "ball":
            lit = lit * np.clip(1.15 - 0.6 * (across**2 + down**2), 0.2, None)
        cover = inside[..., None]
        picture[window] = picture[window] * (1 - cover) + cover * lit[..., None] * np.float32(colour)
    if outline:
        cv2.polylines(picture, [corners], True, (20, 16, 24), outline, cv2.LINE_AA, 3)
