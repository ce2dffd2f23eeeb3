"""Stylise the pictures of an experiment that are missing, one after the other, each with its own settings."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pipeline.core.style_transfer import OnStep
from pipeline.experiments.outputs import Output
from pipeline.extractor.weights import Weights
from pipeline.jobs.planning.plan import Item
from pipeline.jobs.work.executor import executor
from pipeline.jobs.work.messages import Began, Done, Failed, Message, Noted, Stepped
from pipeline.jobs.work.observer import Observer
from pipeline.jobs.work.tasks import PictureTask, TaskInputs, read_styles
from pipeline.settings.settings import Settings


@dataclass(frozen=True, eq=False)
class Pastiche:
    """One picture to stylise.

    Attributes:
        label: on the sheet.
        settings: how it is stylised.
        style: the picture whose style it takes.
        output: its file.
    """

    label: str
    settings: Settings
    style: Path
    output: Output


def _unwatched(pastiche: Pastiche) -> AbstractContextManager[OnStep]:
    return nullcontext(lambda info: None)


def make(
    pastiches: Sequence[Pastiche],
    left: Mapping[Item, str | None],
    extractor: Weights,
    observer: Observer,
    watch: Callable[[Pastiche], AbstractContextManager[OnStep]] = _unwatched,
) -> int:
    """Make those pastiches that are ``left``; how many. The observer is told of all.

    Args:
        left: the items to make, of :func:`.outputs.left`.
        watch: what is entered while a pastiche is made; it is called after every step.

    Raises:
        Exception: the error of a picture, or of the observer; it ends the run.
    """
    to_make = [pastiche for pastiche in pastiches if pastiche.output.item in left]
    observer.began(len(pastiches), len(pastiches) - len(to_make))
    report = _Report(observer)
    for pastiche in to_make:
        item, maker = pastiche.output.item, pastiche.output.maker
        styles = [read_styles([pastiche.style], pastiche.settings, report.note)]
        inputs = TaskInputs(pastiche.settings, styles, extractor, maker)
        with watch(pastiche) as on_step:
            executor(1).run(inputs, [PictureTask(item, left[item])], partial(report.hear, on_step))
    if not to_make:
        observer.nothing_left(len(pastiches))
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

    def hear(self, on_step: OnStep, message: Message) -> None:
        """Handle a message.

        Raises:
            Exception: the error of a picture, or of the observer.
        """
        match message:
            case Began(item):
                self._observer.item_began(item)
            case Stepped(info):
                self._observer.step(info)
                on_step(info)
            case Noted(note):
                self.note(note)
            case Done(entry):
                self._observer.item_ended(entry)
            case Failed():
                raise message.error
