"""The drawn textures of all classes, drawn once and kept as one array on disk."""

import hashlib
import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from tqdm import tqdm

from pipeline.base import atomic
from tools import textures

Array = np.ndarray

PICTURES = 2
"""Pictures of each class."""

DRAWING = (Path(__file__), *sorted(Path(textures.__file__).parent.glob("*.py")))
"""The code that draws."""


def draw(seed: int, classes: int, folder: Path) -> Array:
    """uint8 (classes · PICTURES, SIDE, SIDE, 3); classes take turns among the families.

    Drawn by as many processes as there are cores; kept in ``folder`` for the next time.
    """
    path = folder / f"gallery-{seed}-{classes}-{code(*DRAWING)}.npy"
    if not path.is_file():
        numbers = [(seed, number) for number in range(classes)]
        with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
            drawn = list(tqdm(pool.map(pictures_of, numbers, chunksize=4), "textures", classes))
        with atomic.replacing(path) as partial:
            np.save(partial, np.concatenate(drawn))
    return np.load(path)


def pictures_of(seed_and_number: tuple[int, int]) -> Array:
    """All pictures of one class, by its seed and number: uint8 (PICTURES, SIDE, SIDE, 3)."""
    seed, number = seed_and_number
    family = textures.FAMILIES[number % len(textures.FAMILIES)]
    painter = family.design(np.random.default_rng([seed, number]))
    return np.stack([painter(np.random.default_rng([seed, number, copy])) for copy in range(1, PICTURES + 1)])


def code(*files: Path) -> str:
    """A hash of the code in the files: results of other code must not be used again."""
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:12]
