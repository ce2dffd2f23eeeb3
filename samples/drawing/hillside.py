"""A photograph: a village on a hillside in the morning, a lane, cypresses, and hills in the haze."""

from __future__ import annotations

import numpy as np

from .camera import Camera
from .film import develop
from .houses import house
from .noise import Texture, fractal
from .paints import coat
from .palette import linear, mix
from .plants import cypress, tree
from .scene import Scene, Thing
from .shapes import Terrain, unit
from .sky import daylight, skylight
from .tracer import render

Array = np.ndarray
SUN = unit(np.float32([[0.82, 0.44, -0.30]]))[0]
SPAN = 1600.0
WALLS = ["#efe2c6", "#e3c697", "#f2ead8", "#d9a878", "#e8d3b0", "#d8b48a", "#f0dcc0"]
SHUTTERS = ["#4d6f5a", "#3f6078", "#7a3f34", "#6f7f8a"]
ROOFS = ["#b0603c", "#9f5434", "#bb6c44", "#a4593a"]
# x, z, turn, width, depth, floors; the camera looks along +z, and +x is on its left
VILLAGE = [
    (7, 64, 0.35, 8, 11, 2), (-5, 72, 1.25, 8, 10, 3), (-17, 70, 0.15, 7.5, 10, 2), (2, 88, 0.9, 8, 12, 3),
    (-12, 90, 0.3, 8, 11, 2), (-25, 86, 1.35, 8, 11, 3), (16, 92, 0.1, 8, 10, 2), (-4, 106, 0.5, 8, 11, 3),
    (-19, 108, 1.1, 8, 12, 3), (-33, 106, 0.4, 8, 10, 2), (11, 110, 1.3, 8, 11, 2),
    (-11, 124, 0.2, 9, 12, 3), (-27, 126, 0.9, 8, 11, 3), (-42, 122, 0.2, 8, 10, 2),
    (-20, 142, 0.6, 8, 12, 2), (-36, 144, 1.2, 8, 11, 3),
]  # fmt: skip
# x, z, height
CYPRESSES = [
    (13.5, 55, 11), (11, 57, 9), (-29, 72, 13), (-31.5, 74, 10), (24, 84, 12), (6, 98, 12),
    (-46, 110, 13), (-28, 116, 13), (-3, 134, 14), (-48, 134, 12), (27, 60, 9),
]  # fmt: skip
TREES = [
    (0.5, 58, 7), (-10.5, 62, 6), (-24, 62, 8), (20, 74, 8), (9, 80, 7), (-35, 90, 9), (24, 104, 9),
    (-2, 116, 9), (30, 46, 8.5), (-20, 50, 6.5), (36, 130, 12), (48, 150, 12), (28, 160, 12), (60, 175, 13),
    (40, 190, 13), (-55, 150, 11), (-8, 42, 5.5),
]  # fmt: skip


def draw(rng: np.random.Generator, size: tuple[int, int] = (512, 768), grid: int = 3) -> Array:
    """The photograph, float32 RGB (height, width, 3)."""
    light = render(scene(rng), view(), size, rng, grid)
    return develop(light, rng, exposure=1.0)


def view() -> Camera:
    """From the lane below the village."""
    return Camera((20, 10.5, 8), (1.5, 17.5, 90), field=34)


def scene(rng: np.random.Generator) -> Scene:
    """The land, the village and its trees."""
    grain, clouds = Texture(fractal(rng, 512, 4, 7)), Texture(fractal(rng, 512, 4, 7))
    land = _land(grain)
    things = [_ground(land, grain), *_village(land, rng, grain), *_trees(land, rng, grain)]
    sky = daylight(clouds, SUN, "#3d78bf", "#d9e0df", cover=0.62, drift=0.12)
    return Scene(
        things, sky, skylight("#8fb4e0", "#7f7650", 0.85), SUN, linear("#ffdca4") * 2.1, key_softness=0.012,
        ambient_reach=8, bounce=np.float32([0.16, 0.13, 0.09]), haze=1100,
    )  # fmt: skip


def _land(grain: Texture) -> Terrain:
    """A slope up to the right, a valley at the left, and ranges of hills beyond it."""
    z, x = np.mgrid[-SPAN / 2 : SPAN / 2 : 1000j, -SPAN / 2 : SPAN / 2 : 1000j]
    z = z + SPAN / 2 - 60
    hill = 34 * np.exp(-(((x + 45) / 62) ** 2) - ((z - 150) / 85) ** 2)
    ranges = 120 * np.clip((z - 260) / 420, 0, 1) * grain(x / 1500 + 0.45, z / 1500 + 0.2)
    ranges += 330 * np.clip((z - 520) / 700, 0, 1) * grain(x / 2300 + 0.1, z / 2300 + 0.7)
    rough = 1.6 * (grain(x / 130, z / 130) - 0.5) + 7 * np.clip((z - 170) / 200, 0, 1) * (
        grain(x / 260, z / 260) - 0.3
    )
    return Terrain(hill + ranges + rough, SPAN)


