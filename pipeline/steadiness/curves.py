"""How steady the pastiche of a clip is: warping error, drift, flicker and sharpness, frame by frame.

The warping error is that of Lai et al. 2018 ("Learning blind video temporal consistency"); the rest is ours.
"""

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise, zip_longest

import cv2
import numpy as np

from pipeline.base.arrays import FloatArray, Frame, Mask
from pipeline.errors import InputError
from pipeline.motion import flow
from pipeline.motion.flow import Motion
from pipeline.steadiness import frame_measures

LONG_TERM_GAP = 5
"""Frames between the two that the long-term warping error compares: far enough for small slips to add up,
near enough that most of a moving picture is still in view."""

Curve = tuple[float | None, ...]
"""One value for each frame; None where there is nothing to measure."""

Motions = Callable[[int, int], Motion]
"""How the frame of the second index came from the frame of the first, the earlier one."""


@dataclass(frozen=True)
class Steadiness:
    """How steady a pastiche is. No frame is compared with one of another shot.

    Attributes:
        starts: the index of each shot's first frame.
        warping_error: squared share of the full scale, (levels/255)²: how far a frame is from the one before
            it, moved as the source moves, in places that both show. None for a shot's first frame.
        long_term_error: the same against the frame :data:`LONG_TERM_GAP` before.
        drift: levels of 0..255: how far the mean colour of the places that stood still all along has moved
            since the shot's first frame, in the channel that moved most.
        departure: levels: root mean square difference from the shot's first frame in those places.
        flicker: levels: root mean square of (-O[t-1] + 2 O[t] - O[t+1]) / 4 where the source stands still
            across the three; a picture that alternates by ±a has a. None for a shot's first and last frame.
        sharpness: levels²: variance of the Laplacian of the grey picture; for every frame.
    """

    starts: tuple[int, ...]
    warping_error: Curve
    long_term_error: Curve
    drift: Curve
    departure: Curve
    flicker: Curve
    sharpness: Curve

    @property
    def sharpness_jump(self) -> Curve:
        """By how much the sharpness changed since the frame before, as a share of its mean over the clip."""
        scale = self.mean_sharpness or 1.0  # flat pictures have none, and no jump
        jumps = [abs((now or 0.0) - (before or 0.0)) / scale for before, now in pairwise(self.sharpness)]
        return tuple(None if at in self.starts else jump for at, jump in enumerate([0.0, *jumps]))

    @property
    def mean_warping_error(self) -> float | None:
        """Over the frames that have one, as the paper takes it."""
        return _mean(self.warping_error)

    @property
    def mean_long_term_error(self) -> float | None:
        """Over the frames that have one."""
        return _mean(self.long_term_error)

    @property
    def largest_drift(self) -> float | None:
        """Over all frames: drift builds up, and what a person notices is how far it went, not its mean."""
        return _largest(self.drift)

    @property
    def largest_departure(self) -> float | None:
        """Over all frames, for the same reason."""
        return _largest(self.departure)

    @property
    def mean_flicker(self) -> float | None:
        """Over the frames that have one."""
        return _mean(self.flicker)

    @property
    def mean_sharpness(self) -> float | None:
        """Over all frames."""
        return _mean(self.sharpness)

    @property
    def largest_sharpness_jump(self) -> float | None:
        """Over all frames but the shots' first: pumping shows here, softening slowly does not."""
        return _largest(self.sharpness_jump)


def measure(
    source: Iterable[Frame],
    pastiche: Iterable[Frame],
    starts: Collection[int],
    motions: Motions | None = None,
) -> Steadiness:
    """How steady ``pastiche`` is. Of each clip only the last few frames are held in memory.

    Args:
        source: its frames, (H, W, 3) RGB uint8; they are brought to the pastiche's size.
        pastiche: as many frames of one size.
        starts: the index of each shot's first frame, see :mod:`pipeline.video.shots.shot_detection`.
        motions: the true motion of the source, where it is known; else it is estimated (DIS).

    Raises:
        InputError: the clips differ in their number of frames, or have no second one.
    """
    starts, measures, shot = {0, *starts}, [], _Shot(motions)
    for index, (frame, styled) in enumerate(_paired(source, pastiche)):
        if index in starts:
            shot = _Shot(motions)
        measures.append(shot.add(_Pair(index, _fitted(frame, styled), styled.astype(np.float32))))
    if len(measures) < 2:
        raise InputError("the clip has no second frame to compare; give one of two frames or more")
    curves = {name: tuple(values[name] for values in measures) for name in measures[0]}
    curves["flicker"] = (*curves["flicker"][1:], None)  # each was computed one frame later
    return Steadiness(tuple(sorted(start for start in starts if start < len(measures))), **curves)


