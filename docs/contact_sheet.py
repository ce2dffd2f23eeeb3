"""Lay frames of a clip above the same frames of its pastiche."""

import argparse
from pathlib import Path

import cv2
import numpy as np

from pipeline.pictures import writing
from pipeline.video import clip

TILE_WIDTH = 300
"""Pixels of each frame's width on the sheet."""


def row(path: Path, numbers: list[int]) -> np.ndarray:
    """The frames of a clip with these numbers, side by side."""
    frames = {number: frame for number, frame in enumerate(clip.frames(path)) if number in numbers}
    height, width = frames[numbers[0]].shape[:2]
    size = TILE_WIDTH, round(height * TILE_WIDTH / width)
    return np.hstack([cv2.resize(frames[number], size, interpolation=cv2.INTER_CUBIC) for number in numbers])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clip", type=Path)
    parser.add_argument("pastiche", type=Path)
    parser.add_argument("sheet", type=Path)
    parser.add_argument("frames", type=int, nargs="*", default=[0, 23, 47, 70])
    options = parser.parse_args()
    sheet = np.vstack([row(options.clip, options.frames), row(options.pastiche, options.frames)])
    writing.write(options.sheet, sheet.astype(np.float32))


if __name__ == "__main__":
    main()
