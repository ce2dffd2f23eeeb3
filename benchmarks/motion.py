"""Write a textured clip whose motion is known exactly, and that motion beside it.

    python -m benchmarks.motion pan -o pan.mp4

writes pan.mp4 and pan.motion.npz, which ``nstpipe steadiness --motion`` reads.
"""

import argparse
from pathlib import Path

from pipeline.base.arrays import Size
from tests.support import drawn_motion


def main() -> None:
    """Draw, write, say where."""
    options = _parse()
    beside = drawn_motion.write(options.kind, options.output, options.frames, options.size, options.seed)
    print(f"{options.output}: {options.frames} frames; their true motion: {beside}")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("kind", choices=drawn_motion.KINDS)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--frames", type=int, default=60)
    parser.add_argument("--size", type=_size, default=(180, 320), help="width x height (320x180)")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def _size(text: str) -> Size:
    width, height = text.split("x")
    return int(height), int(width)


if __name__ == "__main__":
    main()
