"""Chains of frames with the real core: still places do not drift, and smoothing does not pump."""

from collections.abc import Iterable, Iterator
from itertools import pairwise

import numpy as np

from pipeline.core.smoothing import pool_and_upsample
from pipeline.core.stylizer import Stylizer
from pipeline.extractor import weights
from pipeline.motion import shot_walk
from pipeline.settings.settings import Settings
from pipeline.steadiness import frame_measures
from tests.support.moving import Frame, pan, textured, with_square

STEPS = 6


def chained(frames: Iterable[Frame], **changes: object) -> Iterator[np.ndarray]:
    """The pastiches of ``frames``, each from the last along the flow, as 8-bit files would hold them."""
    settings = Settings(
        size=128, steps=20, frame_steps=STEPS, style_form="per-channel", pooling="avg", **changes
    )
    stylizer = Stylizer(settings, [textured(9).astype(np.float32)], weights=weights.builtin())
    return shot_walk.stylized(stylizer, frames)


def largest_jump(pastiches: list[np.ndarray]) -> float:
    """The jumps of the sharpness from frame to frame, as shares of it, without the first frames."""
    sharp = [frame_measures.sharpness(pastiche) for pastiche in pastiches[3:]]
    return max(abs(now / before - 1) for before, now in pairwise(sharp))


def test_still_places_with_noise_and_smoothing_do_not_drift() -> None:
    """In a corner a square moves, so that every frame is stylised; the rest is measured."""
    rng, still = np.random.default_rng(0), textured(1)
    busy = (with_square(still, 96 - 4 * (number % 3), 64, 24).astype(float) for number in range(40))
    noisy = (np.clip(frame + 4 * rng.standard_normal(frame.shape), 0, 255).astype(np.uint8) for frame in busy)
    pastiches = list(chained(noisy, smooth_every=10))
    assert all((now != before).any() for before, now in pairwise(pastiches))
    settled, last = (pastiche[:, :64] for pastiche in (pastiches[9], pastiches[-1]))
    assert np.abs((last - settled).mean(axis=(0, 1))).max() < 1
    assert abs(frame_measures.sharpness(last) / frame_measures.sharpness(settled) - 1) < 0.05


def test_no_frame_stands_out_by_its_smoothing() -> None:
    frames = pan(14, step=2)
    smoothed = list(chained(frames, smooth_every=10 * STEPS))
    assert largest_jump(smoothed) < 0.1
    # The same measure does see one frame that is smoothed as a whole.
    smoothed[8] = pool_and_upsample(smoothed[8])
    assert largest_jump(smoothed) > 0.5


def test_every_frame_is_smoothed_a_little() -> None:
    frames = pan(8, step=2)
    plain, smoothed = (list(chained(frames, smooth_every=every)) for every in (0, 2 * STEPS))
    assert frame_measures.sharpness(smoothed[-1]) < 0.95 * frame_measures.sharpness(plain[-1])
