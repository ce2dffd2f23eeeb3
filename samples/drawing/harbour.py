"""A photograph: quay houses, boats and their reflections in the afternoon."""

from __future__ import annotations

import numpy as np

from .boats import boat
from .camera import Camera
from .film import develop
from .houses import house
from .noise import Texture, fractal
from .paints import coat, plain
from .palette import linear, mix
from .plants import tree
from .scene import Paint, Scene, Thing
from .shapes import Level, Terrain, box, unit
from .sky import daylight, skylight
from .tracer import render

Array = np.ndarray
SUN = unit(np.float32([[0.66, 0.50, -0.56]]))[0]
FACADES = [
    ("#d9b26a", "#3f6b5c", "#a85a3c"), ("#c9705a", "#e6dcc8", "#8a4632"), ("#e6dac0", "#35607f", "#b0663f"),
    ("#8fb0b0", "#f0e8d8", "#94503a"), ("#e3a08a", "#4a6a4a", "#a4583a"), ("#efe6d2", "#7d3b35", "#9a5238"),
    ("#c98f4e", "#2f4f58", "#b06a48"), ("#d8c7a4", "#5a7a8a", "#8f4c36"), ("#b5564a", "#efe4cc", "#a86044"),
    ("#e9d59a", "#4f6f52", "#9c5640"),
]  # fmt: skip
# x, z, turn, length, colours of hull and trim, whether there is a cabin
FLEET = [
    (-22, 7.6, 0.06, 7.5, ("#2f6f8a", "#e8dcc0"), True),
    (-11.5, 7.8, 3.20, 6.2, ("#b5453a", "#efe6d2"), False),
    (-1.5, 7.4, 0.02, 8.0, ("#e8e2d2", "#b5453a"), True),
    (9.5, 7.8, 3.1, 6.0, ("#3f7a5c", "#f0e4c0"), False),
    (18.2, 7.4, 0.10, 6.6, ("#dfae45", "#2f4f6b"), True),
    (-8.5, -10.5, 0.55, 5.6, ("#2c5f94", "#efe4c8"), False),
    (14.5, -3.0, 2.0, 5.8, ("#c8563a", "#f2e8d4"), False),
    (-19.5, -1.5, -0.35, 6.4, ("#efe9dc", "#3f6f5c"), False),
]


def draw(rng: np.random.Generator, size: tuple[int, int] = (512, 768), grid: int = 3) -> Array:
    """The photograph, float32 RGB (height, width, 3)."""
    light = render(scene(rng), view(), size, rng, grid)
    return develop(light, rng, exposure=1.0)


def view(slide: float = 0.0) -> Camera:
    """The camera on a boat in the basin; `slide` 0..1 carries it along the quay."""
    return Camera((-7 + 9 * slide, 5.2, -31), (0.5 + 3.5 * slide, 4.9, 6), field=35 - 2 * slide)


def scene(rng: np.random.Generator, sail_x: float = 9.0, seconds: float = 0.0) -> Scene:
    """The basin; a sailing boat is at `sail_x` metres, and the ripples are those of time `seconds`."""
    grain, clouds = Texture(fractal(rng, 512, 4, 7)), Texture(fractal(rng, 512, 4, 7))
    things = [_water(grain, seconds), _hills(grain), *_quay(grain), *_town(rng, grain), *_moored(rng)]
    things += boat(
        (sail_x, 0.02 * np.sin(2.1 * seconds), -4.5), np.pi + 0.10, 7.6, ("#e9e4d6", "#2f5f86"), "#f3e9d2"
    )
    sky = daylight(clouds, SUN, cover=0.66, drift=0.31 + 0.002 * seconds)
    return Scene(
        things, sky, skylight("#8fb2dc", "#7d7664", 0.95), SUN, linear("#ffe3b8") * 1.9, key_softness=0.012,
        ambient_reach=9, bounce=np.float32([0.17, 0.14, 0.11]), haze=900,
    )  # fmt: skip


def _water(grain: Texture, seconds: float) -> Thing:
    """Ripples of three lengths that run past each other."""

    def paint(points: Array, normals: Array) -> Array:
        murk = grain(points[:, 0] * 0.010, points[:, 2] * 0.013)
        return coat(mix(linear("#12343a"), linear("#1f4d4c"), murk), 0.06)

    def bump(points: Array) -> Array:
        x, z = points[:, 0], points[:, 2]
        push = np.zeros((len(x), 2), np.float32)
        for scale, strength, speed in ((0.030, 0.030, 0.02), (0.085, 0.034, -0.035), (0.26, 0.034, 0.06)):
            u, v = x * scale + speed * seconds, z * scale * 1.5 + 0.7 * speed * seconds
            push[:, 0] += strength * (grain(u, v) - 0.5)
            push[:, 1] += strength * (grain(u + 0.43, v + 0.21) - 0.5) * 1.6
        return np.stack([push[:, 0], np.zeros_like(x), push[:, 1]], 1)

    return Thing(Level(), paint, bump=bump)


