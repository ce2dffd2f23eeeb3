"""A long run: 10,000 tiny frames of a clip, 2,000 pictures of 200 sizes; memory and time an item stay flat.

    python -m benchmarks.soak [--frames 10000] [--pictures 2000]

Each job runs in a process of its own. Compared are the first tenth of the items and the last: the mean time
an item (of the processor, since other work on the machine disturbs the clock), and the median of the resident
memory, that of the process which decodes the clip included. A mark is the journal's record of one item.
"""

import argparse
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from benchmarks import tables
from pipeline import Observer, Outcome, stylize_folder, stylize_video
from pipeline.jobs.record.entries import Entry
from pipeline.jobs.record.journal import Journal
from tests.support.media import clip, picture

SETTINGS: dict[str, Any] = {"weights": "builtin", "scales": 1, "steps": 1, "optimizer": "adam", "size": 64}

SIZES = [(height, width) for height in range(40, 60) for width in range(50, 60)]
"""200 sizes of pictures."""

FLAT = 1.15
"""Ratio of the last tenth to the first above which memory or time count as growing."""


@dataclass
class Record:
    """What was measured, item by item."""

    seconds: list[float] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)
    marks: list[float] = field(default_factory=list)
    again: float = 0.0
    """Seconds of the same job again, once it is finished."""


class Recorder(Observer):
    """Measures at the end of every item."""

    def __init__(self, record: Record) -> None:
        self._record, self._process, self._before = record, psutil.Process(), time.process_time()

    def item_ended(self, entry: Entry) -> None:
        assert entry.state == "done", entry.reason
        now = time.process_time()
        self._record.seconds.append(now - self._before)
        self._before = now
        if len(self._record.seconds) % 10 == 0:
            self._record.memory.append(_resident(self._process))


def _resident(process: psutil.Process) -> int:
    """Bytes of a process and of those that it started."""
    total = 0
    for each in (process, *process.children(recursive=True)):
        try:
            total += each.memory_info().rss
        except psutil.Error:  # it ended meanwhile
            continue
    return total


def frames(folder: Path, count: int, observer: Observer) -> Outcome:
    source, style = folder / "in.mp4", folder / "style.png"
    if not source.exists():
        clip(source, frames=count)
        picture(style, 1)
    return stylize_video(source, [style], observer=observer, **SETTINGS)


def pictures(folder: Path, count: int, observer: Observer) -> Outcome:
    style = folder / "style.png"
    if not style.exists():
        picture(style, 1)
        order = np.random.default_rng(0).permutation(count)
        for number, place in enumerate(order):
            picture(folder / "photos" / f"{number:05}.png", number, *SIZES[place % len(SIZES)])
    return stylize_folder(folder / "photos", [style], observer=observer, **SETTINGS)


def _measure(job: str, count: int, results: Any) -> None:
    record, run = Record(), {"frames": frames, "pictures": pictures}[job]
    mark = Journal.mark

    def timed(journal: Journal, entry: Entry) -> None:
        began = time.perf_counter()
        mark(journal, entry)
        record.marks.append(time.perf_counter() - began)

    Journal.mark = timed  # type: ignore[method-assign]
    with tempfile.TemporaryDirectory() as folder:
        outcome = run(Path(folder), count, Recorder(record))
        assert (outcome.done, outcome.stylized, outcome.failed) == (count, count, ())
        began = time.perf_counter()
        assert run(Path(folder), count, Observer()).stylized == 0
        record.again = time.perf_counter() - began
    results.put(record)


def measured(job: str, count: int) -> Record:
    """The record of a job that ran in a process of its own."""
    context = multiprocessing.get_context("spawn")  # a fork after TensorFlow hangs
    results = context.Queue()
    process = context.Process(target=_measure, args=(job, count, results))
    process.start()
    record = results.get()
    process.join()
    return record


def _ends(
    values: list[Any], average: Callable[[list[Any]], float] = statistics.median
) -> tuple[float, float]:
    """The averages of the first and of the last tenth."""
    tenth = max(1, len(values) // 10)
    return average(values[:tenth]), average(values[-tenth:])


def row(name: str, record: Record) -> tuple[list[str], float]:
    """A row of the table, and the larger ratio of its ends."""
    # Frames that are the same as the last take no steps: so a median may be of either kind.
    early, late = _ends(record.seconds, statistics.fmean)
    small, large = _ends(record.memory)
    fast, slow = _ends(record.marks)
    cells = [name, f"{1000 * early:.1f} ms", f"{1000 * late:.1f} ms", f"{small / 2**20:.0f} MB"]
    cells += [f"{large / 2**20:.0f} MB", f"{1000 * fast:.1f} ms", f"{1000 * slow:.1f} ms"]
    return [*cells, f"{record.again:.1f} s"], max(late / early, large / small)


HEAD = [
    "items",
    "time an item, first tenth",
    "last tenth",
    "memory, first tenth",
    "last tenth",
    "mark, first tenth",
    "last tenth",
    "the same line again",
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--frames", type=int, default=10_000)
    parser.add_argument("--pictures", type=int, default=2_000)
    counts = vars(parser.parse_args())
    worst = 0.0
    print(tables.head(HEAD))
    for job, count in counts.items():
        cells, ratio = row(f"{count} {job}", measured(job, count))
        worst = max(worst, ratio)
        print(tables.row(cells), flush=True)
    sys.exit(0 if worst <= FLAT else 1)


if __name__ == "__main__":
    main()
