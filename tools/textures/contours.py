"""Woodcuts and maps: flat terraces of a smooth field, their borders cut as lines, the dark hatched."""

import numpy as np

from tools.textures.canvas import Array, Painter, finished, noise, painted, palette, some, warped


def design(rng: np.random.Generator) -> Painter:
    """One class: how many levels, how thick the lines, how much hatching."""
    colours, ink = palette(rng), palette(rng, 3)[0] * rng.uniform(0.2, 1)
    levels, thickness = int(rng.integers(3, 12)), rng.uniform(0.6, 2.5)
    slope, angle, stretch = rng.uniform(1.8, 3), rng.uniform(0, np.pi), rng.choice([1.0, rng.uniform(2, 8)])
    lowest, warp = rng.uniform(1, 5), some(rng, 0.5, 4, 20)
    hatched, swelling = some(rng, 0.5, 20, 70), rng.uniform(0, 1)

    def paint(rng: np.random.Generator) -> Array:
        field = warped(noise(rng, slope, stretch, angle, lowest), rng, warp)
        picture = painted(np.floor(field * levels) / max(levels - 1, 1), colours)
        steepness = np.hypot(*np.gradient(field * levels)) + 1e-3
        swell = 1 + swelling * (4 * noise(rng, 2) - 1.5)
        distance = np.abs((field * levels + 0.5) % 1 - 0.5) / steepness  # pixels from a level
        line = np.clip(thickness * np.maximum(swell, 0.2) + 0.5 - distance, 0, 1)
        if hatched:
            strand = np.sin(field * hatched * 2 * np.pi) * 0.5 + 0.5
            line = np.maximum(line, np.clip(4 * (strand - 0.4 - field), 0, 1))
        return finished(picture * (1 - line[..., None]) + ink * line[..., None], rng)

    return paint
