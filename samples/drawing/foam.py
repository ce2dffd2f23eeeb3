"""The foam of a breaking wave: scallops along its crest, claws that hang from its lip."""

from __future__ import annotations

import cv2
import numpy as np

from .cuts import BLUE, INK, MIST, PAPER, SCALE, blob
from .palette import mix

Array = np.ndarray


def foam(sheet: Array, outer: Array, inner: Array, size: float, rng: np.random.Generator) -> None:
    """Scallops along the crest and claws that reach down from the lip, outlined as one shape."""
    mask = np.zeros(sheet.shape[:2], np.uint8)
    scallops = _crest(outer, size, rng) + _lip(mask, outer, inner, size, rng)
    for centre, radius in scallops:
        blob(mask, centre, radius)
    _print(sheet, mask, size)
    for centre, radius in scallops:
        _arc(sheet, centre, radius * rng.uniform(0.45, 0.85), rng)


def _crest(outer: Array, size: float, rng: np.random.Generator) -> list[tuple[Array, float]]:
    """Circles (centre, radius) along the back, larger and closer towards the tip."""
    ridge = outer[int(0.48 * len(outer)) :: 2]
    growth = np.linspace(0.35, 1, len(ridge))
    return [
        (point + rng.normal(0, 4 * size, 2), size * share * rng.uniform(7, 15))
        for point, share in zip(ridge, growth, strict=True)
        for _ in range(2)
    ]


def _lip(
    mask: Array, outer: Array, inner: Array, size: float, rng: np.random.Generator
) -> list[tuple[Array, float]]:
    """Circles (centre, radius) along the lip; their claws go straight into the mask."""
    lip = np.concatenate([outer[-16:], inner[: int(0.60 * len(inner)) : -1]])
    share = np.linspace(1.15, 0.5, len(lip))
    for point, part in zip(lip[::2], share[::2], strict=True):
        for _ in range(2):
            _claw(mask, point, part * size * rng.uniform(30, 66), rng.uniform(-0.1, 1.5), part * size, rng)
    return [
        (point + rng.normal(0, 3 * size, 2), part * size * rng.uniform(6, 12))
        for point, part in zip(lip, share, strict=True)
    ]


def _arc(sheet: Array, centre: Array, radius: float, rng: np.random.Generator) -> None:
    """A cut inside a scallop, which makes it round."""
    place, axes = tuple(int(c * SCALE) for c in centre), (int(radius * SCALE), int(radius * SCALE))
    start = rng.uniform(-20, 40)
    tone = tuple(map(float, BLUE if rng.random() < 0.6 else INK))
    cv2.ellipse(sheet, place, axes, 0, start, start + rng.uniform(60, 120), tone, SCALE // 2 + 1, cv2.LINE_AA)


def _claw(
    mask: Array, root: Array, length: float, angle: float, size: float, rng: np.random.Generator
) -> None:
    """A hooked finger, thinning, with smaller hooks at its end."""
    curl = rng.uniform(0.9, 2.0)
    point = np.array(root, np.float64)
    for share in np.linspace(0, 1, 16):
        heading = angle + curl * share
        point = point + length / 16 * np.array([np.cos(heading), np.sin(heading)])
        blob(mask, point, size * (5.4 * (1 - share) + 1.5))
        if length > 14 * size and share > 0.45 and rng.random() < 0.30:
            _claw(mask, point, length * 0.36, heading - rng.uniform(-0.9, 1.1), 0.62 * size, rng)


def _print(sheet: Array, mask: Array, size: float) -> None:
    """Paper inside, an inked outline, and a pale blue shade along the lower right of each scallop."""
    reach = max(2, round((1.3 + 0.9 * size) * SCALE))
    outline = cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1)))
    shift = np.float32([[1, 0, -2.6 * size * SCALE], [0, 1, -3.4 * size * SCALE]])
    shade = cv2.bitwise_and(mask, 255 - cv2.warpAffine(mask, shift, mask.shape[::-1]))
    for layer, tone in ((outline, INK), (mask, PAPER), (shade, MIST)):
        sheet[:] = mix(sheet.astype(np.float32), np.broadcast_to(tone, sheet.shape), layer / np.float32(255))
