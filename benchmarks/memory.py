"""Memory of long jobs: 500 tiny frames, and 50 pictures of different sizes, against the first ten's peak.

    python -m benchmarks.memory

Each job runs in a process of its own. The resident memory is read at every step; what is printed is its
peak over the first ten items and over all of them.
"""

import argparse
import multiprocessing
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from pipeline import Observer, Rules, stylize_folder, stylize_video
from pipeline.jobs.record.entries import Entry
from tests.support.media import clip, picture

SETTINGS: dict[str, Any] = {"weights": "builtin", "scales": 1, "steps": 3}
FIRST = 10

ALLOWED = 1.15
"""Ratio of the whole job's peak to the first ten items' above which the exit code is 1."""


class Memory(Observer):
    """The peak of this process's resident memory, item by item, in bytes."""

    def __init__(self) -> None:
        self.peaks = [0]
        self._process = psutil.Process()

    def step(self, info: Any) -> None:
        self.peaks[-1] = max(self.peaks[-1], self._process.memory_info().rss)

    def item_ended(self, entry: Entry) -> None:
        assert entry.state == "done", entry.reason
        self.peaks.append(0)


def frames(folder: Path, count: int) -> list[int]:
    memory = Memory()
    source, style = clip(folder / "in.mp4", frames=count), picture(folder / "style.png", 1)
    stylize_video(source, [style], rules=Rules(), observer=memory, size=48, **SETTINGS)
    return memory.peaks


def pictures(folder: Path, count: int) -> list[int]:
    """The sizes come in random order, so that the first ten hold some of the largest."""
    memory = Memory()
    sizes = np.random.default_rng(0).permutation([(128 + 2 * k, 256 - k) for k in range(count)])
    for number, (height, width) in enumerate(sizes):
        picture(folder / "photos" / f"{number:03}.png", number, int(height), int(width))
    style = picture(folder / "style.png", 1)
    stylize_folder(folder / "photos", [style], observer=memory, size=256, **SETTINGS)
    return memory.peaks


def _measure(job: str, count: int, results: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        results.put({"frames": frames, "pictures": pictures}[job](Path(folder), count))


def _in_a_process(job: str, count: int) -> list[int]:
    context = multiprocessing.get_context("spawn")  # a fork after TensorFlow hangs
    results = context.Queue()
    process = context.Process(target=_measure, args=(job, count, results))
    process.start()
    peaks = results.get()
    process.join()
    return peaks


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--frames", type=int, default=500)
    parser.add_argument("--pictures", type=int, default=50)
    counts = vars(parser.parse_args())
    worst = 0.0
    print(f"{'job':<16}{'first ten':>12}{'all':>12}{'ratio':>8}")
    for job, count in counts.items():
        peaks = _in_a_process(job, count)
        first, whole = max(peaks[:FIRST]), max(peaks)
        worst = max(worst, whole / first)
        name = f"{count} {job}"
        print(f"{name:<16}{first / 2**20:>9.0f} MB{whole / 2**20:>9.0f} MB{whole / first:>8.3f}")
    sys.exit(0 if worst <= ALLOWED else 1)


if __name__ == "__main__":
    main()
