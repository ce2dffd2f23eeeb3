"""A painting: a night sky that turns about its stars, above hills, a hamlet and three cypresses."""

from __future__ import annotations

import cv2
import numpy as np

from .palette import mix, ramp, rgb
from .strokes import Brush, along, blank, light, paint_layer, shrink

Array = np.ndarray
SCALE = 2  # drawn at twice the size, then averaged
HEIGHT, WIDTH = 600 * SCALE, 768 * SCALE

# centre x, y and radius in fractions of the width; turning sense
VORTICES = [(0.455, 0.245, 0.105, 1.0), (0.665, 0.345, 0.062, -1.0), (0.205, 0.405, 0.05, -1.0)]
# centre x, y and radius in fractions of the width
STARS = [
    (0.14, 0.13, 0.060), (0.32, 0.065, 0.020), (0.63, 0.085, 0.027), (0.75, 0.21, 0.018), (0.90, 0.10, 0.024),
    (0.055, 0.325, 0.022), (0.335, 0.42, 0.016), (0.535, 0.42, 0.021), (0.955, 0.29, 0.018),
    (0.28, 0.235, 0.014),
]  # fmt: skip
NIGHT = ["#0a1440", "#12256b", "#1c3f94", "#2a62b8", "#4f8fd0", "#9cc4dc", "#e4e6c4"]
CYPRESSES = [(0.865, 0.30, 0.034), (0.925, 0.42, 0.028), (0.80, 0.56, 0.020)]


