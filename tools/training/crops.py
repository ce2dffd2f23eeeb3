"""Batches: crops of the gallery with slightly changed colours; some are put together from several.

A batch is a function of (seed, step) alone, so an interrupted training continues with the same ones.
"""

from dataclasses import dataclass

import cv2
import numpy as np

Array = np.ndarray

CROP = 64
"""Pixels of a crop's side."""

COLOURS_A_SIDE = 4
"""A cell is described by this many colours a side."""

COMPOSED = 0.4
"""Share of the crops that are put together from two or three textures."""


@dataclass(frozen=True)
class Batch:
    """Attributes:
    images: float32 (N, CROP, CROP, 3) RGB, 0..255.
    shares: float32 (N, classes): what part of the crop each class covers.
    maps: int32 (N, CROP, CROP): the class at each pixel.
    """

    images: Array
    shares: Array
    maps: Array

    def classes_at(self, grid: int) -> Array:
        """The class in the middle of each of grid x grid cells: int32 (N, grid, grid)."""
        cell = CROP // grid
        return self.maps[:, cell // 2 :: cell, cell // 2 :: cell]

    def borders_at(self, grid: int) -> Array:
        """1 where a cell holds two classes: float32 (N, grid, grid, 1)."""
        cells = self.maps.reshape(-1, grid, CROP // grid, grid, CROP // grid)
        return (cells.max((2, 4)) != cells.min((2, 4))).astype(np.float32)[..., None]

    def colours_at(self, grid: int) -> Array:
        """Each cell's picture, coarsely: float32 (N, grid, grid, 3 · COLOURS_A_SIDE²), about -2..2."""
        pixel = CROP // (grid * COLOURS_A_SIDE)
        blocks = self.images.reshape(-1, grid, COLOURS_A_SIDE, pixel, grid, COLOURS_A_SIDE, pixel, 3)
        colours = blocks.mean((3, 6)).transpose(0, 1, 3, 2, 4, 5)  # (N, grid, grid, rows, columns, 3)
        return (colours.reshape(len(blocks), grid, grid, -1) - 127.5) / 64


def training(gallery: Array, seed: int, step: int, size: int) -> Batch:
    """The batch of a step, from all pictures of each class but the held-out last one."""
    rng = np.random.default_rng([seed, step])
    classes = rng.integers(len(gallery), size=size)
    crops = [_crop(rng, gallery[number, rng.integers(gallery.shape[1] - 1)]) for number in classes]
    images = np.stack([_recoloured(rng, crop) for crop in crops])
    maps = np.broadcast_to(classes[:, None, None], (size, CROP, CROP)).astype(np.int32)
    return _batch(*_composed(rng, images, maps), len(gallery))


def held_out(gallery: Array, seed: int) -> Batch:
    """One crop of every class's last picture, whole and in its own colours."""
    rng = np.random.default_rng([seed, 2**31])
    images = np.stack([_crop(rng, pictures[-1]) for pictures in gallery])
    maps = np.arange(len(gallery), dtype=np.int32)[:, None, None]
    return _batch(images, np.broadcast_to(maps, (len(gallery), CROP, CROP)), len(gallery))


def _batch(images: Array, maps: Array, classes: int) -> Batch:
    shares = np.stack([np.bincount(labels.ravel(), minlength=classes) for labels in maps]) / CROP**2
    return Batch(images, shares.astype(np.float32), maps)


def _crop(rng: np.random.Generator, picture: Array) -> Array:
    """A square of 0.7 to 1.4 times a crop's side, brought to it: float32."""
    side = int(CROP * rng.uniform(0.7, 1.4))
    top, left = rng.integers(picture.shape[0] - side + 1, size=2)
    square = picture[top : top + side, left : left + side]
    crop = cv2.resize(square, (CROP, CROP), interpolation=cv2.INTER_AREA).astype(np.float32)
    return _turned(rng, crop)


def _turned(rng: np.random.Generator, crop: Array) -> Array:
    """Turned or mirrored in one of eight ways, so that no direction is learnt better than another."""
    crop = np.rot90(crop, rng.integers(4))
    return crop[:, ::-1] if rng.random() < 0.5 else crop


def _recoloured(rng: np.random.Generator, image: Array) -> Array:
    """Sometimes with permuted channels, inverted or grey; always with a little more or less contrast.

    Mild on purpose: features that are blind to colour do not carry a palette.
    """
    if rng.random() < 0.2:
        image = image[..., rng.permutation(3)]
    if rng.random() < 0.1:
        image = 255 - image
    if rng.random() < 0.12:
        image = np.repeat(image.mean(-1, keepdims=True), 3, -1)
    contrast, offsets = rng.uniform(0.75, 1.25), rng.uniform(-0.06, 0.06, 3) * 255
    return np.clip((image - 127.5) * contrast + 127.5 + offsets, 0, 255).astype(np.float32)


def _composed(rng: np.random.Generator, images: Array, maps: Array) -> tuple[Array, Array]:
    """Some of the crops with shaded parts of their neighbours in the batch over them."""
    images, maps = images.copy(), maps.copy()
    for number in np.flatnonzero(rng.random(len(images)) < COMPOSED):
        for layer in range(rng.integers(1, 3)):
            mask = _mask(rng)
            other = (number + 1 + layer) % len(images)
            cover = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 0.6)[..., None]
            images[number] = images[number] * (1 - cover) + images[other] * _shade(rng) * cover
            maps[number][mask] = maps[other][mask] if layer == 0 else maps[other].flat[0]
    return np.clip(images, 0, 255), maps


def _mask(rng: np.random.Generator) -> Array:
    """A part of a crop: a half-plane, a disc, a polygon, or a blot: bool (CROP, CROP)."""
    rows, columns = np.mgrid[:CROP, :CROP] - rng.uniform(0.2, 0.8, 2)[:, None, None] * CROP
    kind = rng.integers(4)
    if kind == 0:
        angle = rng.uniform(0, 2 * np.pi)
        return np.cos(angle) * rows + np.sin(angle) * columns > 0
    if kind == 1:
        return np.hypot(rows, columns * rng.uniform(0.6, 1.6)) < rng.uniform(0.15, 0.4) * CROP
    if kind == 2:
        turns = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(3, 6)))
        corners = np.stack([np.cos(turns), np.sin(turns)], 1) * rng.uniform(0.3, 0.7) + rng.uniform(
            0.3, 0.7, 2
        )
        canvas = np.zeros((CROP, CROP), np.uint8)
        return cv2.fillPoly(canvas, [np.round(corners * CROP).astype(np.int32)], 1).astype(bool)
    cells = int(rng.integers(3, 6))
    field = cv2.resize(rng.random((cells, cells)), (CROP, CROP), interpolation=cv2.INTER_CUBIC)
    return field > rng.uniform(0.35, 0.65)


def _shade(rng: np.random.Generator) -> Array:
    """Light that changes evenly across the crop: (CROP, CROP, 1) about 1."""
    slopes = rng.normal(0, 0.25, 2)
    rows, columns = np.mgrid[:CROP, :CROP] / CROP - 0.5
    return (rng.uniform(0.75, 1.1) + slopes[0] * rows + slopes[1] * columns)[..., None]