def _ground(land: Terrain, grain: Texture) -> Thing:
    """Meadows, terraces with vines, woods in the distance, and the lane."""

    def paint(points: Array, normals: Array) -> Array:
        x, z = points[:, 0], points[:, 2] + SPAN / 2 - 60
        u, v = 0.8 * x + 0.6 * z, 0.8 * z - 0.6 * x  # askew, lest the noise's grid show in the lawn
        tone = (
            0.5 * grain(u / 40, v / 40) + 0.35 * grain(u / 4, v / 4) + 0.25 * grain(v / 0.9, u / 0.9) - 0.05
        )
        grass = mix(linear("#4c5f25"), linear("#a39a4a"), tone)
        parcel = (
            np.sin(np.floor(x / 46 + 0.4 * grain(x / 300, z / 300)) * 127.1 + np.floor(z / 60) * 311.7)
            * 43758.5
        ) % 1
        field = mix(linear("#5d7a30"), linear("#cfae58"), parcel)
        rows = 0.86 + 0.20 * np.sin((x * np.cos(parcel * 6) + z * np.sin(parcel * 6)) * 1.6)
        colour = mix(grass, field * rows[:, None], np.clip((z - 165) / 40, 0, 1) * 0.9)
        woods = np.clip((grain(x / 170 + 0.3, z / 170) - 0.60) * 9, 0, 1) * np.clip((z - 170) / 30, 0, 1)
        colour = mix(colour, mix(linear("#1d3019"), linear("#4a6030"), grain(x / 22, z / 22)), woods)
        return coat(mix(colour, linear("#cbb78e") * (0.8 + 0.4 * grain(x / 3, z / 3))[:, None], _lane(x, z)))

    def bump(points: Array) -> Array:
        x, z = points[:, 0], points[:, 2]
        u, v = 0.8 * x + 0.6 * z, 0.8 * z - 0.6 * x
        near = 0.45 * np.stack([grain(u / 3, v / 3) - 0.5, 0 * x, grain(v / 3 + 0.4, u / 3) - 0.5], 1)
        far = 0.8 * np.stack([grain(x / 26, z / 26) - 0.5, 0 * x, grain(x / 26 + 0.4, z / 26) - 0.5], 1)
        return np.where((z + SPAN / 2 - 60 > 165)[:, None], far, near)

    return Thing(land, paint, (0, 0, SPAN / 2 - 60), bump=bump)


def _lane(x: Array, z: Array) -> Array:
    """0..1: how much of the ground at (x, z) is the lane that winds up to the village."""
    middle = 15.5 - 0.02 * (z - 20) + 5.5 * np.sin((z - 12) / 17)
    return np.clip((2.1 - np.abs(x - middle)) * 1.6, 0, 1) * np.clip((100 - z) / 10, 0, 1)


def _on(land: Terrain, x: float, z: float) -> float:
    return float(land.height(np.float32([x]), np.float32([z - SPAN / 2 + 60]))[0])


def _village(land: Terrain, rng: np.random.Generator, grain: Texture) -> list[Thing]:
    things: list[Thing] = []
    for x, z, turn, width, depth, floors in VILLAGE:
        colours = (str(rng.choice(WALLS)), str(rng.choice(SHUTTERS)), str(rng.choice(ROOFS)))
        things += house((x, _on(land, x, z) - 0.3, z), turn, width, depth, floors, colours, rng, grain)
    x, z = -15.0, 116.0
    tower = ("#e6d3ae", "#5f6f6a", "#a4593a")
    return things + house((x, _on(land, x, z), z), 0.3, 5.5, 5.5, 6, tower, rng, grain)


def _trees(land: Terrain, rng: np.random.Generator, grain: Texture) -> list[Thing]:
    """Cypresses in twos and threes, broad trees between the houses and down in the valley."""
    things: list[Thing] = []
    for x, z, tall in CYPRESSES:
        things += cypress((x, _on(land, x, z) - 0.3, z), tall, rng, grain)
    for x, z, tall in TREES:
        things += tree((x, _on(land, x, z) - 0.3, z), tall, ("#33491f", "#8b9a45"), rng, grain)
    return things
