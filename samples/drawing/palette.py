"""Colours: hexadecimal names, and ramps through several of them."""

from __future__ import annotations

import numpy as np

Array = np.ndarray


def rgb(name: str) -> Array:
    """'#rrggbb' as float32 (3,) within 0..255."""
    return np.array([int(name[i : i + 2], 16) for i in (1, 3, 5)], np.float32)


def linear(name: str) -> Array:
    """'#rrggbb' as light, float32 (3,) within 0..1, sRGB's curve undone."""
    return (rgb(name) / 255) ** np.float32(2.2)


def ramp(position: Array, names: list[str]) -> Array:
    """The colours met along evenly spaced `names`; `position` 0..1, any shape; result (..., 3)."""
    stops = np.array([rgb(name) for name in names])
    places = np.linspace(0, 1, len(names))
    return np.stack([np.interp(position, places, stops[:, c]) for c in range(3)], -1).astype(np.float32)


def mix(first: Array, second: Array, amount: Array) -> Array:
    """From `first` (amount 0) to `second` (amount 1); `amount` lacks the colours' axis."""
    amount = np.clip(amount, 0, 1)[..., None]
    return first * (1 - amount) + second * amount
