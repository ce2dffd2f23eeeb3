"""A small ray tracer: a key light with soft shadows, a lit surrounding, mirrors and haze."""

from __future__ import annotations

import numpy as np

from .camera import Camera
from .scene import Scene
from .shapes import unit

Array = np.ndarray
BATCH = 4096  # rays at a time: their arrays stay in the processor's cache


def render(
    scene: Scene,
    camera: Camera,
    size: tuple[int, int],
    rng: np.random.Generator,
    grid: int = 3,
    rough: bool = False,
) -> Array:
    """Light, float32 (height, width, 3), the mean of `grid`² rays a pixel; `rough` guesses the shade."""
    height, width = size
    picture = np.zeros((height * width, 3), np.float32)
    order = _by_tiles(height, width)
    rows, columns = np.divmod(order, width)
    for sample in range(grid * grid):
        shift = (np.array(divmod(sample, grid)) + rng.random((height * width, 2))) / grid
        x, y = (columns + shift[:, 1] - width / 2) / height, (rows + shift[:, 0]) / height - 0.5
        origins, directions = camera.rays(x, y, _disc(rng, len(x)))
        for start in range(0, len(x), BATCH):
            part = slice(start, start + BATCH)
            light = trace(scene, origins[part], directions[part], rng, rough)
            picture[order[part]] += np.minimum(light, 6) / grid**2
    return picture.reshape(height, width, 3)


def _by_tiles(height: int, width: int, side: int = 64) -> Array:
    """Pixel indices tile by tile: the rays of a batch then go one way, and most things can be left out."""
    rows, columns = np.divmod(np.arange(height * width), width)
    return np.lexsort((columns, rows, columns // side, rows // side))


def trace(
    scene: Scene,
    origins: Array,
    directions: Array,
    rng: np.random.Generator,
    rough: bool,
    mirror: bool = True,
) -> Array:
    """The light (N, 3) that comes along the rays."""
    distance, index = scene.nearest(origins, directions)
    light = scene.surrounding(directions)
    met = np.flatnonzero(index >= 0)
    if not len(met):
        return light
    points = origins[met] + directions[met] * distance[met, None]
    normals, paint = _look(scene, points, index[met])
    normals = np.where((np.einsum("ij,ij->i", normals, directions[met]) > 0)[:, None], -normals, normals)
    outside = points + normals * (
        0.003 + 0.0012 * distance[met, None]
    )  # clear of the surface by more than its error
    shaded = paint[:, :3] * _irradiance(scene, outside, normals, rng, rough or not mirror)
    if mirror:
        shaded = _mirrored(scene, points, normals, directions[met], paint[:, 3], shaded, rng)
    light[met] = _veiled(scene, directions[met], distance[met], shaded)
    return light


def _veiled(scene: Scene, directions: Array, distance: Array, shaded: Array) -> Array:
    """Fade what is far into the light of the sky just above the horizon."""
    if not np.isfinite(scene.haze):
        return shaded
    kept = np.exp(-distance / scene.haze)[:, None]
    level = directions * np.float32([1, 0.15, 1]) + np.float32([0, 0.02, 0])
    return shaded * kept + scene.surrounding(unit(level)) * (1 - kept) * 0.9


def _look(scene: Scene, points: Array, index: Array) -> tuple[Array, Array]:
    normals, paint = np.empty_like(points), np.empty((len(points), 4), np.float32)
    for i in np.unique(index):
        here = index == i
        normals[here], paint[here] = scene.things[i].look(points[here])
    return normals, paint


def _irradiance(scene: Scene, points: Array, normals: Array, rng: np.random.Generator, rough: bool) -> Array:
    """Light (N, 3) that falls onto the points: the key light, and the surrounding where it is seen."""
    towards = unit(scene.key_direction + scene.key_softness * _normal(rng, points))
    incidence = np.maximum(np.einsum("ij,ij->i", normals, towards), 0)
    if scene.gobo is not None:
        incidence = incidence * scene.gobo(points)
    lit = np.flatnonzero(incidence > 1e-4)
    incidence[lit[scene.hidden(points[lit], towards[lit], np.inf)]] = 0
    key = incidence[:, None] * scene.key_colour
    if rough:
        return key + scene.fill(normals) * (0.65 + 0.25 * normals[:, 1:2])
    around = unit(normals + unit(_normal(rng, points)))
    shade = scene.hidden(points, around, scene.ambient_reach)
    return key + np.where(shade[:, None], scene.bounce, scene.fill(normals))


def _mirrored(
    scene: Scene,
    points: Array,
    normals: Array,
    directions: Array,
    share: Array,
    shaded: Array,
    rng: np.random.Generator,
) -> Array:
    """Add what the surface mirrors, more at a grazing look (Schlick's approximation)."""
    shiny = np.flatnonzero(share > 0)
    if not len(shiny):
        return shaded
    ways, faces = directions[shiny], normals[shiny]
    facing = np.clip(-np.einsum("ij,ij->i", ways, faces), 0, 1)
    back = unit(ways + 2 * facing[:, None] * faces)
    seen = trace(scene, points[shiny] + faces * 0.004, back, rng, True, mirror=False)
    part = (share[shiny] + (1 - share[shiny]) * (1 - facing) ** 5)[:, None]
    metal = (share[shiny] > 0.3)[:, None]
    tint = np.where(metal, shaded[shiny] / (shaded[shiny].max(1, keepdims=True) + 1e-6), 1)
    shaded[shiny] = shaded[shiny] * (1 - part) + seen * part * (0.3 + 0.7 * tint)
    return shaded


def _normal(rng: np.random.Generator, like: Array) -> Array:
    return rng.standard_normal(like.shape, np.float32)


def _disc(rng: np.random.Generator, count: int) -> Array:
    radius, angle = np.sqrt(rng.random(count)), rng.random(count) * 2 * np.pi
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1).astype(np.float32)
