"""The clip's sound track: a slow harp-like melody over the wash of water, in stereo."""

from __future__ import annotations

import numpy as np
from scipy.signal import butter, sosfilt

Array = np.ndarray
RATE = 48_000
"""Samples a second."""
MELODY = [(0.05, 62), (0.45, 66), (0.80, 69), (1.15, 73), (1.55, 71), (1.95, 74), (2.20, 69), (2.50, 66)]
"""Seconds at which a string is plucked, and its pitch as a MIDI note."""


def track(seconds: float, rng: np.random.Generator) -> Array:
    """Samples float32 (2, N) within -1..1, loudest at -4 dB, faded in and out."""
    count = round(seconds * RATE)
    mixed = 0.8 * _music(count) + 0.22 * _water(count, rng)
    fade = np.minimum(1, np.minimum(np.arange(count), np.arange(count)[::-1]) / (0.08 * RATE))
    return (mixed * fade * 0.63 / np.abs(mixed).max()).astype(np.float32)


def _music(count: int) -> Array:
    sound = np.zeros((2, count))
    for i, (start, note) in enumerate(MELODY):
        pan = 0.5 + 0.25 * np.sin(1.7 * i)
        string = _pluck(count, start, note) + 0.35 * _pluck(count, start + 0.012, note - 12)
        sound += np.outer([np.cos(pan * np.pi / 2), np.sin(pan * np.pi / 2)], string)
    return sound


def _pluck(count: int, start: float, note: int) -> Array:
    """One string: partials that fade the faster the higher they are."""
    time = np.maximum(np.arange(count) / RATE - start, 0)
    frequency = 440 * 2 ** ((note - 69) / 12)
    partials = sum(
        np.sin(2 * np.pi * k * frequency * time) * np.exp(-time * (1.6 + 1.5 * k)) / k**1.4
        for k in range(1, 7)
    )
    return partials * np.clip(time / 0.004, 0, 1)


def _water(count: int, rng: np.random.Generator) -> Array:
    """Two channels of low noise that swells and ebbs out of step."""
    band = butter(2, [180, 1400], "bandpass", fs=RATE, output="sos")
    wash = sosfilt(band, rng.normal(0, 1, (2, count)))
    time = np.arange(count) / RATE
    swell = 0.55 + 0.45 * np.sin(2 * np.pi * (0.55 * time + np.array([[0.0], [0.3]])))
    return wash * swell / np.abs(wash).max()
