"""How much of VGG19 a frame needs where its clip stands still: a bound of what computing only that saves.

    python -m benchmarks.still_places samples/clip.mp4

Where nothing may change, activations stay as they are, and so do their shares of the Gram matrices. For each
frame that follows others: the share of the convolutions' multiplications at positions that see a changeable
pixel, up to block5_conv1; the backward pass needs the same positions. Once for the bounding box of the
changeable pixels, and once for the pixels themselves, which no tile can beat. Frames that repeat the last one
take no step and are left out. A clip is enlarged to a size that it does not have.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from benchmarks import one_shot, tables
from pipeline.base.arrays import FloatArray, Mask
from pipeline.core.tiles import Reach
from pipeline.extractor import layers
from pipeline.motion import shot_walk
from pipeline.motion.shot_walk import NextFrame
from pipeline.settings.settings import Settings

DEEPEST = "block5_conv1"

COLUMNS = (
    "clip",
    "longest side",
    "following frames",
    "unchanged",
    "changeable",
    "computed, box",
    "by place",
)


@dataclass
class Watched:
    """The pastiches of a shot, of which none is made; they are grey.

    Attributes:
        changeable: (H, W), of each frame that would be stylised from earlier ones.
        repeated: frames that would repeat the last one.
    """

    grey: FloatArray
    changeable: list[Mask] = field(default_factory=list)
    repeated: int = 0
    _done: int = 0

    def is_done(self, number: int) -> bool:
        return number < self._done

    def pixels(self, number: int) -> FloatArray:
        return self.grey

    def loss(self, number: int) -> float:
        return 1.0

    def make(self, number: int, frame: NextFrame) -> None:
        self._done = number + 1
        self.repeated += frame.repeats
        if frame.terms is not None:
            self.changeable.append(frame.terms.changeable > 0)


def main() -> None:
    options = _parse()
    print(tables.head(COLUMNS))
    for side in options.sides:
        frames, _ = one_shot.load(options.clip, side, options.frames)
        watched = Watched(np.full(frames[0].shape, 128, np.float32))
        for _ in shot_walk.walk(frames, frames[0].shape[:2], Settings(temporal="flow"), watched):
            pass
        shares = [
            (mask.mean(), computed(boxed(mask)), computed(mask)) for mask in watched.changeable if mask.any()
        ]
        means = [f"{100 * share:.0f} %" for share in np.mean(shares, axis=0)]
        counts = [str(side), str(len(frames) - 1), str(watched.repeated)]
        print(tables.row([Path(options.clip).stem, *counts, *means]), flush=True)


def boxed(mask: Mask) -> Mask:
    """The bounding box of a mask (H, W) that is not empty."""
    box = np.zeros_like(mask)
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    box[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] = True
    return box


def computed(mask: Mask) -> float:
    """The share of the multiplications at positions that see a pixel of ``mask`` (H, W)."""
    costs = layers.convolutions(layers.IMAGENET_WIDTHS, [DEEPEST])
    affected, all_of_it = 0.0, 0.0
    for (_, channels, filters), places in zip(costs, _positions(mask), strict=True):
        affected += channels * filters * places.sum()
        all_of_it += channels * filters * places.size
    return affected / all_of_it


def _positions(mask: Mask) -> Iterator[Mask]:
    """For each layer up to the deepest, which of its positions (h, w) see a pixel of ``mask``."""
    for layer in layers.up_to_deepest([DEEPEST]):
        reach = Reach.of([layer])
        seen = cv2.dilate(mask.astype(np.uint8), np.ones((2 * reach.halo + 1,) * 2, np.uint8))
        height, width = (side // reach.stride for side in mask.shape)
        squares = seen[: height * reach.stride, : width * reach.stride]
        yield squares.reshape(height, reach.stride, width, reach.stride).any(axis=(1, 3))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("clip", help="a file, or a kind of benchmarks.motion")
    parser.add_argument("--sides", type=int, nargs="+", default=[256, 512, 1024])
    parser.add_argument("--frames", type=int, default=72, help="at most")
    return parser.parse_args()


if __name__ == "__main__":
    main()
