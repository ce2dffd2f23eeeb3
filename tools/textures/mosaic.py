"""Cells about scattered points: mosaic, stained glass, cracked earth, scales, hammered metal."""

import numpy as np
from scipy.spatial import cKDTree

from tools.textures.canvas import (
    COLUMNS,
    ROWS,
    SIDE,
    Array,
    Painter,
    finished,
    flat,
    painted,
    palette,
    pick,
    some,
    warped,
)


def design(rng: np.random.Generator) -> Painter:
    """One class: the size and regularity of cells, their filling and their seams."""
    colours, seam = palette(rng), palette(rng, 2)[0]
    cell, jitter = rng.uniform(6, 36), rng.choice([0.15, 0.5, 1.0])
    angle, stretch = rng.uniform(0, np.pi), rng.choice([1.0, rng.uniform(1.5, 4)])
    filling, joint = pick(rng, ("flat", "distance", "edge")), some(rng, 0.6, 0.8, 4)
    warp, grain, spread = some(rng, 0.3, 2, 10), some(rng, 0.3, 3, 12), rng.uniform(0, 25)

    def paint(rng: np.random.Generator) -> Array:
        nearest, second, labels = _cells(rng, cell, jitter, angle, stretch)
        tones = rng.permutation(len(colours) * 64)
        if filling == "flat":
            picture = (
                flat(tones[labels % len(tones)], colours) + rng.normal(0, spread, 4096)[labels % 4096, None]
            )
        else:
            depth = nearest if filling == "distance" else second - nearest
            picture = painted(np.clip(depth / cell, 0, 1), colours)
        if joint:
            open_ = np.clip((second - nearest) / joint - 0.3, 0, 1)[..., None]
            picture = picture * open_ + seam * (1 - open_)
        return finished(warped(picture.astype(np.float32), rng, warp), rng, grain)

    return paint


def _cells(
    rng: np.random.Generator, cell: float, jitter: float, angle: float, stretch: float
) -> tuple[Array, Array, Array]:
    """Distance to the nearest and to the second nearest point, in pixels, and which is nearest."""
    reach = np.arange(-SIDE, 2 * SIDE, cell)
    points = np.stack(np.meshgrid(reach, reach), -1)
    points[::2, :, 0] += cell / 2
    points = points.reshape(-1, 2) + rng.uniform(-0.5, 0.5, (len(reach) ** 2, 2)) * jitter * cell * 1.6
    cosine, sine = np.cos(angle), np.sin(angle)
    grid = np.stack([COLUMNS, ROWS], -1).reshape(-1, 2) - SIDE / 2
    grid = (
        grid @ np.array([[cosine, -sine], [sine, cosine]]) / [np.sqrt(stretch), 1 / np.sqrt(stretch)]
        + SIDE / 2
    )
    distances, labels = cKDTree(points).query(grid, k=2)
    nearest, second = distances.T.reshape(2, SIDE, SIDE)
    return nearest, second, labels[:, 0].reshape(SIDE, SIDE)