@dataclass(frozen=True, eq=False)
class _Pair:
    """A frame of the source (uint8) and of the pastiche (float32), of one size."""

    index: int
    source: Frame
    pastiche: FloatArray


class _Shot:
    """The part of a shot that the next frame is compared with."""

    def __init__(self, motions: Motions | None) -> None:
        self._motions = motions
        self._first: _Pair | None = None
        self._still: Mask = np.ones((1, 1), bool)
        self._recent: deque[_Pair] = deque(maxlen=LONG_TERM_GAP)

    def add(self, now: _Pair) -> dict[str, float | None]:
        """The measures of the next frame, by name; ``flicker`` is that of the frame before it."""
        values = {
            "warping_error": self._warping_error(now, 1),
            "long_term_error": self._warping_error(now, LONG_TERM_GAP),
            **self._since_the_first(now),
            "flicker": self._flicker(now),
            "sharpness": frame_measures.sharpness(now.pastiche),
        }
        self._recent.append(now)
        return values

    def _warping_error(self, now: _Pair, gap: int) -> float | None:
        if len(self._recent) < gap:
            return None
        earlier = self._recent[-gap]
        if self._motions is None:
            motion: Motion = flow.between(earlier.source, now.source, "high")
        else:
            motion = _resized(self._motions(earlier.index, now.index), now.pastiche)
        return frame_measures.warping_error(earlier.pastiche, now.pastiche, motion)

    def _since_the_first(self, now: _Pair) -> dict[str, float | None]:
        if self._first is None:
            self._first = now
            return {"drift": None, "departure": None}
        self._still = self._still & frame_measures.stands_still(self._first.source, now.source)
        compared = self._first.pastiche, now.pastiche, self._still
        return {"drift": frame_measures.drift(*compared), "departure": frame_measures.departure(*compared)}

    def _flicker(self, after: _Pair) -> float | None:
        if len(self._recent) < 2:
            return None
        before, now = self._recent[-2], self._recent[-1]
        still = frame_measures.stands_still(before.source, now.source)
        still &= frame_measures.stands_still(now.source, after.source)
        return frame_measures.flicker(before.pastiche, now.pastiche, after.pastiche, still)


def _paired(source: Iterable[Frame], pastiche: Iterable[Frame]) -> Iterator[tuple[Frame, Frame]]:
    counts = np.zeros(2, int)
    for pair in zip_longest(source, pastiche):
        counts += [frame is not None for frame in pair]
        if counts[0] == counts[1]:
            yield pair
    if counts[0] != counts[1]:
        raise InputError(
            f"the source has {counts[0]} frames, the pastiche {counts[1]}; give a clip and its own pastiche"
        )


def _fitted(source: Frame, pastiche: Frame) -> Frame:
    if source.shape == pastiche.shape:
        return source
    return cv2.resize(source, pastiche.shape[1::-1], interpolation=cv2.INTER_AREA)


def _resized(motion: Motion, pastiche: FloatArray) -> Motion:
    """The motion at the pastiche's size; by nearest neighbour, since motions must not mix at an edge."""
    (height, width), before = pastiche.shape[:2], motion.weights.shape
    if (height, width) == before:
        return motion
    arrays = [
        cv2.resize(array, (width, height), interpolation=cv2.INTER_NEAREST_EXACT)
        for array in (motion.flow, motion.weights)
    ]
    return Motion(arrays[0] * np.array([width / before[1], height / before[0]], np.float32), arrays[1])


def _mean(curve: Curve) -> float | None:
    values = [value for value in curve if value is not None]
    return float(np.mean(values)) if values else None


def _largest(curve: Curve) -> float | None:
    return max((value for value in curve if value is not None), default=None)
