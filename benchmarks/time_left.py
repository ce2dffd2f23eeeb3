"""The time left that the progress says after each item, beside what was left then.

    python -m benchmarks.time_left photos samples/starry.jpg
    python -m benchmarks.time_left in.mp4 samples/starry.jpg

A folder, or a clip. Both times are of the processor, all cores together, so that other work on the machine
disturbs neither; the job runs in this process.
"""

import argparse
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

from pipeline import stylize_folder, stylize_video
from pipeline.command_line import progress
from pipeline.command_line.progress import Progress
from pipeline.jobs.record.entries import Entry


class Stamped(Progress):
    """Notes what is said to be left after each item, and when."""

    def __init__(self) -> None:
        super().__init__(lambda: None, quiet=True, terminal=False)
        self.rows: list[tuple[str, float, float]] = []

    def item_ended(self, entry: Entry) -> None:
        super().item_ended(entry)
        now = time.process_time()
        self.rows.append((entry.name, self._time_left.seconds(now) or 0.0, now))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("source", type=Path)
    parser.add_argument("style", type=Path)
    parser.add_argument("--weights", default="builtin")
    parser.add_argument("--preset", default="preview")
    parser.add_argument("--size", type=int, default=256)
    options = parser.parse_args()
    stamped = Stamped()
    settings = {"preset": options.preset, "weights": options.weights, "size": options.size}
    clock = SimpleNamespace(monotonic=time.process_time)
    with tempfile.TemporaryDirectory() as folder, mock.patch.object(progress, "time", clock):
        if options.source.is_dir():
            output = Path(folder, "made")
            stylize_folder(options.source, [options.style], output, observer=stamped, **settings)
        else:
            output = Path(folder, "made.mp4")
            stylize_video(options.source, [options.style], output, observer=stamped, **settings)
    end = stamped.rows[-1][2]
    print("| item | said | true | ratio |\n|---|---|---|---|")
    for name, said, now in stamped.rows[:-1]:
        print(f"| {name} | {said:.2f} s | {end - now:.2f} s | {said / (end - now):.2f} |")


if __name__ == "__main__":
    main()
