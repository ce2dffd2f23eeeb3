"""Every content in every style: the pastiches, how stylised each is, and all of them on one sheet.

    python -m benchmarks.pairs --contents A.jpg B.jpg --styles C.jpg D.jpg --sheet sheet.jpg

Every setting but ``--weights``, ``--preset`` and ``--size`` is the preset's.
"""

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.core.stylizer import Stylizer
from pipeline.extractor import weights
from pipeline.pictures import images, writing
from pipeline.pictures.sheets import tile
from pipeline.settings.choice import Choice
from tests.support.style_score import Score, score

Array = np.ndarray


@dataclass(frozen=True)
class Result:
    """A pastiche (H, W, 3), its score, and the seconds it took."""

    pixels: Array
    score: Score
    seconds: float


def main() -> None:
    """Stylise, print a table, write the sheet."""
    options = _parse()
    extractor = weights.obtain(options.weights, print)
    flags = {"size": options.size} if options.size else {}
    settings = Choice(options.preset, flags=flags, environ={}).resolve().settings
    contents = {path: images.read(path, longest_side=settings.size).pixels for path in options.contents}
    styles = {path: images.read(path).pixels for path in options.styles}
    stylizers = {path: Stylizer(settings, [style], weights=extractor) for path, style in styles.items()}
    print("| content | style | style score | content score | noise | seconds |\n|---|---|---|---|---|---|")
    results: dict[tuple[Path, Path], Result] = {}
    for content, pixels in contents.items():
        for style, stylizer in stylizers.items():
            results[content, style] = result = _make(stylizer, pixels, styles[style])
            print(_row(content.stem, style.stem, result.score, result.seconds), flush=True)
    print(_mean(list(results.values())))
    rows = [[None, *styles.values()]]
    rows += [
        [contents[content], *(results[content, style].pixels for style in styles)] for content in contents
    ]
    writing.write(options.sheet, np.vstack([np.hstack([tile(picture) for picture in row]) for row in rows]))


def _make(stylizer: Stylizer, content: Array, style: Array) -> Result:
    began = time.monotonic()
    pixels = stylizer.stylize(content).pixels
    return Result(pixels, score(content, style, pixels), time.monotonic() - began)


def _row(content: str, style: str, scores: Score, seconds: float) -> str:
    numbers = f"{scores.style:.2f} | {scores.content:.2f} | {scores.noise:.2f} | {seconds:.0f}"
    return f"| {content} | {style} | {numbers} |"


def _mean(results: list[Result]) -> str:
    means = [np.mean([getattr(one.score, name) for one in results]) for name in ("style", "content", "noise")]
    return _row("**mean**", "", Score(*map(float, means)), float(np.mean([one.seconds for one in results])))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Every content in every style, scored and on one sheet.")
    parser.add_argument("--contents", type=Path, nargs="+", required=True)
    parser.add_argument("--styles", type=Path, nargs="+", required=True)
    parser.add_argument("--sheet", type=Path, required=True, help="a picture file to write")
    parser.add_argument("--weights", default="builtin")
    parser.add_argument("--preset", default="balanced")
    parser.add_argument("--size", type=int, help="longest side (the preset's)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
