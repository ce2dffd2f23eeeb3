"""Daylight: a graded sky with a sun's glow and clouds."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .noise import Texture
from .palette import linear, mix

Array = np.ndarray


def daylight(
    clouds: Texture,
    sun: Array,
    zenith: str = "#3f74b8",
    horizon: str = "#cfdde2",
    cover: float = 0.5,
    drift: float = 0.0,
) -> Callable[[Array], Array]:
    """Light by direction; `sun` (3,) is a unit vector, `cover` the share of clouds, `drift` moves them."""

    def light(directions: Array) -> Array:
        up = np.maximum(directions[:, 1], 0)
        blue = mix(linear(horizon), linear(zenith), up**0.5)
        towards = np.clip(directions @ sun, 0, 1)
        blue = blue + linear("#ffdca8") * (0.30 * towards**6 + 0.6 * towards**80)[:, None]
        return _clouded(blue, directions, up, towards).astype(np.float32)

    def _clouded(blue: Array, directions: Array, up: Array, towards: Array) -> Array:
        flat = 0.16 / (up + 0.10)
        u, v = directions[:, 0] * flat + drift, directions[:, 2] * flat
        thickness = clouds(u, v)
        density = np.clip((thickness - (1 - cover)) * 3.2, 0, 1) * np.clip(
            (directions[:, 1] - 0.015) * 16, 0, 1
        )
        nearer = clouds(
            u + 0.03 * sun[0], v + 0.03 * sun[2]
        )  # a step towards the sun: how deep the light has come
        shade = np.clip(0.62 - 1.7 * (nearer - thickness) - 0.45 * (thickness - 0.6), 0, 1)
        white = mix(linear("#9aa7b8"), linear("#fff6e8") * 1.15, shade) * (1 + 0.4 * towards**8)[:, None]
        return mix(blue, white, 0.92 * density)

    return light


def skylight(
    above: str = "#8fb0d8", below: str = "#6f6a58", strength: float = 1.0
) -> Callable[[Array], Array]:
    """What a matt surface gathers from the sky and from sunlit ground, by its normal (N, 3)."""

    def gathered(normals: Array) -> Array:
        return (mix(linear(below), linear(above), normals[:, 1] * 0.5 + 0.5) * strength).astype(np.float32)

    return gathered
