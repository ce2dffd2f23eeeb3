"""Textured clips whose motion is known exactly, and that motion."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from pipeline.base.arrays import FloatArray, Size
from pipeline.steadiness.true_motion import EDGE, TrueMotion
from tests.support.clips import write_clip

FINENESS = 2
"""Pixels of a drawn picture in each direction for one of the frame."""

BLUR = 0.8
"""Standard deviation, in pixels of the frame: the pictures hold no detail that a frame cannot."""

MARGIN = 8
"""Pixels of the frame by which a picture is larger than what is seen of it."""

PAN = 2.375, 0.625
"""Pixels a frame to the right and down; whole 32nds, since OpenCV's remap rounds places to these."""

ZOOM, ZOOM_FRAMES = 0.12, 60
"""The picture grows and shrinks by e^±0.12, and is back after so many frames."""

TURN = math.radians(0.5)
"""Radians a frame."""

SPRITE_FRAMES = 96
"""Frames in which the sprite goes round once."""


@dataclass(frozen=True, eq=False)
class Surface:
    """A drawn picture, and the cameras that see it.

    Attributes:
        picture: (h, w, 3), 0..255, :data:`FINENESS` times as fine as the frame.
        cameras: (N, 2, 3): from a place in each frame to the place on the surface, in pixels of the frame.
        cover: (h, w), 0..1: its opacity; None: opaque.
        shown: the frames that show it; None: all.
    """

    picture: FloatArray
    cameras: np.ndarray
    cover: FloatArray | None = None
    shown: range | None = None

    def is_in(self, frame: int) -> bool:
        return self.shown is None or frame in self.shown


def draw(kind: str, count: int, size: Size, seed: int = 0) -> tuple[list[np.ndarray], TrueMotion]:
    """``count`` frames (H, W, 3) RGB uint8 of one of :data:`KINDS`, and their true motion."""
    surfaces = KINDS[kind](count, size, np.random.default_rng(seed))
    frames, labels = zip(*(_frame(surfaces, number, size) for number in range(count)), strict=True)
    cameras = np.stack([surface.cameras for surface in surfaces])
    return list(frames), TrueMotion(cameras, np.stack(labels))


def pan(count: int, size: Size, rng: np.random.Generator) -> list[Surface]:
    return [_seen([_moved(PAN[0] * t, PAN[1] * t) for t in range(count)], size, rng)]


def zoom(count: int, size: Size, rng: np.random.Generator) -> list[Surface]:
    waves = [math.sin(2 * math.pi * t / ZOOM_FRAMES) for t in range(count)]
    return [_seen([_about_the_centre(size, math.exp(-ZOOM * wave)) for wave in waves], size, rng)]


def rotation(count: int, size: Size, rng: np.random.Generator) -> list[Surface]:
    return [_seen([_about_the_centre(size, 1.0, TURN * t) for t in range(count)], size, rng)]


def sprite(count: int, size: Size, rng: np.random.Generator) -> list[Surface]:
    """A textured disc that goes round over a background that stands still."""
    height, width = size
    radius, angles = min(size) // 4, 2 * math.pi * np.arange(count) / SPRITE_FRAMES
    middle, side = radius + MARGIN, 2 * (radius + MARGIN)
    x = np.rint(32 * (width / 2 + radius * np.cos(angles) - middle)) / 32
    y = np.rint(32 * (height / 2 + radius * np.sin(angles) - middle)) / 32
    cameras = np.stack([_moved(-dx, -dy) for dx, dy in zip(x, y, strict=True)])
    disc = Surface(texture(rng, (side, side)), cameras, _disc(side, radius))
    return [_seen([_moved(0, 0)] * count, size, rng), disc]


def cut(count: int, size: Size, rng: np.random.Generator) -> list[Surface]:
    """Two pans, one to the right and one to the left; the second begins half-way."""
    half = count // 2
    to_the_right, to_the_left = (
        [_moved(way * PAN[0] * t, PAN[1] * t) for t in range(count)] for way in (1, -1)
    )
    return [
        _seen(to_the_right, size, rng, range(half)),
        _seen(to_the_left, size, rng, range(half, count)),
    ]


KINDS: dict[str, Callable[[int, Size, np.random.Generator], list[Surface]]] = {
    "pan": pan,
    "zoom": zoom,
    "rotation": rotation,
    "sprite": sprite,
    "cut": cut,
}


