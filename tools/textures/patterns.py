"""Repeating motifs: stripes, checks, bricks, dots, weaves and hatching, more or less bent."""

import numpy as np

from tools.textures.canvas import (
    COLUMNS,
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
)


def design(rng: np.random.Generator) -> Painter:
    """One class: the motif, its period and direction, how sharp and how bent."""
    colours, motif = palette(rng), pick(rng, ("stripes", "checks", "bricks", "dots", "weave", "hatching"))
    period, angle = rng.uniform(5, 34), rng.uniform(0, np.pi)
    ratio, duty, sharpness = rng.uniform(0.5, 2.5), rng.uniform(0.25, 0.75), rng.choice([1.5, 6.0])
    bend, grain, stain = some(rng, 0.6, 2, 20), some(rng, 0.4, 3, 14), rng.uniform(0, 0.4)

    def paint(rng: np.random.Generator) -> Array:
        u, v = _coordinates(rng, period, angle, ratio, bend)
        field = np.clip((_motif(motif, u, v, duty)) * sharpness + 0.5, 0, 1)
        field = np.clip(field + stain * (noise(rng, 1.6) - 0.5), 0, 1)
        return finished(painted(field, colours), rng, grain)

    return paint


def _coordinates(
    rng: np.random.Generator, period: float, angle: float, ratio: float, bend: float
) -> tuple[Array, Array]:
    """Periods along and across the motif, from a random origin."""
    x, y = COLUMNS + rng.uniform(0, SIDE), ROWS + rng.uniform(0, SIDE)
    if bend:
        x, y = x + bend * (noise(rng, 2.4) - 0.5), y + bend * (noise(rng, 2.4) - 0.5)
    along = (np.cos(angle) * x + np.sin(angle) * y) / period
    across = (np.cos(angle) * y - np.sin(angle) * x) / (period * ratio)
    return along, across


def _motif(motif: str, u: Array, v: Array, duty: float) -> Array:
    """About -0.5..0.5: the sign is the two halves of the motif, the value how far from their border."""
    if motif == "stripes":
        return duty - _fold(u)
    if motif == "checks":
        return 2 * (_fold(u) - 0.5) * (_fold(v) - 0.5) * 2
    if motif == "bricks":
        return np.minimum(_fold(u), _fold(v + 0.5 * (np.floor(u) % 2))) - 0.3 * duty
    if motif == "dots":
        return duty * 0.7 - np.hypot(_fold(u) - 1, _fold(v + 0.5 * (np.floor(u) % 2)) - 1)
    if motif == "weave":
        return np.where((np.floor(u) + np.floor(v)) % 2, _fold(u), _fold(v)) - duty
    return np.maximum(0.5 * duty - _fold(2 * u), 0.5 * duty - _fold(2 * v + u))


def _fold(u: Array) -> Array:
    """A triangle wave 0..1..0 of period 1."""
    return 1 - np.abs(2 * (u % 1) - 1)
