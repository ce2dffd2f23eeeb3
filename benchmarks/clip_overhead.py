"""What part of a video job's processor time is not steps.

    python -m benchmarks.clip_overhead samples/clip.mp4 samples/starry.jpg
    python -m benchmarks.clip_overhead samples/clip.mp4 samples/starry.jpg --hlg

The second makes a clip of 1920x1080 pixels, 10 bits, HLG and BT.2020 of the frames, and takes that. Steps are
all that happens while a frame is stylised, the tracing of graphs included; loading TensorFlow is a column of
its own, since it takes as long for a clip of any length.
"""

import argparse
import contextlib
import os
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from benchmarks.children import WAITING
from pipeline import stylize_video
from pipeline.base import isolated
from pipeline.core import loading
from pipeline.motion.shot_memory import ShotMemory
from tests.support.clips import BT2020, write_clip
from tests.support.hdr import HLG

HLG_SIZE = (1080, 1920)

DIMMED = 0.75
"""HLG's diffuse white is three quarters of its range."""


class ProcessorTime:
    """Seconds of this process's threads in each part of a job; a part within another counts once."""

    def __init__(self) -> None:
        self.of: Counter[str] = Counter()
        self._parts: list[str] = []
        self._since = time.process_time()

    @contextlib.contextmanager
    def part(self, name: str) -> Iterator[None]:
        self._switch()
        self._parts.append(name)
        try:
            yield
        finally:
            self._switch()
            self._parts.pop()

    def _switch(self) -> None:
        now = time.process_time()
        self.of[self._parts[-1] if self._parts else "rest"] += now - self._since
        self._since = now

    def timed(self, function: Callable[..., Any], name: str) -> Callable[..., Any]:
        def timed(*arguments: Any, **named: Any) -> Any:
            with self.part(name):
                return function(*arguments, **named)

        return timed


def main() -> None:
    """Run one job and print a row."""
    options = _parse()
    os.environ.update(WAITING)
    with tempfile.TemporaryDirectory() as folder:
        clip = (
            _as_hlg(options.clip, Path(folder) / "hlg.mp4", options.frames) if options.hlg else options.clip
        )
        times, frames = _of_job(clip, options, Path(folder) / "out.mp4")
    whole = sum(times.values())
    parts = ("steps", "decoding, encoding", "flow", "rest", "TensorFlow")
    each = whole - times["TensorFlow"]
    heads = ["clip", "frames", "CPU s", *(f"{name}, %" for name in parts), "not steps, TensorFlow aside, %"]
    print("|", " | ".join(heads), "|\n" + "|---" * len(heads) + "|")
    shares = [100 * times[name] / whole for name in parts]
    name = f"{options.clip.stem}{', HLG 1080p' if options.hlg else ''}, {options.size} pixels"
    row = " | ".join(f"{share:.1f}" for share in (*shares, 100 * (each - times["steps"]) / each))
    print(f"| {name} | {frames} | {whole:.1f} | {row} |")


def _of_job(clip: Path, options: argparse.Namespace, output: Path) -> tuple[Counter[str], int]:
    """Processor time by part, and the number of frames."""
    children = _children_seconds()
    times = ProcessorTime()
    with times.part("TensorFlow"):
        stylizer = loading.stylizer_class()
    stylizer.stylize = times.timed(stylizer.stylize, "steps")  # type: ignore[method-assign]
    for method in ("add_frame", "start_and_hold"):
        setattr(ShotMemory, method, times.timed(getattr(ShotMemory, method), "flow"))
    with times.part("rest"):
        outcome = stylize_video(
            clip, [options.style], output, preset=options.preset, size=options.size, weights=options.weights
        )
    _end_idle_child()
    times.of["decoding, encoding"] = _children_seconds() - children
    return times.of, outcome.done


def _children_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _end_idle_child() -> None:
    """Its time counts only once it has ended."""
    while isolated._idle:
        isolated._idle.pop().kill()


def _as_hlg(clip: Path, path: Path, count: int | None) -> Path:
    with av.open(str(clip)) as container:
        decoded = islice(container.decode(video=0), count)
        frames = [frame.to_ndarray(format="rgb24") for frame in decoded]

    def picture(index: int, size: tuple[int, int]) -> np.ndarray:
        enlarged = cv2.resize(frames[index], size[::-1], interpolation=cv2.INTER_CUBIC)
        return (enlarged * DIMMED).astype(np.uint8)

    return write_clip(
        path,
        size=HLG_SIZE,
        frames=len(frames),
        picture=picture,
        codec="libx265",
        pixel_format="yuv420p10le",
        colour=BT2020,
        primaries=BT2020,
        transfer=HLG,
        options={"preset": "ultrafast", "crf": "20", "x265-params": "log-level=none"},
    )


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("clip", type=Path)
    parser.add_argument("style", type=Path)
    parser.add_argument("--hlg", action="store_true", help="make an HLG clip of the clip, and take that")
    parser.add_argument("--frames", type=int, help="how many frames the HLG clip gets; default: all")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--preset", default="preview")
    parser.add_argument("--weights", default="builtin")
    return parser.parse_args()


if __name__ == "__main__":
    main()
