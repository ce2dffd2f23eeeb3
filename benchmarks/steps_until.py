"""How many steps at the full size a picture needs to have as low a loss as another program's picture.

    python -m benchmarks.steps_until content.png style.png --preset benchmarks/pastiche.toml --size 512 \\
        --weights imagenet-8bit --as-low-as other.png --picture ours.png --found found.json

Content and style are to have the size at which both programs compare pictures, so that neither resizes them.
Losses are of pictures as their files have them, in 8 bits, and are evaluated in float32. ``--found`` gets the
losses of the content, of the other picture and of ours, and the steps of each scale; ``--picture`` ours.
"""

import argparse
import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks.precision import loss_and_gradient
from pipeline.base.arrays import FloatArray
from pipeline.core.scales import plan
from pipeline.core.style_transfer import StepInfo
from pipeline.core.stylizer import Stylizer
from pipeline.extractor import weights
from pipeline.extractor.weights import Weights
from pipeline.pictures import images, writing
from pipeline.settings.choice import Choice
from pipeline.settings.settings import Settings

NEAR = 1.03
"""Of the other loss: a loss computed in bfloat16 that is lower than this is evaluated in float32."""


@dataclass(frozen=True)
class Found:
    """Losses in float32, and what ours took.

    Attributes:
        start: of the content itself.
        other: of the other program's picture.
        ours: of the first of our pictures that is as low, or of the last.
        steps: at each scale, coarse first; at the last until that picture.
    """

    start: float
    other: float
    ours: float
    steps: list[int]

    @property
    def is_as_low(self) -> bool:
        return self.ours <= self.other


class _Reached(Exception):
    """Ends the descent."""


class Search:
    """Descends from a content until a loss is reached."""

    def __init__(self, settings: Settings, network: Weights, content: FloatArray, style: FloatArray) -> None:
        self._settings, self._network, self._content, self._style = settings, network, content, style
        self.picture = content

    def found(self, other: FloatArray) -> Found:
        """Until the loss is as low as that of ``other``, or all steps are taken."""
        start, limit = self._loss(self._content), self._loss(other)
        planned = [scale.steps for scale in plan(self._content.shape[:2], self._settings)]
        lowest, taken, ours = np.inf, 0, start

        def on_step(info: StepInfo) -> None:
            nonlocal lowest, taken, ours
            if info.scale < info.scales:
                return
            taken += 1
            if info.losses["total"] < min(lowest, NEAR * limit):
                self.picture = np.round(np.clip(info.image(), 0, 255))
                ours = self._loss(self.picture)
                if ours <= limit:
                    raise _Reached
            lowest = min(lowest, info.losses["total"])

        try:
            Stylizer(self._settings, [self._style], weights=self._network).stylize(self._content, on_step=on_step)
        except _Reached:
            pass
        return Found(start, limit, ours, [*planned[:-1], taken])

    def _loss(self, pixels: FloatArray) -> float:
        exact = self._settings.model_copy(update={"precision": "float32"})
        return loss_and_gradient(exact, self._network, self._content, self._style, pixels)[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    for name in ("content", "style"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--preset", required=True)
    parser.add_argument("--size", required=True)
    parser.add_argument("--weights", default="auto")
    for name in ("as-low-as", "picture", "found"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    options = parser.parse_args()
    settings = Choice(options.preset, {"size": options.size}).resolve().settings
    network = weights.obtain(options.weights, lambda line: print(line, file=sys.stderr))
    content, style, other = (
        images.read(path).pixels for path in (options.content, options.style, options.as_low_as)
    )
    search = Search(settings, network, content, style)
    found = search.found(other)
    writing.write(options.picture, search.picture)
    options.found.write_text(json.dumps(asdict(found)))


if __name__ == "__main__":
    main()
