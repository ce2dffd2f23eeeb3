"""A photograph: a vase of peonies and fruit on linen, in the light of a window at the left."""

from __future__ import annotations

import numpy as np

from .bouquet import bouquet
from .camera import Camera
from .film import develop
from .fruit import fruit, grapes
from .noise import Texture, fractal
from .paints import bumps, coat, plain, soft
from .palette import linear, mix
from .scene import Scene, Thing
from .shapes import Terrain, box, revolved, unit
from .tracer import render

Array = np.ndarray
KEY = unit(np.float32([[-0.74, 0.60, 0.42]]))[0]


def draw(rng: np.random.Generator, size: tuple[int, int] = (512, 768), grid: int = 3) -> Array:
    """The photograph, float32 RGB (height, width, 3)."""
    light = render(scene(rng), view(), size, rng, grid)
    return develop(light, rng, exposure=1.0)


def view(slide: float = 0.0) -> Camera:
    """The camera, moved sideways and closer by `slide` 0..1."""
    place = (0.10 - 0.14 * slide, 0.50 - 0.02 * slide, 1.62 - 0.14 * slide)
    return Camera(place, (0.01, 0.215, 0.0), field=27.0, aperture=0.006)


def scene(rng: np.random.Generator) -> Scene:
    """Everything on the table, and the room about it."""
    grain = Texture(fractal(rng, 512, 4, 7))
    things = [_cloth(rng, grain), _wall(grain), *_vase(grain), *bouquet(rng, grain), *fruit(grain)]
    things += grapes(rng, grain)
    things.append(_brass_pot())
    return Scene(
        things, _room, _fill, KEY, linear("#ffe0b0") * 1.75, key_softness=0.03, ambient_reach=0.7,
        bounce=np.float32([0.13, 0.10, 0.08]), gobo=_window_bars,
    )  # fmt: skip


def _room(directions: Array) -> Array:
    """A dim warm room with a tall window of two by three panes at the left."""
    dim = mix(linear("#3a2a20"), linear("#7d7468"), directions[:, 1] * 0.5 + 0.5)
    y, z = directions[:, 1], directions[:, 2]
    along, up = (z + 0.35) / 0.95, (y - 0.08) / 0.66
    pane = (np.abs(along * 2 % 1 - 0.5) < 0.45) & (np.abs(up * 3 % 1 - 0.5) < 0.46)
    inside = (directions[:, 0] < 0) & (along > 0) & (along < 1) & (up > 0) & (up < 1)
    return np.where((inside & pane)[:, None], linear("#dfe9f5") * 3.4, dim).astype(np.float32)


def _fill(directions: Array) -> Array:
    """What the room sends to matt surfaces: most from the window's side, warm from the floor."""
    side = np.clip(0.5 - 0.5 * directions[:, 0] + 0.2 * directions[:, 2], 0, 1)
    warm = mix(linear("#57473a"), linear("#76777a"), directions[:, 1] * 0.5 + 0.5)
    return (warm + linear("#8fa3b8") * (1.15 * side**2)[:, None]).astype(np.float32)


def _window_bars(points: Array) -> Array:
    """The key light comes through the panes of a window 1.7 m to the left."""
    way = (-1.7 - points[:, 0]) / KEY[0]
    across = points[:, 2] + way * KEY[2] - 0.10
    up = points[:, 1] + way * KEY[1] - 0.80
    frame = soft(np.minimum(across, 1.60 - across), 0.014) * soft(np.minimum(up, 1.40 - up), 0.014)
    return frame * _panes(across, 0.40) * _panes(up, 0.35)


def _panes(place: Array, pitch: float) -> Array:
    """Glass between bars 36 mm wide, `pitch` metres apart."""
    return soft(np.abs((place / pitch + 0.5) % 1 - 0.5) * pitch - 0.020, 0.014)


def _cloth(rng: np.random.Generator, grain: Texture) -> Thing:
    """Linen with creases where it was folded, and waves near the front."""
    z, x = np.mgrid[-1.5:1.5:1200j, -1.5:1.5:1200j]
    folds = 0.020 * (1 - np.abs(2 * grain(x * 0.22 + 0.35 * z, z * 0.12 - 0.1 * x) - 1)) ** 3
    crease = 0.004 * np.exp(-(((x * 0.9 + z * 0.35 - 0.42) / 0.008) ** 2)) + 0.004 * np.exp(
        -(((z + 0.16) / 0.007) ** 2)
    )
    near = (
        0.035
        * np.clip((z - 0.30) / 0.25, 0, 1)
        * np.sin(7.5 * x + 5 * z + 1.5 * grain(x * 0.4, z * 0.4)) ** 2
    )
    land = Terrain(folds + crease + near - 0.02, 3.0)

    def paint(points: Array, normals: Array) -> Array:
        x, z = points[:, 0], points[:, 2]
        weave = 0.93 + 0.05 * np.sin(x * 1500) * np.sin(z * 1500) + 0.08 * (grain(x * 9, z * 9) - 0.5)
        stripe = soft(0.006 - np.abs(np.abs(z - 0.285) - 0.022), 0.002)
        colour = mix(linear("#e9dfca"), np.broadcast_to(linear("#8d3b34"), points.shape), 0.85 * stripe)
        return coat(colour * weave[:, None])

    return Thing(land, paint)


def _wall(grain: Texture) -> Thing:
    def paint(points: Array, normals: Array) -> Array:
        x, y = points[:, 0], points[:, 1]
        tone = 0.55 * grain(x * 0.35, y * 0.35) + 0.45 * grain(x * 2.2, y * 2.2)
        return coat(mix(linear("#4c5b57"), linear("#8a8f7e"), tone))

    return Thing(box(8, 5, 0.1), paint, (0, -1, -0.85), bump=bumps(grain, 3.0, 0.10))


def _vase(grain: Texture) -> list[Thing]:
    """White glaze with cobalt bands and leaves."""

    def paint(points: Array, normals: Array) -> Array:
        y, angle = points[:, 1], np.arctan2(points[:, 2], points[:, 0])
        bands = np.maximum(
            soft(0.004 - np.abs(np.abs(y + 0.005) - 0.062), 0.002), soft(np.abs(y) - 0.142, 0.002)
        )
        vine = np.abs(y + 0.005 - 0.022 * np.sin(angle * 4)) - 0.004
        leaf = np.hypot((angle * 4 / np.pi) % 1 - 0.5, (np.abs(y + 0.005) - 0.030) / 0.030) - 0.27
        blue = np.maximum(bands, np.maximum(soft(-vine, 0.003), soft(-leaf, 0.08)))
        wash = 0.75 + 0.5 * grain(angle * 0.8, y * 6)
        return coat(mix(linear("#e8e6dc"), linear("#1d3f8f") * wash[:, None], 0.92 * blue), 0.05)

    profile = [0.055, 0.056, 0.075, 0.098, 0.110, 0.108, 0.092, 0.066, 0.046, 0.043, 0.052, 0.058]
    return [Thing(revolved(profile, 0.30, 56), paint, (-0.16, 0.14, -0.12))]


def _brass_pot() -> Thing:
    profile = [0.050, 0.068, 0.078, 0.080, 0.074, 0.060, 0.046, 0.044, 0.052, 0.060]
    return Thing(revolved(profile, 0.17, 48), plain("#8f7038", 0.38), (0.36, 0.078, -0.16))
