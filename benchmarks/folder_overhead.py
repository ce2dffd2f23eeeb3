"""What a folder of small pictures costs beside its steps: reading, targets, writing, the journal.

    python -m benchmarks.folder_overhead samples/starry.jpg --pictures 200

The pictures are cut from the samples, each of a size of its own. Times are of the processor; TensorFlow is
loaded before.
"""

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from pipeline import stylize_folder
from pipeline.core.descent import Descent
from pipeline.pictures import images, writing

SAMPLES = ("hillside", "harbour", "still_life")

SMALLEST_SHARE = 0.6
"""Of a sample's sides that a picture keeps."""


def main() -> None:
    options = _parse()
    before = time.process_time()
    spent = _watched()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary, "photos")
        folder.mkdir()
        _draw(folder, options.pictures)
        before = time.process_time()
        flags: dict[str, Any] = {"size": options.size, "weights": options.weights}
        stylize_folder(folder, options.style, Path(temporary, "out"), preset=options.preset, **flags)
    total, steps = time.process_time() - before, sum(spent)
    print(
        "| pictures | steps | all | all over steps | beside the steps, a picture |",
        "|---|---|---|---|---|",
        sep="\n",
    )
    beside = 1000 * (total - steps) / options.pictures
    print(f"| {options.pictures} | {steps:.0f} s | {total:.0f} s | {total / steps:.2f} | {beside:.0f} ms |")


def _watched() -> list[float]:
    """The processor's seconds of every descent down one scale, from now on."""
    spent: list[float] = []
    descend = Descent.descend

    def timed(*arguments: Any, **more: Any) -> Any:
        began = time.process_time()
        try:
            return descend(*arguments, **more)
        finally:
            spent.append(time.process_time() - began)

    Descent.descend = timed  # type: ignore[method-assign]
    return spent


def _draw(folder: Path, count: int) -> None:
    rng = np.random.default_rng(0)
    sources = [images.read(Path("samples", f"{name}.jpg")).pixels for name in SAMPLES]
    for number in range(count):
        pixels = sources[number % len(sources)]
        height, width = (int(side * rng.uniform(SMALLEST_SHARE, 1)) for side in pixels.shape[:2])
        writing.write(folder / f"{number:04d}.jpg", pixels[:height, :width])


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="What a folder of small pictures costs beside its steps.")
    parser.add_argument("style", type=Path)
    parser.add_argument("--pictures", type=int, default=200)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--preset", default="preview")
    parser.add_argument("--weights", default="builtin")
    return parser.parse_args()


if __name__ == "__main__":
    main()
