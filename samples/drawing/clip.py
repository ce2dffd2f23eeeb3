"""The clip: two seconds in the harbour, a cut, one second at the still life, with sound."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from . import harbour, sound, still_life
from .film import develop
from .tracer import render

Array = np.ndarray
SIZE = (180, 320)
RATE = 24
"""Frames a second."""
CUT, END = 48, 72
"""The first frame of the second shot, and the number of frames."""


def draw(path: Path, seed: int) -> None:
    """Render every frame and write the clip to `path`."""
    with ProcessPoolExecutor() as pool:
        frames = pool.map(frame, range(END), [seed] * END)
        write(path, frames, sound.track(END / RATE, np.random.default_rng(seed)))


def frame(index: int, seed: int, size: tuple[int, int] = SIZE) -> Array:
    """One frame, uint8 RGB (height, width, 3); all frames need the same seed, or the scene changes."""
    rng = np.random.default_rng(seed)
    if index < CUT:
        share = index / CUT
        scene = harbour.scene(rng, sail_x=13.5 - 10.5 * share, seconds=index / RATE)
        camera = harbour.view(_eased(share))
    else:
        scene, camera = still_life.scene(rng), still_life.view(_eased((index - CUT) / (END - CUT)))
    light = render(scene, camera, size, np.random.default_rng(seed), grid=2, rough=index < CUT)
    pixels = develop(light, np.random.default_rng([seed, index]), grain=1.2)
    return np.round(pixels).astype(np.uint8)


def _eased(share: float) -> float:
    """Start and end the motion gently."""
    return share + 0.12 * float(np.sin(2 * np.pi * (share + 0.5))) / np.pi


def write(path: Path, frames: Iterator[Array], samples: Array) -> None:
    """H.264 and AAC in an MP4, ready to play while it loads; samples float32 (2, N)."""
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as container:
        picture = container.add_stream(
            "libx264", RATE, options={"crf": "21", "preset": "veryslow", "threads": "1"}
        )
        picture.height, picture.width = SIZE
        picture.pix_fmt = "yuv420p"
        voice = container.add_stream("aac", sound.RATE, layout="stereo", bit_rate=96_000)
        for index, pixels in enumerate(frames):
            shot = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            shot.pts, shot.time_base = index, Fraction(1, RATE)
            container.mux(picture.encode(shot))
        container.mux(picture.encode(None))
        _write_sound(container, voice, samples)


def _write_sound(container: av.container.OutputContainer, voice: av.AudioStream, samples: Array) -> None:
    block = 1024  # AAC's frame
    for start in range(0, samples.shape[1], block):
        part = np.ascontiguousarray(samples[:, start : start + block])
        piece = av.AudioFrame.from_ndarray(part, format="fltp", layout="stereo")
        piece.sample_rate, piece.pts, piece.time_base = sound.RATE, start, Fraction(1, sound.RATE)
        container.mux(voice.encode(piece))
    container.mux(voice.encode(None))
