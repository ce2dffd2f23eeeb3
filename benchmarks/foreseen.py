"""What a dry run foresees beside what the job then takes: a picture, a folder, a clip, workers.

    python -m benchmarks.foreseen samples/hillside.jpg samples/starry.jpg --clip samples/clip.mp4

The folder holds the picture in six unlike shapes. Each job runs in a process of its own, as a user starts it.
The dry run foresees the seconds of a machine that does nothing else. So on a busy machine the seconds of its
processor are what to compare: they are foreseen and measured of all cores and processes together.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from benchmarks import children, tables
from pipeline.command_line import dry_run
from pipeline.extractor import weights
from pipeline.footage import sources
from pipeline.jobs.planning import planner
from pipeline.jobs.planning.forecast import Forecast, forecast
from pipeline.jobs.planning.plan import Plan
from pipeline.jobs.work import runs
from pipeline.pictures import images, writing
from pipeline.settings.choice import Choice

SHAPES = ((1.0, 1.0), (0.75, 1.0), (1.0, 0.6), (0.4, 0.4), (0.3, 0.9), (0.6, 0.5))
"""Shares of the picture's height and width that the pictures of the folder show."""

HEAD = ["job", "foreseen", "taken", "ratio", "processor, foreseen", "taken", "ratio"]


@dataclass(frozen=True)
class Job:
    """A line that a user types."""

    name: str
    command: str
    source: Path
    workers: int = 1

    def plan(self, style: Path, output: Path) -> Plan:
        make = {"image": planner.of_image, "batch": planner.of_folder, "video": planner.of_video}
        return make[self.command](self.source, [style], output)

    def words(self, style: Path, output: Path) -> list[str]:
        workers = ["--workers", str(self.workers)] if self.command != "image" else []
        return [self.command, str(self.source), str(style), "-o", str(output), *workers]


def row(job: Job, style: Path, output: Path, settings: dict[str, str], preset: str) -> str:
    """A row of the table."""
    cost = foreseen(job, style, output, Choice(preset, settings))
    flags = [word for name, value in settings.items() for word in (f"--{name}", value)]
    words = [sys.executable, "-m", "cli", *job.words(style, output), "--preset", preset, *flags, "--quiet"]
    taken = children.run(words, output.with_suffix(".log"))
    cells = [job.name]
    for expected, measured in ((cost.seconds, taken.seconds), (cost.core_seconds, taken.cpu_seconds)):
        cells += [f"{expected:.1f} s", f"{measured:.1f} s", f"{expected / measured:.2f}"]
    return tables.row(cells)


def foreseen(job: Job, style: Path, output: Path, choice: Choice) -> Forecast:
    """What the dry run says, unrounded."""
    plan, rules = job.plan(style, output), runs.Rules(workers=job.workers)
    chosen = runs.foreseen(plan, choice, rules)
    return forecast(plan, chosen, dry_run.network(weights.available(chosen.weights)), job.workers)


def folder_of_shapes(picture: Path, folder: Path) -> Path:
    """A folder with parts of a picture, each of another shape."""
    pixels = images.read(picture).pixels
    for number, (high, wide) in enumerate(SHAPES, start=1):
        part = pixels[: round(high * pixels.shape[0]), : round(wide * pixels.shape[1])]
        save(folder / f"{number}.png", part)
    return folder


def beginning(clip: Path, frames: int, folder: Path) -> Path:
    """The first frames of a clip as a sequence of pictures; its pattern."""
    reading = sources.probe(clip).reading
    for number, frame in enumerate(islice(sources.frames(reading), frames), start=1):
        save(folder / f"{number:04}.png", frame)
    return folder / "%04d.png"


def save(path: Path, pixels: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(writing.encoded(path, pixels))


def jobs(options: argparse.Namespace, folder: Path) -> Sequence[Job]:
    """Those that the options ask for."""
    found = [Job("a picture", "image", options.content)]
    if not options.picture_only:
        shapes = folder_of_shapes(options.content, folder / "shapes")
        found += [
            Job("six pictures of unlike shapes", "batch", shapes),
            Job("the same, two workers", "batch", shapes, 2),
        ]
    if options.clip:
        clip = beginning(options.clip, options.frames, folder / "frames")
        found.append(Job(f"{options.frames} frames of a clip", "video", clip))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("content", type=Path)
    parser.add_argument("style", type=Path)
    parser.add_argument("--clip", type=Path)
    parser.add_argument("--frames", type=int, default=24, help="of the clip that are stylised")
    parser.add_argument("--picture-only", action="store_true")
    parser.add_argument("--weights", default="builtin")
    parser.add_argument("--preset", default="preview")
    parser.add_argument("--size", default="256")
    options = parser.parse_args()
    settings = {name: getattr(options, name) for name in ("weights", "size")}
    print(f"# {options.weights}, {options.preset}, {options.size} pixels\n\n{tables.head(HEAD)}")
    with tempfile.TemporaryDirectory() as folder:
        for number, job in enumerate(jobs(options, Path(folder))):
            suffix = {"image": ".png", "batch": "", "video": ".mp4"}[job.command]
            output = Path(folder, f"output{number}{suffix}")
            print(row(job, options.style, output, settings, options.preset), flush=True)


if __name__ == "__main__":
    main()
