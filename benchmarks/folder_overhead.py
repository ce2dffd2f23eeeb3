"""What a folder of small pictures costs beside its steps: reading, targets, writing, the journal.

    python -m benchmarks.folder_overhead samples/starry.jpg --pictures 200
    python -m benchmarks.folder_overhead samples/starry.jpg --pictures 8 --workers 2 --threads 1

The pictures are cut from the samples, each of a size of its own. Times are of the processor, all processes
together; TensorFlow is loaded before, but by each worker. What the steps take is not known of workers.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from pipeline import Rules, stylize_folder
from pipeline.core.descent import Descent
from pipeline.pictures import images, writing

SAMPLES = ("hillside", "harbour", "still_life")

SMALLEST_SHARE = 0.6
"""Of a sample's sides that a picture keeps."""


def main() -> None:
    options = _parse()
    if options.threads:  # TensorFlow reads it when it runs its first operation, in workers too
        os.environ["TF_NUM_INTRAOP_THREADS"] = str(options.threads)
    spent = _watched()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary, "photos")
        folder.mkdir()
        _draw(folder, options.pictures)
        before = _seconds()
        flags: dict[str, Any] = {"size": options.size, "weights": options.weights}
        flags |= {"preset": options.preset, "rules": Rules(workers=options.workers)}
        stylize_folder(folder, options.style, Path(temporary, "out"), **flags)
    total, steps = _seconds() - before, sum(spent)
    print(
        "| pictures | workers | threads of each | steps | all | all over steps | beside steps, a picture |",
        "|---|---|---|---|---|---|---|",
        sep="\n",
    )
    threads = options.threads or os.cpu_count()
    of_steps = ["-", f"{total:.0f} s", "-", "-"]
    if steps:
        beside = 1000 * (total - steps) / options.pictures
        of_steps = [f"{steps:.0f} s", f"{total:.0f} s", f"{total / steps:.2f}", f"{beside:.0f} ms"]
    print(f"| {options.pictures} | {options.workers} | {threads} | {' | '.join(of_steps)} |")


def _seconds() -> float:
    """The processor's seconds of this process, and of those that it started and that ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


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
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--threads", type=int, help="of each process; default: as many as cores")
    return parser.parse_args()


if __name__ == "__main__":
    main()
