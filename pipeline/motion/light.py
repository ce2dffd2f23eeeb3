"""The light of a clip's frames: a frame of a fade is stylised in its shot's usual light, then dimmed.

Style losses and palettes compare a picture with a painting's own brightness, so a frame that is dimmer than
its shot must be brightened before it is stylised. Its pastiche is then one more of the same painting, and the
gain of the frame makes the fade of it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from pipeline.base.arrays import DoubleArray, FloatArray, Frame
from pipeline.base.resizing import size_to_fit
from pipeline.video.shots.shot_detection import COMPARED_SIDE

HIGHLIGHTS = 0.005
"""Share of a frame: its brightest pixels are its highlights. A fade dims them like the rest; white letters on
black, or a lamp in the night, stay bright."""

USUAL_PERCENTILE = 90
"""Of the frames of a shot, the one whose light is the usual: a fade may be most of a shot, a flash is not."""

FADED = 0.5
"""A frame with less than this share of its shot's usual light is in a fade; so are those beside it, while the
light rises. All other frames have the gain 1."""

RISE, RISE_FRAMES = 1.02, 8
"""Beside a fade, the light still rises if one of the next frames has so many times the light."""

MIN_HIGHLIGHTS = 16.0
"""Levels of 0..255: a shot whose highlights are usually darker is black throughout."""

MIN_GAIN = 1 / 16
"""A frame with a smaller gain is too dark to be stylised: a few levels, mostly noise, say nothing of it."""


@dataclass(frozen=True)
class Light:
    """How bright a frame is, in levels of 0..255.

    Attributes:
        mean: of the luma.
        highlights: mean luma of the brightest pixels, see :data:`HIGHLIGHTS`.
    """

    mean: float
    highlights: float


def of(frame: Frame) -> Light:
    """The light of a frame (H, W, 3)."""
    height, width = size_to_fit(frame.shape[:2], COMPARED_SIDE)
    small = cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32)
    luma = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).ravel()
    brightest = max(1, round(HIGHLIGHTS * luma.size))
    highlights = np.partition(luma, -brightest)[-brightest:]
    return Light(float(luma.mean(dtype=np.float64)), float(highlights.mean(dtype=np.float64)))


def gains_of_shot(lights: Sequence[Light]) -> list[float]:
    """What a pastiche in the shot's usual light is multiplied by to have each frame's, 0 to 1.

    A frame's light is compared with that at the ends of its fade, so the gain changes without a jump. A frame
    is as dim as the brighter of its mean and its highlights, so that what shines in the dark stays.
    """
    if not lights:  # of a list of shots that names more frames than can be read
        return []
    means, highlights = np.array([(light.mean, light.highlights) for light in lights]).T
    gains = np.ones(len(lights))
    if np.percentile(highlights, USUAL_PERCENTILE) >= MIN_HIGHLIGHTS:
        shares = np.maximum(_of_usual(means), _of_usual(highlights))
        for first, last in _dark_runs(shares):
            end = last + _frames_to_the_end(shares[last:])
            begin = first - _frames_to_the_end(shares[first::-1])
            lit = [number for number in (begin, end) if shares[number] >= FADED]
            fade = np.arange(begin, end + 1)
            gains[fade] = np.minimum(gains[fade], shares[fade] / np.interp(fade, lit, shares[lit]))
    return [round(float(gain), 4) for gain in gains]


def gains_of_clip(lights: Sequence[Light], firsts: Sequence[int]) -> dict[int, float]:
    """The gains below 1 of a clip's frames, by number.

    Args:
        lights: of every frame.
        firsts: the first frame of each shot, 0 among them, rising.
    """
    ends = [*firsts[1:], len(lights)]
    gains = [gain for shot in zip(firsts, ends, strict=True) for gain in gains_of_shot(lights[slice(*shot)])]
    return {number: gain for number, gain in enumerate(gains) if gain < 1}


def usual(content: FloatArray, gain: float) -> FloatArray:
    """A frame (H, W, 3), 0..255, of ``gain``, in its shot's usual light."""
    return content if gain >= 1 else np.minimum(content / np.float32(max(gain, 1 / 255)), 255)


def uncertainty(gains: Iterable[float]) -> float:
    """By how many levels frames of these gains may differ, in the usual light, and be the same.

    In a fade an encoder's errors of two levels are brightened with the frame, and the gain is not exact.
    """
    return sum(2 / gain - 1 for gain in gains if gain < 1)


def _of_usual(values: DoubleArray) -> DoubleArray:
    return values / max(float(np.percentile(values, USUAL_PERCENTILE)), 1e-9)


def _dark_runs(shares: DoubleArray) -> list[tuple[int, int]]:
    """The first and the last frame of each run of frames with less than :data:`FADED` of the usual light."""
    steps = np.diff(np.concatenate([[False], shares < FADED, [False]]).astype(int))
    return list(zip(np.flatnonzero(steps == 1), np.flatnonzero(steps == -1) - 1, strict=True))


def _frames_to_the_end(shares: DoubleArray) -> int:
    """How many frames after the first of ``shares``, which is dark, the light stops rising."""
    at = 0
    while at + 1 < len(shares):
        brighter = shares[at + 1 : at + 1 + RISE_FRAMES] > RISE * shares[at]
        if shares[at] >= FADED and not brighter.any():
            break
        at += 1 + int(np.argmax(brighter))  # the next frame, if none is brighter
    return at
