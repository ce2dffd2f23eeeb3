"""Jobs as their journals and files record them, made without stylising anything."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from pipeline.base import path_text
from pipeline.jobs.planning import output_names
from pipeline.jobs.record import loss_curves
from pipeline.jobs.record.entries import Entry, Facts
from pipeline.jobs.record.journal import Journal
from pipeline.settings.settings import Settings
from tests.support.media import picture, scene

SETTINGS = Settings(size=64).that_change_pixels(of_a_video=True)


def begin(output: Path, entries: Sequence[Entry], **facts: Any) -> Path:
    """The journal of a job that makes ``output``; the output's path."""
    folder = output_names.job_folder(output)
    folder.mkdir(parents=True)
    values = {"kind": "batch", "weights": "builtin", "weights_origin": "built in", "version": "1.2", **facts}
    with Journal(folder) as journal:
        journal.connection.execute("PRAGMA synchronous=OFF")  # a sync for each of 500 entries takes seconds
        journal.begin(Facts({"settings": SETTINGS, "weights": "ab" * 32}, **values))
        for entry in entries:
            journal.mark(entry)
    return output


def batch(
    output: str,
    names: Sequence[str],
    *,
    failed: Mapping[str, str] | None = None,
    left: Sequence[str] = (),
    prepared: Image.Image | None = None,
    **facts: Any,
) -> Path:
    """A job of the folder ``photos``: pictures done, failed (each with its reason), and left.

    ``prepared`` is every content and pastiche, else they are four scenes in turn.
    """
    failed = failed or {}
    style, everything = picture("starry.jpg", 9), [*names, *failed, *left]
    contents = {name: Path("photos") / f"{name.removesuffix('.png')}.jpg" for name in everything}
    scenes = [prepared] if prepared else [Image.fromarray(scene(seed)) for seed in range(4)]
    for number, image in enumerate(scenes):
        for ending in (".jpg", ".png"):
            Path("scenes").mkdir(exist_ok=True)
            image.save(f"scenes/{number}{ending}")
    for number, name in enumerate(names):
        for target in (contents[name], Path(output) / name):
            target.parent.mkdir(parents=True, exist_ok=True)
            target.hardlink_to(f"scenes/{number % len(scenes)}{target.suffix}")
    entries = [
        Entry(name, "done", steps=20, loss=5.0 + number, seconds=2.0 + number % 3, ended_at=1.6e9 + number)
        for number, name in enumerate(names)
    ]
    entries += [Entry(name, "failed", reason, ended_at=1.6e9) for name, reason in failed.items()]
    recorded = {path_text.encoded(name): path_text.absolute(path) for name, path in contents.items()}
    values = {
        "source": str(Path("photos").absolute()),
        "styles": ((path_text.absolute(style),),),
        "contents": recorded,
        "total": len(everything),
        "finished": not left,
        **facts,
    }
    return begin(Path(output), entries, **values)


def with_losses(output: Path, name: str, totals: Sequence[float]) -> None:
    """Record the losses of one picture: the style's are half of the total, there is no total variation."""
    path = loss_curves.path_of(output_names.job_folder(output), name)
    with loss_curves.LossCurve(path) as curve:
        for step, total in enumerate(totals, 1):
            curve.add(
                step, 1, step / 10, {"total": total, "content": total / 2, "style": total / 2, "tv": 0.0}
            )


def snapshot(path: Path, modified: float) -> Path:
    """A snapshot with its time."""
    picture(path, 3)
    os.utime(path, (modified, modified))
    return path
