"""Draw the samples: three paintings to take a style from, three photographs, and a clip with sound.

    python samples/draw.py                       all of them, beside this script (some minutes)
    python samples/draw.py --only starry -o /tmp  one of them, elsewhere

Nothing is read or downloaded; the same seed gives the same pictures.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

# Small matrices: threads would only wait for each other. NumPy reads this when it is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from drawing import clip, embers, harbour, hillside, starry, still_life, waves
from PIL import Image

SEED = 7
QUALITY = 87
PICTURES = {
    "starry": starry.draw,
    "waves": waves.draw,
    "embers": embers.draw,
    "hillside": hillside.draw,
    "harbour": harbour.draw,
    "still_life": still_life.draw,
}
NAMES = (*PICTURES, "clip")


def main() -> None:
    """Draw what the command line asks for."""
    options = _parse()
    options.output.mkdir(parents=True, exist_ok=True)
    for name in options.only or NAMES:
        print(draw(name, options.output))


def draw(name: str, folder: Path) -> Path:
    """Draw one sample into the folder and return its path."""
    if name == "clip":
        path = folder / "clip.mp4"
        clip.draw(path, SEED)
        return path
    path = folder / f"{name}.jpg"
    pixels = np.round(PICTURES[name](np.random.default_rng(SEED))).astype(np.uint8)
    Image.fromarray(pixels).save(path, quality=QUALITY, optimize=True)
    return path


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Draw the sample pictures and the sample clip.")
    parser.add_argument(
        "-o", "--output", type=Path, default=Path(__file__).parent, help="folder to draw into"
    )
    parser.add_argument("--only", choices=NAMES, action="append", help="draw this one; may be repeated")
    return parser.parse_args()


if __name__ == "__main__":
    main()