def texture(rng: np.random.Generator, size: Size) -> FloatArray:
    """A picture for ``size`` pixels of a frame: five octaves of noise, and shapes with edges."""
    height, width = (side * FINENESS for side in size)
    picture = np.full((height, width, 3), rng.uniform(60, 195, 3), np.float32)
    for cell in (64, 32, 16, 8, 4):
        picture += 14 * _noise(rng, (height, width), cell * FINENESS)
    for _ in range(max(4, size[0] * size[1] // 800)):
        _add_shape(rng, picture)
    return cv2.GaussianBlur(np.clip(picture, 8, 247), (0, 0), BLUR * FINENESS)


def _noise(rng: np.random.Generator, size: Size, cell: int) -> FloatArray:
    """(H, W, 3) smooth noise, a new value for each cell; mostly grey, so that a picture keeps its own hue."""
    grid = rng.standard_normal((size[0] // cell + 4, size[1] // cell + 4, 3)).astype(np.float32)
    grid = 0.75 * grid[..., :1] + 0.4 * grid
    fine = cv2.resize(grid, None, fx=cell, fy=cell, interpolation=cv2.INTER_CUBIC)
    return fine[cell : cell + size[0], cell : cell + size[1]]


def _add_shape(rng: np.random.Generator, picture: FloatArray) -> None:
    """A disc or a triangle of one colour; a little of what lies below shows through."""
    height, width = picture.shape[:2]
    layer, reach = picture.copy(), 14 * FINENESS
    centre, colour = rng.integers(0, (width, height)), rng.uniform(0, 255, 3)
    if rng.random() < 0.5:
        cv2.circle(layer, centre.tolist(), int(rng.integers(reach // 4, reach)), colour.tolist(), -1)
    else:
        cv2.fillPoly(
            layer, [(centre + rng.integers(-reach, reach, (3, 2))).astype(np.int32)], colour.tolist()
        )
    cv2.addWeighted(picture, 0.25, layer, 0.75, 0, dst=picture)


def _disc(side: int, radius: int) -> FloatArray:
    """(h, w), 1 inside, 0 outside, as soft as the pictures are."""
    y, x = np.indices((side * FINENESS, side * FINENESS)) / FINENESS - side / 2
    return cv2.GaussianBlur((np.hypot(x, y) < radius).astype(np.float32), (0, 0), BLUR * FINENESS)


def _moved(x: float, y: float) -> np.ndarray:
    return np.array([[1, 0, x], [0, 1, y]], float)


def _about_the_centre(size: Size, scale: float, angle: float = 0.0) -> np.ndarray:
    """The camera (2, 3) that keeps the frame's middle and sees the rest ``scale`` times as far, turned."""
    middle = (np.array(size[::-1]) - 1) / 2
    turn = scale * np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    return np.column_stack([turn, middle - turn @ middle])


def _seen(
    cameras: Sequence[np.ndarray], size: Size, rng: np.random.Generator, shown: range | None = None
) -> Surface:
    """A textured surface as large as ``cameras`` look, which are moved so that they look at it."""
    height, width = size
    corners = np.array([[x, y, 1] for x in (0, width - 1) for y in (0, height - 1)], float)
    at_it = np.stack(cameras)
    looks = corners @ np.swapaxes(at_it, 1, 2)  # (N, 4, 2)
    low, high = np.floor(looks.min(axis=(0, 1))), np.ceil(looks.max(axis=(0, 1)))
    at_it[:, :, 2] += MARGIN - low
    across, down = (high - low).astype(int) + 2 * MARGIN
    return Surface(texture(rng, (int(down), int(across))), at_it, shown=shown)


def _frame(surfaces: Sequence[Surface], number: int, size: Size) -> tuple[np.ndarray, np.ndarray]:
    """The frame (H, W, 3) uint8, and which surface each pixel shows (H, W) uint8."""
    picture, labels = np.zeros((*size, 3), np.float32), np.full(size, EDGE, np.uint8)
    for label, surface in enumerate(surfaces):
        if surface.is_in(number):
            picture, labels = _over(picture, labels, label, surface, number)
    return np.rint(picture).clip(0, 255).astype(np.uint8), labels


def _over(
    picture: FloatArray, labels: np.ndarray, label: int, surface: Surface, number: int
) -> tuple[FloatArray, np.ndarray]:
    places = _places(surface.cameras[number], labels.shape)
    seen = cv2.remap(surface.picture, places, None, cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REPLICATE)
    if surface.cover is None:
        return seen, np.full_like(labels, label)
    cover = cv2.remap(surface.cover, places, None, cv2.INTER_LINEAR)
    labels = np.where(cover > 0.999, label, np.where(cover < 0.001, labels, EDGE)).astype(np.uint8)
    return picture + cover[..., None] * (seen - picture), labels


def _places(camera: np.ndarray, size: Size) -> FloatArray:
    """(H, W, 2): where on the drawn picture each pixel of the frame looks."""
    y, x = np.indices(size, float)
    places = np.dstack([x, y]) @ camera[:, :2].T + camera[:, 2]
    return (FINENESS * places).astype(np.float32)


def write(kind: str, output: Path, count: int, size: Size, seed: int = 0) -> Path:
    """Draw a clip and write it, H.264 without loss but for its colours' rounding; where its motion lies."""
    frames, motion = draw(kind, count, size, seed)
    write_clip(
        output,
        size=size,
        frames=count,
        picture=lambda number, _: frames[number],
        pixel_format="yuv444p",
        options={"qp": "0", "bf": "0"},
    )
    beside = output.with_suffix(".motion.npz")
    motion.save(beside)
    return beside
