"""A woodcut: breaking waves, hatched along their curves in Prussian blue on cream paper."""

from __future__ import annotations

import cv2
import numpy as np

from .cuts import BLUE, DEEP, INK, MIST, PAPER, SCALE, Points, curve_through, fill, line
from .foam import foam
from .noise import fractal, stretched
from .palette import mix, ramp, rgb
from .strokes import shrink

Array = np.ndarray
HEIGHT, WIDTH = 600, 768

# Each wave: its back from the foot to the tip, then its hollow face from the foot to the tip, in pixels.
GREAT = (
    [(-70, 640), (10, 400), (90, 255), (190, 140), (300, 82), (410, 88), (486, 150)],
    [(720, 640), (508, 490), (400, 405), (346, 312), (348, 232), (396, 172), (486, 150)],
)
SECOND = (
    [(420, 640), (520, 520), (600, 425), (672, 372), (728, 362), (764, 392)],
    [(860, 640), (780, 560), (722, 496), (700, 446), (722, 402), (764, 392)],
)
NEAR = (
    [(-90, 680), (-30, 560), (50, 488), (130, 466), (196, 482), (226, 522)],
    [(330, 690), (250, 640), (192, 596), (172, 556), (188, 526), (226, 522)],
)


def draw(rng: np.random.Generator) -> Array:
    """The print, float32 RGB (600, 768, 3)."""
    sheet = np.ascontiguousarray(_sky().astype(np.uint8))
    _islands(sheet)
    _birds(sheet)
    for row in range(5):
        _swell(sheet, 372 + 30 * row + 3 * row**2, 6 + 2.6 * row, row, rng)
    _wave(sheet, *GREAT, rng, lines=46)
    for row in range(5, 7):
        _swell(sheet, 372 + 30 * row + 3 * row**2, 6 + 2.6 * row, row, rng)
    _wave(sheet, *SECOND, rng, lines=26)
    _wave(sheet, *NEAR, rng, lines=22)
    _spray(sheet, rng)
    return _press(shrink(sheet.astype(np.float32), SCALE), rng)


def _sky() -> Array:
    """The gradations a printer wipes by hand: dusk above, a blush at the horizon, and the sun's bare disc."""
    y, x = np.mgrid[0 : HEIGHT * SCALE, 0 : WIDTH * SCALE].astype(np.float32) / SCALE
    sky = ramp(y / HEIGHT, ["#8fa9ad", "#cfd0b8", "#efe2c4", "#f0d3a8", "#eac39a", "#eac39a"])
    for row, width in ((150, 120), (196, 190), (238, 90)):
        band = np.exp(-(((y - row - 5 * np.sin(x / 70)) / 5) ** 2)) / (
            1 + np.exp((np.abs(x - 640) - width) / 9)
        )
        sky = mix(sky, np.broadcast_to(PAPER, sky.shape), 0.8 * band)
    sun = np.clip(62.5 - np.hypot(x - 622, y - 186), 0, 1)
    return mix(sky, ramp((y - 124) / 124, ["#c8372d", "#d9583a", "#e88f5a"]), sun)


def _islands(sheet: Array) -> None:
    """Two coasts at the horizon, the nearer one darker."""
    far: Points = [(470, 380), (540, 342), (590, 352), (650, 326), (720, 352), (790, 338)]
    near: Points = [(560, 385), (610, 364), (650, 370), (700, 358), (790, 374)]
    for points, tone in ((far, "#8ea9b0"), (near, "#5a7f98")):
        coast = curve_through(points, 80)
        fill(sheet, np.concatenate([coast, [(790, 400), (points[0][0], 400)]]), rgb(tone))
        line(sheet, coast, np.full(80, 1.3), INK)


def _birds(sheet: Array) -> None:
    for x, y, size in ((560, 92, 13), (596, 74, 10), (528, 70, 8), (700, 110, 9)):
        wing = np.linspace(0, 1, 20)
        for side in (-1, 1):
            curve = np.stack(
                [x + side * size * wing, y - size * 0.55 * np.sin(2.4 * wing) + 0.3 * size * wing], 1
            )
            line(sheet, curve, 2.6 * (1 - wing) + 0.5, INK)


