"""Lay pictures on one sheet, row by row, each under the name of its file.

python -m benchmarks.picture_sheet sheet.jpg --columns 3 one.png two.png three.png
"""

import argparse
from pathlib import Path

from pipeline.pictures import images, writing
from pipeline.pictures.sheets import grid, labelled, tile


def main() -> None:
    parser = argparse.ArgumentParser(description="Pictures on one sheet, each under its name.")
    parser.add_argument("sheet", type=Path, help="a picture file to write")
    parser.add_argument("pictures", type=Path, nargs="+")
    parser.add_argument("--columns", type=int, default=3)
    options = parser.parse_args()
    tiles = [labelled(tile(images.read(path).pixels), path.stem) for path in options.pictures]
    writing.write(options.sheet, grid(tiles, options.columns))


if __name__ == "__main__":
    main()
