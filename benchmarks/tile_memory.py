"""The memory of pictures in tiles: what is estimated, and what a process takes at its peak.

    python -m benchmarks.tile_memory photo.jpg style.jpg --sizes 2048 3840 --memory 2GB 4GB

The photo is enlarged to each size. Each picture is stylised in a process of its own, in a few steps of the
default preset at full size alone.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from PIL import Image

from benchmarks import children, tables
from pipeline.core import precisions, step_memory
from pipeline.extractor import weights
from pipeline.settings.choice import Choice

HEAD = ("picture", "may take", "tiles", "pairs", "work", "estimate", "peak", "ratio")


def enlarged(photo: Path, size: int, folder: Path) -> tuple[Path, tuple[int, int]]:
    """The photo with a longest side of ``size``, and its (height, width)."""
    with Image.open(photo) as image:
        width, height = (round(side * size / max(image.size)) for side in image.size)
        path = folder / f"{size}.png"
        image.convert("RGB").resize((width, height), Image.Resampling.BICUBIC).save(path, compress_level=1)
    return path, (height, width)


def measured(photo: Path, style: Path, flags: list[str], output: Path) -> int:
    """Bytes at the peak."""
    command = [sys.executable, "-m", "cli", "image", str(photo), str(style), "-o", str(output)]
    return children.run([*command, *flags], output.with_suffix(".log")).peak_bytes


def row(arguments: argparse.Namespace, size: int, memory: str, folder: Path) -> str:
    """A row of the table."""
    photo, pixels = enlarged(arguments.photo, size, folder)
    values = {"size": str(size), "memory": memory, "scales": "1", "steps": str(arguments.steps)}
    values |= {"weights": arguments.weights, **dict(pair.split("=") for pair in arguments.set)}
    settings = precisions.settled(Choice(None, values).resolve().settings)
    plan = step_memory.step_plan(settings, pixels, weights.obtain(settings.weights, print).widths)
    flags = [word for name, value in values.items() for word in (f"--{name.replace('_', '-')}", value)]
    peak = measured(photo, arguments.style, flags, folder / f"{size}_{memory}.tif")
    tiles = len(plan.grid.tiles(pixels)) if plan.grid else 1
    ratio = plan.memory / peak
    cells = (f"{pixels[1]}x{pixels[0]}", memory, str(tiles), str(plan.pairs), f"{plan.work(pixels):.2f}")
    numbers = (f"{plan.memory / 1e9:.2f} GB", f"{peak / 1e9:.2f} GB", f"{ratio:.2f}")
    return tables.row((*cells, *numbers))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("photo", type=Path)
    parser.add_argument("style", type=Path)
    parser.add_argument("--sizes", type=int, nargs="+", default=[2048])
    parser.add_argument("--memory", nargs="+", default=["2GB"], help="for each size")
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--weights", default="builtin")
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="other settings")
    arguments = parser.parse_args()
    print(tables.head(HEAD), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for size, memory in zip(arguments.sizes, arguments.memory, strict=True):
            print(row(arguments, size, memory, Path(folder)), flush=True)


if __name__ == "__main__":
    main()
