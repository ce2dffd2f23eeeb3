"""Clips that fade to black, whose light is known."""

from collections.abc import Sequence

import numpy as np

FADE_IN_AND_OUT = [*(n / 12 for n in range(12)), *[1.0] * 6, *(n / 12 for n in range(11, -1, -1))]
"""Shares of the light of 30 frames: 12 that fade in from black, 6 in full light, 12 that fade out."""

DIP = [*[1.0] * 6, *(n / 6 for n in range(5, -1, -1)), 0.0, *(n / 6 for n in range(6)), *[1.0] * 6]
"""Shares of the light of 25 frames: a dip to black in the middle of a shot."""


def dimmed(frames: Sequence[np.ndarray], shares: Sequence[float]) -> list[np.ndarray]:
    """The frames (H, W, 3) uint8, each with its share of the light, rounded to whole levels."""
    return [np.round(frame * share).astype(np.uint8) for frame, share in zip(frames, shares, strict=True)]
