"""The tools of all families: smooth noise, its warping, palettes, and rounding to a picture."""

from collections.abc import Callable, Sequence

import cv2
import numpy as np

Array = np.ndarray
Painter = Callable[[np.random.Generator], Array]

SIDE = 192
"""Pixels of a texture's side."""

ROWS, COLUMNS = np.mgrid[:SIDE, :SIDE].astype(np.float32)


def noise(
    rng: np.random.Generator,
    slope: float = 2.0,
    stretch: float = 1.0,
    angle: float = 0.0,
    lowest: float = 1.0,
) -> Array:
    """Spectral noise whose amplitude falls as frequency^-slope, equalised to 0..1: float32 (SIDE, SIDE).

    Args:
        slope: 0 is white noise, 1 rough, 2 and more smooth.
        stretch: how much longer its features are along ``angle`` (radians) than across it.
        lowest: waves across the picture below which nothing is left.
    """
    down = np.fft.fftfreq(SIDE)[:, None] * SIDE
    right = np.fft.rfftfreq(SIDE)[None] * SIDE
    along = (np.cos(angle) * right + np.sin(angle) * down) * np.sqrt(stretch)
    across = (np.cos(angle) * down - np.sin(angle) * right) / np.sqrt(stretch)
    frequency = np.hypot(along, across)
    amplitude = np.maximum(frequency, lowest) ** -slope * (frequency >= lowest * 0.5)
    spectrum = amplitude * np.exp(2j * np.pi * rng.random(amplitude.shape))
    return equalised(np.fft.irfft2(spectrum, (SIDE, SIDE)))


def equalised(field: Array) -> Array:
    """The rank of every value, 0..1: all values become equally frequent."""
    ranks = np.empty(field.size, np.float32)
    ranks[np.argsort(field, axis=None)] = np.linspace(0, 1, field.size, dtype=np.float32)
    return ranks.reshape(field.shape)


def warped(field: Array, rng: np.random.Generator, amplitude: float) -> Array:
    """A field (H, W) or picture (H, W, 3), its points moved by smooth noise, up to ``amplitude`` pixels."""
    if amplitude == 0:
        return field
    x = COLUMNS + (noise(rng, 2.5) - 0.5) * 2 * amplitude
    y = ROWS + (noise(rng, 2.5) - 0.5) * 2 * amplitude
    return cv2.remap(field, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)


def palette(rng: np.random.Generator, count: int | None = None) -> Array:
    """Some colours, float32 (count, 3) of 0..255: a few hues, dark to light or in any order."""
    count = count or int(rng.integers(3, 7))
    hue = rng.random() + rng.choice([0.06, 0.15, 0.5]) * rng.standard_normal(count)
    if rng.random() < 0.3:  # a complementary accent
        hue[rng.integers(count)] += 0.5
    saturation = np.clip(rng.uniform(0.05, 0.85) + 0.25 * rng.standard_normal(count), 0, 1)
    value = np.linspace(rng.uniform(0.02, 0.45), rng.uniform(0.6, 1), count) + 0.1 * rng.standard_normal(
        count
    )
    if rng.random() < 0.35:
        rng.shuffle(value)
    return _rgb(hue % 1, saturation, np.clip(value, 0.02, 1))


def painted(field: Array, colours: Array) -> Array:
    """A field of 0..1 in the colours met along an evenly spaced palette: float32 (H, W, 3)."""
    places = np.linspace(0, 1, len(colours))
    return np.stack([np.interp(field, places, colours[:, channel]) for channel in range(3)], -1)


def flat(labels: Array, colours: Array) -> Array:
    """Each label in a colour of its own: float32 (H, W, 3)."""
    return colours[labels % len(colours)]


def pick(rng: np.random.Generator, choices: Sequence[str]) -> str:
    """One of the words."""
    return choices[int(rng.integers(len(choices)))]


def tint(rng: np.random.Generator, colours: Array, spread: float) -> tuple[float, float, float]:
    """One of the colours, a little changed, as OpenCV takes it."""
    colour = colours[int(rng.integers(len(colours)))] + rng.normal(0, spread)
    red, green, blue = np.clip(colour, 0, 255).tolist()
    return red, green, blue


def finished(picture: Array, rng: np.random.Generator, grain: float = 0.0) -> Array:
    """Rounded to uint8, with grain of that standard deviation."""
    if grain:
        picture = picture + rng.normal(0, grain, (*picture.shape[:2], 1))
    return np.clip(np.round(picture), 0, 255).astype(np.uint8)


def some(rng: np.random.Generator, chance: float, low: float, high: float) -> float:
    """0, or with that chance a number between the two."""
    return float(rng.uniform(low, high)) if rng.random() < chance else 0.0


def _rgb(hue: Array, saturation: Array, value: Array) -> Array:
    hsv = np.stack([hue * 360, saturation, value], -1).astype(np.float32)
    return cv2.cvtColor(hsv[None], cv2.COLOR_HSV2RGB)[0] * 255
