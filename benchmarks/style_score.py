"""Print how stylised pastiches are, by :mod:`tests.support.style_score`.

python -m benchmarks.style_score CONTENT STYLE PASTICHE...
"""

import argparse
from pathlib import Path

from pipeline.pictures import images
from tests.support.style_score import score


def main() -> None:
    parser = argparse.ArgumentParser(description="How stylised pastiches are.")
    for name in ("content", "style"):
        parser.add_argument(name, type=Path)
    parser.add_argument("pastiches", type=Path, nargs="+")
    options = parser.parse_args()
    content, style = (images.read(path).pixels for path in (options.content, options.style))
    for path in options.pastiches:
        scores = score(content, style, images.read(path).pixels)
        print(f"{path}: style {scores.style:.3f} content {scores.content:.3f} noise {scores.noise:.2f}")


if __name__ == "__main__":
    main()
