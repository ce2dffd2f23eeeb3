"""Surfaces: the building blocks of the look of things close by."""

from __future__ import annotations

import numpy as np

from .noise import Texture
from .palette import linear
from .scene import Bump, Paint

Array = np.ndarray


def coat(colour: Array, mirror: float | Array = 0.0) -> Array:
    """Colours (N, 3) with the mirror's share as their fourth column."""
    share = np.broadcast_to(np.float32(mirror), (len(colour),))[:, None]
    return np.concatenate([colour, share], 1).astype(np.float32)


def plain(name: str, mirror: float = 0.0) -> Paint:
    """One colour all over."""
    return lambda points, normals: coat(np.broadcast_to(linear(name), points.shape), mirror)


def bumps(grain: Texture, scale: float, strength: float) -> Bump:
    """Pushes on the normals, read from the noise at `scale` tiles a metre."""

    def bump(points: Array) -> Array:
        u = points[:, 0] * scale + points[:, 2] * scale * 0.8
        v = points[:, 1] * scale - points[:, 2] * scale * 0.6
        pushes = np.stack([grain(u, v) - 0.5, grain(u + 0.37, v) - 0.5, grain(u, v + 0.61) - 0.5], 1)
        return strength * pushes * 2

    return bump


def soft(edge: Array, width: float) -> Array:
    """0 where `edge` is below zero, 1 above, with a transition `width` wide."""
    return np.clip(edge / width * 0.5 + 0.5, 0, 1).astype(np.float32)
