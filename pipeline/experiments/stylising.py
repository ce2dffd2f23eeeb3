"""Stylise the pictures of an experiment that are missing, each with its own settings."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from pipeline.base.arrays import FloatArray
from pipeline.base.memory import free_memory
from pipeline.core.style_transfer import OnStep, StepInfo
from pipeline.errors import DiskFullError, InputError, NstpipeError, StoppedError, WeightsError
from pipeline.experiments.outputs import Output
from pipeline.extractor.weights import Weights
from pipeline.jobs.planning.plan import Item
from pipeline.jobs.record import fingerprint, input_files
from pipeline.jobs.record.entries import Entry
from pipeline.jobs.record.input_files import InputFile
from pipeline.jobs.work.executor import executor
from pipeline.jobs.work.messages import Began, Done, Failed, Message, Noted, Stepped, Waiting
from pipeline.jobs.work.observer import Observer
from pipeline.jobs.work.tasks import OnMessage, PictureTask, TaskInputs, TaskRunner, read_styles
from pipeline.settings.settings import Settings


@dataclass(frozen=True, eq=False)
class Pastiche:
    """One picture to stylise.

    Attributes:
        label: on the sheet.
        settings: how it is stylised.
        style: the picture whose style it takes.
        style_sha256: of the bytes of ``style`` (hex), as the parts of ``output`` have it.
        output: its file.
    """

    label: str
    settings: Settings
    style: Path
    style_sha256: str
    output: Output


Watch = Callable[[Pastiche], AbstractContextManager[OnStep]]
"""What is entered while a pastiche is made, in the process that makes it; it is called after every step.

It is left before the picture is written, so that what it keeps of a complete picture is never missing.
"""


def unwatched(pastiche: Pastiche) -> AbstractContextManager[OnStep]:
    """A watch that does nothing."""
    return nullcontext(_ignore)


def _ignore(info: StepInfo) -> None:
    pass


@dataclass(frozen=True)
class PasticheInputs(TaskInputs):
    """What every pastiche of an experiment needs; settings, styles and maker are those of the current one."""

    watch: Watch = unwatched


@dataclass(frozen=True)
class PasticheTask:
    """One pastiche of an experiment.

    Attributes:
        pastiche: its style is read when it is made.
        replaces: the content at its file that it may overwrite; None where nothing is.
    """

    pastiche: Pastiche
    replaces: str | None

    left = 1

    def run(self, runner: TaskRunner, on_message: OnMessage) -> None:
        """Read the style, make the picture as in a job. Compiled graphs are used again where they fit."""
        pastiche, inputs = self.pastiche, runner.inputs
        assert isinstance(inputs, PasticheInputs)
        settings, maker, item = pastiche.settings, pastiche.output.maker, pastiche.output.item
        notes: list[str] = []
        try:
            styles = [_read_style(pastiche, notes.append)]
        except InputError as error:  # of this style; others can be read
            on_message(Began(item))
            on_message(Failed.of(item, error))
            return
        for note in notes:
            on_message(Noted(note))
        content = InputFile(item.content, pastiche.output.parts["input"], ())
        runner.take(replace(inputs, settings=settings, styles=styles, maker=maker, source=content))
        with ExitStack() as watched:
            on_step = watched.enter_context(inputs.watch(pastiche))
            task = PictureTask(item, self.replaces, before_writing=watched.close)
            task.run(runner, partial(_pass_on, on_message, on_step))


def _read_style(pastiche: Pastiche, note: Callable[[str], None]) -> list[FloatArray]:
    """The pixels of the style.

    Raises:
        InputError: it cannot be read, or has changed since the run began.
    """
    pixels = read_styles([pastiche.style], pastiche.settings, note)
    if fingerprint.of_file(pastiche.style) != pastiche.style_sha256:
        raise input_files.changed(pastiche.style)
    return pixels


def _pass_on(on_message: OnMessage, on_step: OnStep, message: Message) -> None:
    on_message(message)
    if isinstance(message, Stepped):
        on_step(message.info)


def make(
    pastiches: Sequence[Pastiche],
    left: Mapping[Item, str | None],
    extractor: Weights,
    observer: Observer,
    *,
    watch: Watch = unwatched,
    workers: int = 1,
    others_go_on: bool = False,
) -> list[Entry]:
    """Make those pastiches that are ``left``. The observer is told of all.

    Args:
        left: the items to make, of :func:`.outputs.left`.
        watch: can be pickled.
        workers: pastiches that are made at once, each in a process of its own.
        others_go_on: whether the others are made where one fails.

    Returns:
        An entry of each that was left: it is done, or it failed.

    Raises:
        Exception: an error of a picture, where the others do not go on or would run into it as well; or one
            of the observer.
    """
    to_make = [pastiche for pastiche in pastiches if pastiche.output.item in left]
    observer.began(len(pastiches), len(pastiches) - len(to_make))
    if not to_make:
        observer.nothing_left(len(pastiches))
        return []
    workers = min(workers, len(to_make))
    # Each worker gets its share of the memory: what is free when a task begins depends on the other workers.
    memory = free_memory() // workers if workers > 1 else None
    inputs = PasticheInputs(to_make[0].settings, (), extractor, to_make[0].output.maker, memory, watch=watch)
    tasks = [PasticheTask(pastiche, left[pastiche.output.item]) for pastiche in to_make]
    report = _Report(observer, others_go_on)
    executor(workers).run(inputs, tasks, report.hear)
    names = [pastiche.output.item.name for pastiche in to_make]
    return sorted(report.entries, key=lambda entry: names.index(entry.name))


class _Report:
    """Passes the messages of tasks on to an observer.

    Attributes:
        entries: of the items that ended.
    """

    def __init__(self, observer: Observer, others_go_on: bool) -> None:
        self._observer, self._others_go_on = observer, others_go_on
        self.entries: list[Entry] = []
        self._notes: set[str] = set()

    def _note(self, note: str) -> None:
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
            case Waiting():
                self._observer.waiting()
            case Noted(note):
                self._note(note)
            case Done(entry):
                self._end(entry)
            case Failed(error=StoppedError() | DiskFullError() | WeightsError() as error):
                raise error
            case Failed(Item() as item, NstpipeError(), reason) if self._others_go_on:
                self._end(Entry(item.name, "failed", reason=reason))
            case Failed(error=error):
                raise error

    def _end(self, entry: Entry) -> None:
        self.entries.append(entry)
        self._observer.item_ended(entry)
