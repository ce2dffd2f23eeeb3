"""Print how far pastiches are from style and content by VGG19, by :mod:`tests.support.vgg_score`.

    python -m benchmarks.vgg_score --weights vgg19.npz CONTENT STYLE PASTICHE...

The scores of different extractors cannot be compared; the published network's are the ones to quote.
"""

import argparse
from pathlib import Path

from pipeline.extractor import weights
from pipeline.pictures import images
from tests.support.vgg_score import features, score


def main() -> None:
    parser = argparse.ArgumentParser(description="How far pastiches are from style and content by VGG19.")
    parser.add_argument("--weights", default="auto", help="as of nstpipe")
    for name in ("content", "style"):
        parser.add_argument(name, type=Path)
    parser.add_argument("pastiches", type=Path, nargs="+")
    options = parser.parse_args()
    kernels = weights.obtain(options.weights, print).kernels
    content, style = (
        features(kernels, images.read(path).pixels) for path in (options.content, options.style)
    )
    for path in options.pastiches:
        scores = score(content, style, features(kernels, images.read(path).pixels, content.size))
        layers = " ".join(f"{value:.3f}" for value in scores.by_layer)
        print(
            f"{path}: style {scores.style:.4f} (by layer {layers}) content {scores.content:.3f}", flush=True
        )


if __name__ == "__main__":
    main()