def _swell(sheet: Array, base: float, lift: float, row: int, rng: np.random.Generator) -> None:
    """One rank of the open sea: scalloped crests with a foam edge, hatched below."""
    x = np.linspace(-20, WIDTH + 20, 420)
    pitch = 74 + 13 * row
    phase = rng.uniform(0, 1) + 0.12 * np.sin(x / 140 + row)
    cusps = 1 - np.abs(np.sin(np.pi * (x / pitch + phase)))
    crest = base - lift * cusps * (1 + 0.4 * np.sin(x / 90 + 2 * row))
    ridge = np.stack([x, crest], 1)
    fill(sheet, np.concatenate([ridge, [(WIDTH + 20, 700), (-20, 700)]]), DEEP if row % 2 else BLUE)
    for step in range(9):
        below = ridge + np.array([0, 5 + step * (3.4 + 0.55 * row)])
        below[:, 1] += 0.35 * step * np.sin(x / 31 + step)
        tone = (PAPER, INK, MIST)[step % 3]
        swelling = np.sin(np.pi * (x / pitch + phase) + 0.35 * step) ** 2
        line(sheet, below, (0.4 + 0.16 * row) * (0.4 + 1.5 * swelling) * (1.2 - step / 9), tone)
    line(sheet, ridge + np.array([0, 1.8]), np.full(len(x), 2.2 + 0.3 * row), PAPER)
    line(sheet, ridge, np.full(len(x), 1.1 + 0.12 * row), INK)


def _wave(sheet: Array, back: Points, face: Points, rng: np.random.Generator, lines: int) -> None:
    """A breaking wave: body, hatching between its two curves, outline, then the foam at its lip."""
    outer, inner = curve_through(back), curve_through(face)
    body = np.concatenate([outer, inner[::-1]])
    fill(sheet, body, DEEP)
    _hatch(sheet, outer, inner, lines)
    size = np.ptp(outer[:, 1]) / 400
    line(sheet, outer, np.full(len(outer), 3.2 * size + 0.8), INK)
    line(sheet, inner, np.full(len(inner), 2.6 * size + 0.8), INK)
    foam(sheet, outer, inner, size, rng)


def _hatch(sheet: Array, outer: Array, inner: Array, lines: int) -> None:
    """Lines that swell and taper, paler and broader towards the hollow face."""
    along = np.linspace(0, 1, len(outer))
    size = np.ptp(outer[:, 1]) / 400
    for i, share in enumerate(np.linspace(0.02, 0.98, lines)):
        curve = outer * (1 - share) + inner * share
        swelling = np.sin(np.pi * along**0.8) ** 0.8 + 0.15
        if i % 2 == 0:
            tone = mix(BLUE, PAPER, np.float32(1.5 * (share - 0.25)))
            line(sheet, curve, swelling * size * (1.4 + 7.5 * share * (1 - 0.55 * share)), tone)
        else:
            line(sheet, curve, swelling * size * (2.4 - 1.2 * share), INK)


def _spray(sheet: Array, rng: np.random.Generator) -> None:
    """Drops thrown off ahead of the crests."""
    great, back, second = ((500, 180), (46, 40), 70), ((300, 60), (90, 16), 40), ((766, 390), (24, 22), 26)
    for centre, spread, count in (great, back, second):
        for _ in range(count):
            _drop(sheet, rng.normal(centre, spread), rng.gamma(2.0, 0.8) + 0.5)


def _drop(sheet: Array, place: Array, radius: float) -> None:
    x, y = place
    for reach, tone in ((radius + 1.0, INK), (radius, PAPER)):
        colour = tuple(map(float, tone))
        cv2.circle(sheet, (int(x * SCALE), int(y * SCALE)), int(reach * SCALE), colour, -1, cv2.LINE_AA)


def _press(printed: Array, rng: np.random.Generator) -> Array:
    """The trace of paper fibre and of the block's grain, strongest where ink lies."""
    grain = stretched(rng, (HEIGHT, WIDTH), (200, 26))
    fibre = cv2.resize(fractal(rng, 512, 16, 5), (WIDTH, HEIGHT))
    ink = 1 - printed.mean(axis=2) / 255
    lift = 26 * ink * (grain - 0.35) + 12 * (fibre - 0.5)
    return np.clip(printed + lift[..., None] * [1.0, 0.97, 0.85], 0, 255).astype(np.float32)
