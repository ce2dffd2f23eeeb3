"""Stylise the pictures of an experiment that are missing, one after the other, each with its own settings."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pipeline.core.style_transfer import OnStep
from pipeline.errors import DivergedError
from pipeline.experiments.outputs import Output
from pipeline.extractor.weights import Weights
from pipeline.jobs.planning.plan import Item
from pipeline.jobs.record.entries import Entry
from pipeline.jobs.work.messages import Began, Done, Failed, Message, Noted, Stepped
from pipeline.jobs.work.observer import Observer
from pipeline.jobs.work.tasks import PictureTask, TaskInputs, TaskRunner, read_styles
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
    *,
    others_go_on: bool = False,
) -> list[Entry]:
    """Make those pastiches that are ``left``. The observer is told of all.

    Args:
        left: the items to make, of :func:`.outputs.left`.
        watch: what is entered while a pastiche is made; it is called after every step.
        others_go_on: whether the others are made where the loss of one diverges.

    Returns:
        An entry of each that was left: it is done, or its loss diverged.

    Raises:
        Exception: another error of a picture, or one of the observer; it ends the run.
    """
    to_make = [pastiche for pastiche in pastiches if pastiche.output.item in left]
    observer.began(len(pastiches), len(pastiches) - len(to_make))
    report, runner = _Report(observer, others_go_on), None
    for pastiche in to_make:
        item, maker = pastiche.output.item, pastiche.output.maker
        styles = [read_styles([pastiche.style], pastiche.settings, report.note)]
        inputs = TaskInputs(pastiche.settings, styles, extractor, maker)
        if runner is None:
            runner = TaskRunner(inputs)
        runner.take(inputs)
        with watch(pastiche) as on_step:
            PictureTask(item, left[item]).run(runner, partial(report.hear, on_step))
    if not to_make:
        observer.nothing_left(len(pastiches))
    return report.entries


class _Report:
    """Passes the messages of tasks on to an observer.

    Attributes:
        entries: of the items that ended.
    """

    def __init__(self, observer: Observer, others_go_on: bool) -> None:
        self._observer, self._others_go_on = observer, others_go_on
        self.entries: list[Entry] = []
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
                self._end(entry)
            case Failed(Item() as item, DivergedError(), reason) if self._others_go_on:
                self._end(Entry(item.name, "failed", reason=reason))
            case Failed():
                raise message.error

    def _end(self, entry: Entry) -> None:
        self.entries.append(entry)
        self._observer.item_ended(entry)
