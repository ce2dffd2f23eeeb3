"""Make the reconstructions of a picture, from noise: those that are missing, and a sheet of each figure."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.base import memory
from pipeline.base.resizing import resize
from pipeline.experiments import objectives, outputs
from pipeline.experiments.objectives import Kind, Reconstruction
from pipeline.experiments.outputs import Output
from pipeline.extractor import weights
from pipeline.extractor.weights import Weights
from pipeline.jobs.planning.plan import Item
from pipeline.jobs.work.executor import executor
from pipeline.jobs.work.messages import Began, Done, Failed, Message, Noted, Stepped
from pipeline.jobs.work.observer import Observer
from pipeline.jobs.work.runs import Outcome
from pipeline.jobs.work.tasks import PictureTask, TaskInputs, read_styles
from pipeline.pictures import images
from pipeline.pictures.sheets import framed, grid, labelled
from pipeline.settings.settings import Settings

COLUMNS = 3
"""Of a sheet: the picture itself and its five reconstructions take two rows."""


def run(
    image: Path,
    kinds: Sequence[Kind],
    folder: Path | None,
    flags: Mapping[str, Any],
    observer: Observer,
    *,
    force: bool = False,
) -> Outcome:
    """Make the pictures of the figures ``kinds`` that are missing in a folder, and a sheet of each figure.

    Args:
        image: a picture file.
        folder: by default ``photo_reconstructed`` beside ``photo.jpg``.
        flags: see :func:`.objectives.settings_of`.
        force: make all pictures again, and overwrite files that nstpipe did not make.

    Raises:
        JobDiffersError: a picture in the folder was made with other settings or weights, or of another one.
        NstpipeError: another of its kinds.
    """
    began = time.monotonic()
    memory.check_limits(for_tensorflow=True)
    folder = outputs.folder_of(image, "reconstructed", folder)
    spec = objectives.settings_of(objectives.figure(kinds[0])[0], flags).weights
    extractor = weights.obtain(spec, observer.warn, observer.fetching)
    figures = [_Figure(kind, image, folder, flags, extractor) for kind in kinds]
    left = outputs.left([output for figure in figures for output in figure.outputs], force=force)
    made = _make([picture for figure in figures for picture in figure.pictures], left, extractor, observer)
    for figure in figures:
        if any(output.item in left for output in figure.outputs):
            figure.write_sheet(left)
    origin = f"{extractor.kind} ({extractor.origin})"
    total = sum(len(figure.pictures) for figure in figures)
    return Outcome(folder, origin, done=total, stylized=made, seconds=time.monotonic() - began)


@dataclass(frozen=True)
class _Picture:
    """A reconstruction with its settings and its file."""

    one: Reconstruction
    settings: Settings
    output: Output


class _Figure:
    """A figure of one kind: its pictures and its sheet."""

    def __init__(
        self, kind: Kind, image: Path, folder: Path, flags: Mapping[str, Any], extractor: Weights
    ) -> None:
        self.pictures: list[_Picture] = []
        for one in objectives.figure(kind):
            settings = objectives.settings_of(one, flags)
            parts = outputs.parts_of(image, settings, extractor)
            self.pictures.append(_Picture(one, settings, outputs.output(image, folder / one.name, parts)))
        all_parts = {"sheet of": [picture.output.parts for picture in self.pictures]}
        self._sheet = outputs.output(image, folder / f"{kind}.png", all_parts)

    @property
    def outputs(self) -> list[Output]:
        """The pictures' files, and the sheet's."""
        return [*(picture.output for picture in self.pictures), self._sheet]

    def write_sheet(self, left: Mapping[Item, str | None]) -> None:
        """Write the sheet: the image at their size, then the pictures, each below its label.

        Args:
            left: see :func:`.outputs.left`.
        """
        pixels = [images.read(picture.output.item.output).pixels for picture in self.pictures]
        size = pixels[0].shape[:2]
        image = resize(images.read(self._sheet.item.content, max(size)).pixels, size)
        labels = ["the picture", *(picture.one.label for picture in self.pictures)]
        tiles = [labelled(framed(one), label) for one, label in zip([image, *pixels], labels, strict=True)]
        self._sheet.write(grid(tiles, COLUMNS), left.get(self._sheet.item))


def _make(
    pictures: Sequence[_Picture],
    left: Mapping[Item, str | None],
    extractor: Weights,
    observer: Observer,
) -> int:
    """Make the pictures that are ``left``; how many. The observer hears of all."""
    to_make = [picture for picture in pictures if picture.output.item in left]
    observer.began(len(pictures), len(pictures) - len(to_make))
    report = _Report(observer)
    for picture in to_make:
        item, maker = picture.output.item, picture.output.maker
        styles = [read_styles([item.content], picture.settings, report.note)]
        inputs = TaskInputs(picture.settings, styles, extractor, maker)
        executor(1).run(inputs, [PictureTask(item, left[item])], report.hear)
    if not to_make:
        observer.nothing_left(len(pictures))
    return len(to_make)


class _Report:
    """Passes the messages of an executor on to an observer; a failure ends the run."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._notes: set[str] = set()

    def note(self, note: str) -> None:
        """Warn the user, once however many pictures it is about."""
        if note not in self._notes:
            self._notes.add(note)
            self._observer.warn(note)

    def hear(self, message: Message) -> None:
        """Handle a message.

        Raises:
            Exception: the error of a picture, or of the observer.
        """
        match message:
            case Began(item):
                self._observer.item_began(item)
            case Stepped(info):
                self._observer.step(info)
            case Noted(note):
                self.note(note)
            case Done(entry):
                self._observer.item_ended(entry)
            case Failed():
                raise message.error
