"""Small real inputs for whole jobs (pictures, a clip), and settings with which jobs take seconds."""

from pathlib import Path

import numpy as np
from PIL import Image

from tests.support.clips import Sound, write_clip

TINY = {"size": 32, "scales": 1, "steps": 2, "optimizer": "adam", "weights": "builtin"}
"""Settings for tests that do not look at the result. Adam's first step already changes every pixel."""

FLAGS = [word for name, value in TINY.items() for word in (f"--{name}", str(value))]
"""The same settings as flags."""


def scene(seed: int, height: int = 36, width: int = 48) -> np.ndarray:
    """A smooth coloured field with an edge, different for each seed; (height, width, 3) uint8."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (4, 5, 3), dtype=np.uint8))
    pixels = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC)).copy()
    pixels[height // 2 :, : width // 3] = rng.integers(0, 256, 3)
    return pixels


def picture(path: str | Path, seed: int = 1, height: int = 36, width: int = 48) -> Path:
    """Write a picture of a scene, in the format of its extension."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(scene(seed, height, width)).save(path)
    return path


def clip(path: str | Path, frames: int = 5) -> Path:
    """Write a clip of a scene that moves sideways, with a stereo sound track."""
    wide = scene(7, 32, 48 + 2 * frames)

    def view(index: int, size: tuple[int, int]) -> np.ndarray:
        return np.ascontiguousarray(wide[:, 2 * index : 2 * index + 48])

    return write_clip(Path(path), size=(32, 48), frames=frames, picture=view, sounds=[Sound()])
