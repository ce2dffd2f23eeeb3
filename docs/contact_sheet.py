"""Lay frames of a clip above the same frames of its pastiche."""

import argparse
from pathlib import Path

import cv2
import numpy as np

from pipeline.pictures import images
from pipeline.video import clip

TILE_WIDTH = 300
"""Pixels of each frame's width on the sheet."""


def row(path: Path, wanted: list[int]) -> np.ndarray:
    """The wanted frames of a clip, side by side."""
    found = {number: frame for number, frame in enumerate(clip.frames(path)) if number in wanted}
    height, width = found[wanted[0]].shape[:2]
    size = TILE_WIDTH, round(height * TILE_WIDTH / width)
    return np.hstack([cv2.resize(found[number], size, interpolation=cv2.INTER_CUBIC) for number in wanted])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clip", type=Path)
    parser.add_argument("pastiche", type=Path)
    parser.add_argument("sheet", type=Path)
    parser.add_argument("frames", type=int, nargs="*", default=[0, 23, 47, 70])
    asked = parser.parse_args()
    sheet = np.vstack([row(asked.clip, asked.frames), row(asked.pastiche, asked.frames)])
    images.write(asked.sheet, sheet.astype(np.float32))


if __name__ == "__main__":
    main()
