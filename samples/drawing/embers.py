"""A painting: a burning evening sky in long sinuous strokes over a fjord, a pier and bent pines."""

from __future__ import annotations

import cv2
import numpy as np

from .palette import mix, ramp, rgb
from .strokes import Brush, along, blank, lay, light, paint_layer, shrink

Array = np.ndarray
SCALE = 2  # drawn at twice the size, then averaged
HEIGHT, WIDTH = 600 * SCALE, 768 * SCALE
HORIZON = 0.40  # in fractions of the width, like every place below
SUN = (0.60, 0.335)
FIRE = ["#5e0f16", "#9c1a16", "#cf3a14", "#ea6a12", "#f59a1c", "#fbc742", "#fdeea0"]
WATER = ["#07151c", "#0d2b35", "#17505a", "#2f7a78", "#c2632c", "#f0a03a", "#fbd77a"]
LAND = ["#0a0f10", "#16241c", "#2b3f22", "#5a5a24", "#8f4a1e"]


def draw(rng: np.random.Generator) -> Array:
    """The painting, float32 RGB (600, 768, 3)."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32) / WIDTH
    canvas = blank(HEIGHT, WIDTH, rgb("#7c2415"))
    _sky(canvas, x, y, rng)
    _mountains(canvas, x, y, rng)
    _water(canvas, x, y, rng)
    _shore(canvas, x, y, rng)
    _pines(canvas, x, y, rng)
    return shrink(light(canvas, 0.5), SCALE)


def _sky(canvas: Array, x: Array, y: Array, rng: np.random.Generator) -> None:
    swell = 0.034 * np.sin(8.5 * x + 9 * y + 0.4) + 0.016 * np.sin(17 * x - 12 * y + 2)
    stream = y + swell * (0.35 + 1.5 * np.clip(HORIZON - y, 0, 0.3) / 0.3)
    distance = np.hypot(x - SUN[0], 1.3 * (y - SUN[1]))
    tone = (
        0.34
        + 0.26 * np.sin(56 * stream)
        + 0.12 * np.sin(23 * stream + 3 * x)
        + 0.42 * np.exp(-distance / 0.16)
    )
    colours = ramp(np.clip(tone, 0, 0.97), FIRE)
    teal = np.clip(np.sin(31 * stream + 1.1) - 0.72, 0, 1) * 2.6 * np.clip(0.34 - y, 0, 0.2) / 0.2
    colours = mix(colours, np.broadcast_to(rgb("#245a66"), colours.shape), teal)
    colours = np.where((distance < 0.040)[..., None], rgb("#fffbd6"), colours)
    angles = np.where(distance < 0.085, np.arctan2(y - SUN[1], x - SUN[0]) + np.pi / 2, along(stream))
    sky = y < HORIZON + 0.02
    for brush in (Brush(54, 620, 700, wobble=0.05), Brush(26, 430, 1700, 14, wobble=0.05)):
        paint_layer(canvas, colours, angles, brush, rng, sky)
    paint_layer(canvas, colours, angles, Brush(13, 300, 2300, 17, wobble=0.05), rng, sky)
    paint_layer(canvas, colours, angles, Brush(12, 46, 9000, 9), rng, distance < 0.085)


def _mountains(canvas: Array, x: Array, y: Array, rng: np.random.Generator) -> None:
    far = HORIZON - 0.050 - 0.035 * np.sin(5 * x + 0.6) - 0.014 * np.sin(17 * x)
    near = (
        HORIZON
        + 0.015
        - 0.34 * np.clip(0.34 - x, 0, 1)
        - 0.012 * np.sin(22 * x)
        - 0.22 * np.clip(x - 0.84, 0, 1)
    )
    for ridge, names in (
        (far, ["#3d2440", "#6b2c3f", "#a8432f", "#d8702f"]),
        (near, ["#0d1a22", "#1b3436", "#3f3a3a", "#8a3a26"]),
    ):
        depth = y - ridge
        tone = 0.45 + 0.4 * np.sin(95 * depth + 9 * x) - 4 * depth
        inside = (depth > 0) & (y < HORIZON + 0.02)
        angles = np.arctan(np.gradient(ridge, axis=1) * WIDTH)
        for brush in (Brush(24, 150, 3000), Brush(12, 110, 4500, 15)):
            paint_layer(canvas, ramp(np.clip(tone, 0, 1), names), angles, brush, rng, inside)


def _water(canvas: Array, x: Array, y: Array, rng: np.random.Generator) -> None:
    depth = np.clip((y - HORIZON) / (HEIGHT / WIDTH - HORIZON), 0, 1)
    stream = y + 0.008 * (1 + 2 * depth) * np.sin(11 * x + 30 * y) + 0.02 * depth * np.sin(5 * x - 9 * y)
    glitter = np.exp(-(((x - SUN[0] + 0.05 * depth) / (0.05 + 0.09 * depth)) ** 2))
    tone = 0.30 - 0.12 * depth + 0.16 * np.sin(120 * stream / (1 + depth)) + 0.62 * glitter
    tone += 0.20 * np.sin(47 * stream + 4 * x) * (1 - depth)
    colours = ramp(np.clip(tone, 0, 1), WATER)
    inside = y > HORIZON
    for brush in (Brush(34, 330, 1500, wobble=0.04), Brush(16, 220, 4200, 15, wobble=0.05)):
        paint_layer(canvas, colours, along(stream), brush, rng, inside)


def _shore(canvas: Array, x: Array, y: Array, rng: np.random.Generator) -> None:
    """A dark bank that rises to the left, and a jetty that runs out from it."""
    _jetty(canvas)
    edge = 0.735 - 0.27 * np.exp(-((x / 0.34) ** 2)) - 0.012 * np.sin(19 * x) - 0.10 * np.clip(x - 0.72, 0, 1)
    depth = y - edge
    tone = np.clip(0.55 - 2.4 * depth + 0.3 * np.sin(70 * depth + 6 * x), 0, 1)
    angles = np.arctan(np.gradient(edge, axis=1) * WIDTH) + 0.5 * np.sin(14 * x) * np.clip(depth / 0.2, 0, 1)
    for brush in (Brush(32, 190, 2600), Brush(15, 130, 5200, 12)):
        paint_layer(canvas, ramp(tone, LAND), angles, brush, rng, depth > 0)


def _jetty(canvas: Array) -> None:
    """Planks and posts in perspective, drawn with a loaded flat brush."""
    deck = np.array([(0.16, 0.60), (0.46, 0.492), (0.485, 0.496), (0.30, 0.66)]) * WIDTH
    cv2.fillPoly(canvas, [deck.astype(np.int32)], (22, 16, 18, 90), cv2.LINE_AA)
    for share in np.linspace(0.02, 1, 19) ** 1.35:
        left = deck[1] + (deck[0] - deck[1]) * share
        right = deck[2] + (deck[3] - deck[2]) * share
        cv2.line(
            canvas,
            tuple(map(int, left)),
            tuple(map(int, right)),
            (196, 92, 36, 190),
            int(2 + 9 * share),
            cv2.LINE_AA,
        )
    for share in (0.06, 0.22, 0.44, 0.74):
        foot = deck[2] + (deck[3] - deck[2]) * share
        length = WIDTH * (0.018 + 0.05 * share)
        top = (int(foot[0]), int(foot[1] - 0.6 * length))
        cv2.line(
            canvas,
            top,
            (int(foot[0]), int(foot[1] + length)),
            (12, 12, 16, 150),
            int(6 + 14 * share),
            cv2.LINE_AA,
        )


def _pines(canvas: Array, x: Array, y: Array, rng: np.random.Generator) -> None:
    """Wind-bent trees against the light: a trunk of long strokes, boughs of short ones."""
    for foot, top, lean in ((0.075, 0.10, 0.10), (0.165, 0.20, 0.07), (0.93, 0.24, -0.06)):
        base = 0.62 if foot < 0.5 else 0.72
        rise = np.linspace(0, 1, 26)
        spine = (
            np.stack([foot + lean * rise**2 + 0.006 * np.sin(9 * rise), base + (top - base) * rise], 1)
            * WIDTH
        )
        cv2.polylines(canvas, [spine.astype(np.int32)], False, (16, 12, 12, 170), 10, cv2.LINE_AA)
        _boughs(canvas, spine, rng)


def _boughs(canvas: Array, spine: Array, rng: np.random.Generator) -> None:
    size = np.linalg.norm(spine[-1] - spine[0])
    for point, share in zip(spine[5:], np.linspace(1, 0.06, len(spine) - 5), strict=True):
        for _ in range(int(6 + 26 * share)):
            side = rng.choice([-1, 1])
            reach = side * size * 0.26 * share * rng.uniform(0.25, 1)
            bend = np.linspace(0, 1, 9)
            bough = point + np.stack(
                [reach * bend, size * (0.10 * share * bend**2 - 0.03 * np.sin(3 * bend))], 1
            )
            tint = ramp(np.float32(rng.beta(1.3, 3)), ["#06100f", "#10261d", "#2a4424", "#9c4a1c"])
            lay(canvas, bough + rng.normal(0, 5, 2), tint, Brush(11, 0, 1), rng)
