"""Gabled houses with plaster, windows, shutters and tiles."""

from __future__ import annotations

import numpy as np

from .noise import Texture
from .paints import coat
from .palette import linear, mix
from .scene import Paint, Place, Thing, turned
from .shapes import Prism, box

Array = np.ndarray


def house(
    place: Place, turn: float, width: float, depth: float, floors: int, colours: tuple[str, str, str],
    rng: np.random.Generator, grain: Texture,
) -> list[Thing]:  # fmt: skip
    """A gabled house: ridge along its local z; colours of wall, shutters and roof."""
    wall, shutters, tiles = colours
    eaves = 2.7 * floors + 0.4
    rise = width * rng.uniform(0.32, 0.42)
    seed = rng.uniform(0, 1, 3)
    outline = [(-width / 2, -3), (width / 2, -3), (width / 2, eaves), (0, eaves + rise), (-width / 2, eaves)]
    body = Thing(Prism(outline, depth / 2), _facade(wall, shutters, eaves, seed, grain), place, turn)
    roof = [Thing(slab, _tiles(tiles, seed, grain), place, turn) for slab in _roof(width, depth, eaves, rise)]
    at = turned(place, turn, (width * 0.22, eaves + rise * 0.2, depth * rng.uniform(-0.3, 0.3)))
    chimney = Thing(box(0.7, rise * 0.8 + 0.9, 0.9), _bricks(seed, grain), at, turn)
    return [body, *roof, chimney]


def _roof(width: float, depth: float, eaves: float, rise: float) -> list[Prism]:
    """Two slabs that hang over walls and gables."""
    out, thick = 1.14, 0.20
    low = eaves - (out - 1) * rise
    right = [
        (0, eaves + rise),
        (width / 2 * out, low),
        (width / 2 * out, low + thick),
        (0, eaves + rise + thick),
    ]
    left = [(-x, y) for x, y in reversed(right)]
    return [Prism(right, depth / 2 + 0.4), Prism(left, depth / 2 + 0.4)]


def _facade(wall: str, shutters: str, eaves: float, seed: Array, grain: Texture) -> Paint:
    """Plaster with weather stains, windows with frames and shutters in each storey, a door below."""

    def paint(points: Array, normals: Array) -> Array:
        gable = np.abs(normals[:, 2]) > 0.5
        along, up = np.where(gable, points[:, 0], points[:, 2]), points[:, 1]
        coarse, fine = (
            grain(along * 0.09 + seed[0], up * 0.05 + seed[1]),
            grain(along * 0.5, up * 0.5 + seed[2]),
        )
        stain = coarse - 0.5 + 0.5 * (fine - 0.5)
        plaster = linear(wall) * (1 + 0.30 * stain - 0.22 * np.exp(-np.maximum(up, 0) / 0.5))[:, None]
        return _windows(plaster, along, up, eaves, linear(shutters), seed)

    return paint


def _windows(plaster: Array, along: Array, up: Array, eaves: float, shutters: Array, seed: Array) -> Array:
    """Paint openings over the plaster, by the place `along` the wall and `up` it, in metres."""
    column, storey = np.floor(along / 2.5 + 0.5), np.floor((up - 0.3) / 2.7)
    across, rise = along - column * 2.5, (up - 0.3) - storey * 2.7 - 1.45
    chance = (np.sin(column * 12.9 + storey * 78.2 + seed[0] * 50) * 43758.5) % 1
    door = (storey == 0) & (chance > 0.72)
    rise, half = np.where(door, rise + 0.45, rise), np.where(door, 1.08, 0.68)
    exists = (storey >= 0) & (up < eaves - 0.25) & (chance > 0.09)
    opening = exists & (np.abs(across) < 0.46) & (np.abs(rise) < half)
    frame = exists & (np.abs(across) < 0.56) & (np.abs(rise) < half + 0.11)
    leaf = exists & ~door & (np.abs(np.abs(across) - 0.80) < 0.23) & (np.abs(rise) < half + 0.05)
    bars = (np.abs(across) < 0.04) | (np.abs(rise - 0.18) < 0.035)
    glass = opening & ~bars & ~door
    colour = np.where(frame[:, None], linear("#e9e2d2"), plaster)
    colour = np.where(leaf[:, None], shutters * (0.80 + 0.20 * np.sin(rise * 42))[:, None], colour)
    colour = np.where((door & opening)[:, None], shutters * 0.55, colour)
    colour = np.where(glass[:, None], mix(linear("#18202a"), linear("#6f6d66"), chance), colour)
    shade = opening & (rise > half - 0.24)  # below the lintel
    return coat(np.where(shade[:, None], colour * 0.45, colour), np.where(glass, 0.10, 0.0))


def _tiles(name: str, seed: Array, grain: Texture) -> Paint:
    """Rows of tiles, each a little different, moss in patches."""

    def paint(points: Array, normals: Array) -> Array:
        slope = np.abs(points[:, 0]) * 1.22  # from the ridge down, about
        row = slope / 0.34
        column = points[:, 2] / 0.26 + 0.5 * (np.floor(row) % 2)
        single = (np.sin(np.floor(row) * 127.1 + np.floor(column) * 311.7 + seed[0]) * 43758.5) % 1
        relief = 0.80 + 0.28 * (row % 1) - 0.20 * (np.abs(column % 1 - 0.5) > 0.42)
        moss = np.clip(grain(points[:, 2] * 0.10 + seed[1], slope * 0.10 + seed[2]) * 2.2 - 1.35, 0, 0.7)
        colour = linear(name) * ((0.72 + 0.5 * single) * relief)[:, None]
        return coat(mix(colour, np.broadcast_to(linear("#5d5f3c"), colour.shape), moss))

    return paint


def _bricks(seed: Array, grain: Texture) -> Paint:
    def paint(points: Array, normals: Array) -> Array:
        joints = 0.85 + 0.15 * (points[:, 1] / 0.11 % 1 > 0.2)
        return coat(
            linear("#9a6f58") * (joints * (0.8 + 0.4 * grain(points[:, 1] + seed[0], points[:, 2])))[:, None]
        )

    return paint