def _hills(grain: Texture) -> Thing:
    """Wooded hills behind the town, from 30 m to 900 m away."""
    z, x = np.mgrid[0:900:600j, -450:450:600j]
    rise = np.clip((z - 20) / 130, 0, 1) ** 1.3 * 26 + np.clip((z - 120) / 500, 0, 1) * 95
    roll = grain(x / 700 + 0.2, z / 900 + 0.1)
    land = rise * (0.30 + 1.1 * roll) + 3.0 * grain(x / 60, z / 60) * np.clip((z - 20) / 60, 0, 1)
    shape = Terrain(land + 2.0, 900.0)

    def paint(points: Array, normals: Array) -> Array:
        x, z = points[:, 0], points[:, 2]
        woods = np.clip((grain(x / 150, z / 150) - 0.42) * 6, 0, 1)
        leaves = grain(x / 28, z / 28)
        meadow = mix(linear("#8a8a48"), linear("#b7a868"), grain(x / 70, z / 70 + 0.5))
        return coat(mix(meadow, mix(linear("#26391f"), linear("#5d7038"), leaves), woods))

    def bump(points: Array) -> Array:
        x, z = points[:, 0], points[:, 2]
        return 0.9 * np.stack([grain(x / 28, z / 28) - 0.5, 0 * x, grain(x / 28 + 0.4, z / 28) - 0.5], 1)

    return Thing(shape, paint, (0, 0, 482), bump=bump)


def _quay(grain: Texture) -> list[Thing]:
    """A stone wall with a kerb, and a pier that comes towards the camera at the right."""
    wall, iron = _stones(grain), plain("#2b2f33", 0.03)
    things = [Thing(box(160, 4.2, 26), wall, (0, -3, 23)), Thing(box(5, 3.8, 15), wall, (24, -3, 4))]
    for x in np.arange(-33, 34, 5.5):
        things.append(Thing(box(0.35, 0.75, 0.35), iron, (x, 1.2, 10.6)))
    return things


def _stones(grain: Texture) -> Paint:
    def paint(points: Array, normals: Array) -> Array:
        along, up = points[:, 0] + points[:, 2], points[:, 1]
        row = np.floor(up / 0.55)
        column = along / 1.3 + 0.5 * (row % 2)
        joint = (np.abs(up / 0.55 % 1 - 0.5) > 0.45) | (np.abs(column % 1 - 0.5) > 0.475)
        single = (np.sin(row * 127.1 + np.floor(column) * 311.7) * 43758.5) % 1
        tone = (0.70 + 0.35 * single + 0.5 * (grain(along * 0.3, up * 0.3) - 0.5)) * np.where(joint, 0.62, 1)
        stone = linear("#a89c88") * tone[:, None]
        weed = np.clip((3.75 - up) / 0.5, 0, 1) * 0.75
        paving = linear("#b8ab94") * (0.8 + 0.4 * grain(points[:, 0] * 0.25, points[:, 2] * 0.25))[:, None]
        sides = mix(stone, np.broadcast_to(linear("#2f3a28"), stone.shape), weed)
        return coat(np.where((normals[:, 1] > 0.5)[:, None], paving, sides))

    return paint


def _town(rng: np.random.Generator, grain: Texture) -> list[Thing]:
    """A row of houses along the quay, a second row on higher ground, trees between."""
    things: list[Thing] = []
    x = -36.0
    for i in range(13):
        wide = rng.uniform(5.2, 6.8)
        colours = FACADES[(3 * i + 1) % len(FACADES)]
        floors = int(rng.choice([2, 3, 3, 4]))
        gable = rng.random() < 0.45
        size = (wide, 10.0) if gable else (10.0, wide)
        turn = 0.0 if gable else np.pi / 2
        things += house(
            (x + wide / 2, 1.2, 20 + rng.uniform(-0.5, 0.8)), turn, *size, floors, colours, rng, grain
        )
        x += wide + rng.choice([0.0, 0.0, 0.9])
    for i in range(9):
        place = (-44 + 10.5 * i + rng.uniform(-2, 2), 4.0 + rng.uniform(0, 4.5), 42 + rng.uniform(-3, 12))
        things += house(
            place,
            rng.uniform(0, 3.1),
            8,
            9,
            int(rng.integers(2, 4)),
            FACADES[int(rng.integers(10))],
            rng,
            grain,
        )
    for px, pz, tall in (
        (-30.5, 13.2, 5.2),
        (3.0, 13.0, 4.6),
        (25.5, 13.0, 5.4),
        (-12, 34, 13),
        (16, 35, 12),
        (34, 33, 12),
    ):
        things += tree((px, 1.2, pz), tall, ("#2c4420", "#7d8f42"), rng, grain)
    return things


def _moored(rng: np.random.Generator) -> list[Thing]:
    """Boats along the wall and at buoys in the basin."""
    things: list[Thing] = []
    for x, z, turn, length, colours, cabin in FLEET:
        things += boat((x, rng.uniform(-0.05, 0.05), z), turn, length, colours, None, cabin)
    return things
