"""What ours takes to be as low as `pastiche` under the objective of `pastiche`.

At the defaults of `pastiche` its objective has the same terms as forms of ours, so it is a preset. That both
compute the same loss of the content is checked.
"""

import json
import math
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks import children
from benchmarks.children import Cost
from benchmarks.pairs import Commands, Pair
from pipeline.pictures import images

FOUND = "found.json"
"""The file of a :class:`Found`."""

OBJECTIVE = Path(__file__).with_name("pastiche.toml")

PRINTED_LOSS = re.compile(r"^\d+ +[\d.]+ +([\d.]+) *$", re.MULTILINE)
"""A line that `pastiche` prints: step, seconds, loss. The first is of the content, the last of the end."""

SAME = 1e-3
"""How far our loss of the content may be from the printed one."""


@dataclass(frozen=True)
class Reached:
    """The first picture of ours that is as low as a limit.

    Attributes:
        limit: the loss to reach.
        loss: of ours.
        steps: of it at each scale, coarse first; at the last until that picture.
    """

    limit: float
    loss: float
    steps: list[int]

    @property
    def picture(self) -> str:
        """The name of its file."""
        return f"{'_'.join(map(str, self.steps))}.png"


@dataclass(frozen=True)
class Found:
    """Losses in float32, of pictures in 8 bits.

    Attributes:
        start: of the content itself.
        lowest: of our last picture that was evaluated.
        limits: the losses to reach, the highest first.
        reached: of the first limits.
    """

    start: float
    lowest: float
    limits: list[float]
    reached: list[Reached]

    @classmethod
    def load(cls, path: Path) -> "Found":
        values = json.loads(path.read_text())
        return cls(**{**values, "reached": [Reached(**each) for each in values["reached"]]})


def measure(peer: Pair, commands: Commands, folder: Path) -> Iterator[tuple[Reached, Cost]]:
    """The limits that ours reaches, each with the cost of the command that ends there.

    Args:
        peer: the pair that `pastiche` made.
        commands: that make pictures; their preset and flags are replaced.
        folder: where results are kept.

    Raises:
        SystemExit: ours evaluates the content differently, or a command fails, or makes another picture than
            the one whose loss was evaluated.
    """
    for reached in _found(peer, commands, folder).reached:
        expected = folder / reached.picture
        ours = Pair(peer.content, peer.style, "ours", expected.with_suffix(""))
        flags = ["--steps", ",".join(map(str, reached.steps))]
        cost = replace(commands, preset=str(OBJECTIVE), our_flags=flags).cost(ours)
        if not np.array_equal(*(images.read(path).pixels for path in (expected, ours.picture))):
            raise SystemExit(f"{ours.picture} is not {expected}, whose loss was evaluated")
        yield reached, cost


def _found(peer: Pair, commands: Commands, folder: Path) -> Found:
    path = folder / FOUND
    first, *_, last = map(float, PRINTED_LOSS.findall(peer.log.read_text()))
    if not path.exists():
        print("steps until the loss is as low", file=sys.stderr, flush=True)
        folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "benchmarks.steps_until", str(peer.content), str(peer.style)]
        command += ["--preset", str(OBJECTIVE), "--size", str(commands.size), "--weights", commands.weights]
        command += ["--as-low-as", str(peer.picture), "--and-as-low-as", str(last)]
        children.run([*command, "--folder", str(folder)], folder / "found.log")
    found = Found.load(path)
    for limit in found.limits[len(found.reached) :]:
        print(f"the loss does not fall to {limit:.4g}; the lowest is {found.lowest:.4g}", file=sys.stderr)
    if not math.isclose(found.start, first, rel_tol=SAME):
        raise SystemExit(f"the content's loss is {found.start} by {OBJECTIVE.name}, and {first} by pastiche")
    return found
