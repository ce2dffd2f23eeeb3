"""Places with depth: a sky, ridges one behind the other, houses with windows, trees, water that mirrors."""

import cv2
import numpy as np

from tools.textures.canvas import (
    ROWS,
    SIDE,
    Array,
    Painter,
    finished,
    noise,
    painted,
    palette,
    pick,
    some,
    tint,
)


def design(rng: np.random.Generator) -> Painter:
    """One class: the light, the horizon, how many ridges, the things on the ground."""
    sky, land, things = palette(rng, 3), palette(rng, 4), palette(rng, 5)
    horizon, ridges, roughness = rng.uniform(0.25, 0.65), int(rng.integers(1, 5)), rng.uniform(1.2, 2.2)
    standing, count = pick(rng, ("houses", "trees", "towers")), int(rng.integers(3, 22))
    size, clouds, haze = rng.uniform(14, 46), rng.uniform(0, 1), rng.uniform(0.2, 0.8)
    mirror, grain = rng.random() < 0.3, some(rng, 0.5, 1, 8)

    def paint(rng: np.random.Generator) -> Array:
        picture = _sky(rng, sky, clouds)
        for ridge in range(ridges):
            near = (ridge + 1) / ridges
            colour = (
                land[ridge % len(land)] * near
                + sky[-1] * (1 - near) * haze
                + land[0] * (1 - near) * (1 - haze)
            )
            _ridge(rng, picture, horizon + 0.25 * near - 0.12, roughness, colour)
        for near in np.sort(rng.random(count)):
            base = (horizon + (0.95 - horizon) * near) * SIDE
            _thing(rng, picture, standing, base, size * (0.35 + 0.65 * near), things)
        if mirror:
            _mirror(rng, picture, int((horizon + 0.3) * SIDE))
        return finished(picture, rng, grain)

    return paint


def _sky(rng: np.random.Generator, colours: Array, clouds: float) -> Array:
    height = ROWS / SIDE
    cloud = clouds * np.clip(2 * noise(rng, 1.9, 2.5) - 0.9, 0, 1) * (1 - height)
    return np.ascontiguousarray(painted(np.clip(height + cloud, 0, 1), colours), np.float32)


def _ridge(rng: np.random.Generator, picture: Array, level: float, roughness: float, colour: Array) -> None:
    waves = np.arange(1, SIDE // 2 + 1)
    spectrum = np.concatenate([[0], waves**-roughness * np.exp(2j * np.pi * rng.random(SIDE // 2))])
    outline = np.fft.irfft(spectrum, SIDE)
    top = level * SIDE + outline / (np.abs(outline).max() + 1e-6) * SIDE * 0.14
    below = np.clip(ROWS - top[None], 0, 1)[..., None]
    shade = 0.75 + 0.5 * noise(rng, 1.2)[..., None]
    picture[:] = picture * (1 - below) + colour * shade * below


def _thing(
    rng: np.random.Generator, picture: Array, kind: str, base: float, size: float, colours: Array
) -> None:
    left, colour = rng.uniform(-0.1, 1) * SIDE, tint(rng, colours, 15)
    shadow = tuple(0.6 * channel for channel in colour)
    if kind == "trees":
        _tree(rng, picture, left, base, size, colour)
        return
    wide, high = (
        size * rng.uniform(0.5, 1.1),
        size * (rng.uniform(0.6, 1.2) if kind == "houses" else rng.uniform(1, 2.6)),
    )
    side = wide * rng.uniform(0.2, 0.6)
    _fill(
        picture, [(left, base), (left, base - high), (left + wide, base - high), (left + wide, base)], colour
    )
    right = left + wide
    back = base - side * 0.3
    _fill(
        picture,
        [(right, base), (right, base - high), (right + side, back - high), (right + side, back)],
        shadow,
    )
    if kind == "houses":
        peak = base - high - 0.5 * wide
        roof = tint(rng, colours, 15)
        _fill(picture, [(left - 1, base - high), (left + wide / 2, peak), (right + 1, base - high)], roof)
        _fill(
            picture,
            [
                (right, base - high),
                (left + wide / 2, peak),
                (left + wide / 2 + side, peak),
                (right + side, back - high),
            ],
            tuple(0.7 * c for c in roof),
        )
    _windows(picture, left, base, wide, high, tint(rng, colours, 15))


def _windows(
    picture: Array, left: float, base: float, wide: float, high: float, colour: tuple[float, ...]
) -> None:
    pane = max(2.0, wide / 8)
    for x in np.arange(left + pane, left + wide - pane, 2 * pane):
        for y in np.arange(base - high + pane, base - pane, 2.4 * pane):
            _fill(picture, [(x, y), (x + pane, y), (x + pane, y + 1.4 * pane), (x, y + 1.4 * pane)], colour)


def _tree(
    rng: np.random.Generator, picture: Array, left: float, base: float, size: float, colour: tuple[float, ...]
) -> None:
    _fill(
        picture,
        [(left - 1, base), (left + 1.5, base), (left + 1, base - size), (left, base - size)],
        (50, 38, 30),
    )
    for place in rng.normal(0, 1, (30, 2)):
        middle = np.array([left, base - size]) + place * size * [0.22, 0.3]
        lit = 1 - 0.25 * place.sum() / 2
        shade = tuple(float(np.clip(lit * channel, 0, 255)) for channel in colour)
        cv2.circle(
            picture, tuple(np.round(middle * 8).astype(int).tolist()), int(size), shade, -1, cv2.LINE_AA, 3
        )


def _mirror(rng: np.random.Generator, picture: Array, line: int) -> None:
    """Below ``line`` the water shows what stands above it, rippled and darker."""
    rows = np.arange(line, SIDE)
    source = np.clip(2 * line - rows + np.round(rng.normal(0, 1.5, rows.size)).astype(int), 0, SIDE - 1)
    picture[rows] = picture[source] * 0.75


def _fill(picture: Array, corners: list[tuple[float, float]], colour: tuple[float, ...]) -> None:
    points = np.round(np.array(corners) * 8).astype(np.int32)
    cv2.fillPoly(picture, [points], colour, cv2.LINE_AA, 3)
