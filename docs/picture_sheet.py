"""Lay pictures on one sheet, row by row, each with its name.

python docs/picture_sheet.py sheet.jpg --columns 3 --width 300 one.png two.png three.png
"""

import argparse
from pathlib import Path

import cv2
import numpy as np

from pipeline.pictures import images

LABEL_HEIGHT = 18
"""Pixels of the strip above each picture that has its name."""


def tile(path: Path, width: int) -> np.ndarray:
    """The picture in a file, ``width`` pixels wide, under its name."""
    pixels = images.read(path).pixels
    size = width, round(pixels.shape[0] * width / pixels.shape[1])
    smaller = width < pixels.shape[1]
    resized = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC)
    label = np.full((LABEL_HEIGHT, width, 3), 255, np.uint8)
    cv2.putText(label, path.stem, (3, 13), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (0, 0, 0), 1, cv2.LINE_AA)
    return np.vstack([label.astype(np.float32), np.clip(resized, 0, 255)])


def row(tiles: list[np.ndarray], columns: int) -> np.ndarray:
    """The tiles side by side, with white below the lower ones and in place of missing ones."""
    height, width = max(each.shape[0] for each in tiles), tiles[0].shape[1]
    sheet = np.full((height, columns * width, 3), 255, np.float32)
    for number, each in enumerate(tiles):
        sheet[: each.shape[0], number * width : (number + 1) * width] = each
    return sheet


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("sheet", type=Path)
    parser.add_argument("pictures", type=Path, nargs="+")
    parser.add_argument("--columns", type=int, default=3)
    parser.add_argument("--width", type=int, default=300, help="of each picture, in pixels")
    options = parser.parse_args()
    tiles = [tile(path, options.width) for path in options.pictures]
    starts = range(0, len(tiles), options.columns)
    rows = [row(tiles[start : start + options.columns], options.columns) for start in starts]
    images.write(options.sheet, np.vstack(rows))


if __name__ == "__main__":
    main()