def draw(rng: np.random.Generator) -> Array:
    """The painting, float32 RGB (600, 768, 3)."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32) / WIDTH
    canvas = blank(HEIGHT, WIDTH, rgb("#10204f"))
    _sky(canvas, x, y, rng)
    _hills(canvas, x, y, rng)
    _cypresses(canvas, x, y, rng)
    return shrink(light(canvas), SCALE)


def _sky(canvas: Array, x: Array, y: Array, rng: np.random.Generator) -> None:
    angles, colours = _sky_field(x, y)
    sky = y < 0.62
    for brush in (Brush(46, 220, 1500), Brush(24, 130, 4200), Brush(15, 95, 5200, colour_spread=16)):
        paint_layer(canvas, colours, angles, brush, rng, sky)
    for star in STARS:
        near = np.hypot(x - star[0], y - star[1]) < 2.2 * star[2]
        count = int(900_000 * star[2])
        paint_layer(canvas, colours, angles, Brush(11, 34, count, 10), rng, near)


def _sky_field(x: Array, y: Array) -> tuple[Array, Array]:
    """Angles (H, W) and colours (H, W, 3), from one stream function: light runs along the strokes."""
    stream = y + 0.030 * np.sin(9 * x + 5 * y) + 0.012 * np.sin(23 * x - 11 * y + 1)
    turn = np.zeros_like(x)
    for cx, cy, radius, sense in VORTICES:
        distance = np.hypot(x - cx, y - cy)
        weight = np.exp(-((distance / (1.15 * radius)) ** 2))
        stream = stream + sense * 2.5 * radius * weight
        turn += weight * (np.arctan2(y - cy, x - cx) * sense)
    tone = 0.43 + 0.24 * np.sin(62 * stream + 2 * turn) + 0.13 * np.sin(31 * stream + 2 * x) - 0.2 * (0.3 - y)
    return _around_stars(x, y, along(stream), ramp(np.clip(tone, 0, 0.86), NIGHT))


def _around_stars(x: Array, y: Array, angles: Array, colours: Array) -> tuple[Array, Array]:
    for cx, cy, radius in STARS:
        distance = np.hypot(x - cx, y - cy) / radius
        ring = np.arctan2(y - cy, x - cx) + np.pi / 2
        near = np.exp(-((distance / 2.2) ** 4))
        angles = np.where(near > 0.5, ring, angles)
        glow = ramp(
            np.clip(distance / 2.5, 0, 1), ["#fffbe0", "#fdea8e", "#f3b733", "#f0d877", "#b9d09c", "#6fa3c8"]
        )
        ripple = 0.13 * np.sin(distance * 8)
        colours = mix(colours, glow * (1 + ripple[..., None]), 1.15 * np.exp(-((distance / 2.1) ** 3)))
    return angles, _crescent(x, y, colours)


def _crescent(x: Array, y: Array, colours: Array) -> Array:
    """The largest star is the moon: a sickle of orange about a pale disc."""
    cx, cy, radius = STARS[0]
    disc = np.hypot(x - cx, y - cy) < 0.80 * radius
    bite = np.hypot(x - cx - 0.34 * radius, y - cy + 0.14 * radius) < 0.62 * radius
    colours = np.where(disc[..., None], rgb("#f08c1a"), colours)
    return np.where((disc & bite)[..., None], rgb("#fbe7a0"), colours)


def _ridge(x: Array, base: float, lift: float, phase: float) -> Array:
    return base - lift * np.sin(3.1 * x + phase) - 0.35 * lift * np.sin(8.3 * x + 2 * phase)


def _hills(canvas: Array, x: Array, y: Array, rng: np.random.Generator) -> None:
    layers = [
        (0.560, 0.040, 0.4, ["#8fb4cc", "#3f6fae", "#1d3f7c"], -0.2),
        (0.615, 0.035, 2.3, ["#5f9f9e", "#1f5470", "#10304c"], 0.25),
        (0.690, 0.030, 4.4, ["#8a9a4c", "#2a5a48", "#0f2a38"], -0.15),
    ]
    for index, (base, lift, phase, names, lean) in enumerate(layers):
        ridge = _ridge(x, base, lift, phase)
        depth = (y - ridge) / 0.12
        tone = np.clip(depth + 0.22 * np.sin(26 * (y - ridge) * 6 + 5 * x), 0, 1)
        angles = np.arctan(np.gradient(ridge, axis=1) * WIDTH) + lean * np.clip(depth, 0, 1)
        inside = depth > 0
        paint_layer(canvas, ramp(tone, names), angles, Brush(26, 110, 2600), rng, inside)
        paint_layer(canvas, ramp(tone, names), angles, Brush(13, 70, 5000, 15), rng, inside)
        if index == 1:
            before = canvas.copy()
            _hamlet(canvas, rng)
            _brush_over(canvas, before, rng)


def _hamlet(canvas: Array, rng: np.random.Generator) -> None:
    """Small houses with one lit window each, and a church."""
    for place in np.linspace(0.10, 0.66, 13):
        x = WIDTH * (place + rng.normal(0, 0.010))
        base = WIDTH * (float(_ridge(np.float32(place), 0.69, 0.03, 4.4)) - rng.uniform(-0.012, 0.026))
        _house(canvas, x, base, WIDTH * rng.uniform(0.016, 0.026), rng)
    _house(canvas, 0.40 * WIDTH, 0.668 * WIDTH, 0.024 * WIDTH, rng, spire=3.4)


def _brush_over(canvas: Array, before: Array, rng: np.random.Generator) -> None:
    """Turn what was drawn flat since `before` into strokes."""
    mask = (canvas != before).any(axis=2)
    flat = cv2.GaussianBlur(canvas[..., :3], (0, 0), 1.2)
    angles = np.where(rng.random((HEIGHT // 24, WIDTH // 24)) < 0.6, 0.1, 1.45).astype(np.float32)
    angles = cv2.resize(angles, (WIDTH, HEIGHT), interpolation=cv2.INTER_NEAREST)
    paint_layer(canvas, flat, angles, Brush(7, 20, 60000, 9, 6), rng, mask)


def _house(
    canvas: Array, x: float, base: float, size: float, rng: np.random.Generator, spire: float = 0.7
) -> None:
    wall = rgb(str(rng.choice(["#2f5b8c", "#5c86a4", "#27476f", "#7c9aa0"])))
    roof = rgb(str(rng.choice(["#16244c", "#5c2f3a", "#243a5c"])))
    square = [(x - size, base), (x - size, base - size), (x + size, base - size), (x + size, base)]
    gable = [(x - 1.25 * size, base - size), (x, base - (1 + spire) * size), (x + 1.25 * size, base - size)]
    if spire > 1:
        gable = [(x - 0.5 * size, base - size), (x, base - (1 + spire) * size), (x + 0.5 * size, base - size)]
    for outline, colour in ((square, wall), (gable, roof)):
        corners = np.array(outline, np.int32)
        cv2.fillPoly(canvas, [corners], (*map(float, colour), 150.0), cv2.LINE_AA)
        cv2.polylines(canvas, [corners], True, (9.0, 16.0, 44.0, 60.0), 4, cv2.LINE_AA)
    pane = (int(x - 0.25 * size), int(base - 0.7 * size))
    cv2.rectangle(
        canvas, pane, (int(pane[0] + 0.5 * size), int(pane[1] + 0.42 * size)), (253, 205, 84, 220), -1
    )


def _cypresses(canvas: Array, x: Array, y: Array, rng: np.random.Generator) -> None:
    for cx, top, half in CYPRESSES:
        rise = np.clip((y - top) / (0.80 - top), 0, 1)
        sway = cx + 0.010 * np.sin(9 * rise + 20 * cx)
        reach = (
            half * 1.1 * np.sin(np.pi * rise**0.85 * 0.72 + 0.02) * (1 + 0.16 * np.sin(40 * rise + 60 * cx))
        )
        side = (x - sway) / np.maximum(reach, 1e-4)
        inside = (np.abs(side) < 1) & (y > top)
        flame = -np.pi / 2 + 0.55 * side + 0.35 * np.sin(30 * rise + 3 * side)
        tone = np.clip(0.42 - 0.32 * side + 0.25 * np.sin(9 * side + 24 * rise), 0, 1)
        colours = ramp(tone, ["#06120f", "#0d2a22", "#1f4a2c", "#4d6a2e", "#8a7a34"])
        for brush in (Brush(16, 100, 16000), Brush(9, 70, 26000, 12)):
            paint_layer(canvas, colours, flame, brush, rng, inside)
