"""Clouds, marble, wood, ridges, terraces: spectral noise seen through a palette."""

import numpy as np

from tools.textures.canvas import Array, Painter, finished, noise, painted, palette, pick, some, warped


def design(rng: np.random.Generator) -> Painter:
    """One class: a spectrum, a way to fold it, a palette."""
    colours = palette(rng)
    slope, angle = rng.uniform(0.9, 2.8), rng.uniform(0, np.pi)
    stretch = rng.choice([1.0, rng.uniform(2, 12)])
    fold, waves = pick(rng, ("direct", "sine", "ridge", "terraces")), rng.uniform(1, 7)
    lowest, warp, grain = rng.uniform(1, 8), some(rng, 0.4, 3, 14), some(rng, 0.3, 3, 16)

    def paint(rng: np.random.Generator) -> Array:
        field = noise(rng, slope, stretch, angle, lowest)
        return finished(painted(_folded(warped(field, rng, warp), fold, waves), colours), rng, grain)

    return paint


def _folded(field: Array, fold: str, waves: float) -> Array:
    if fold == "sine":
        return 0.5 + 0.5 * np.sin(2 * np.pi * waves * field)
    if fold == "ridge":
        return np.abs((field * waves) % 2 - 1)
    if fold == "terraces":
        return np.floor(field * (waves + 2)) / (waves + 2)
    return field
