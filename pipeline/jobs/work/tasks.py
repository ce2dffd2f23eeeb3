"""What an executor runs: a picture or a shot, each picklable, so that any process can do it."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pipeline.base.arrays import FloatArray, Frame, Size
from pipeline.base.messages import shown
from pipeline.core import loading
from pipeline.core.scales import note_on_size, pastiche_size
from pipeline.extractor.weights import Weights
from pipeline.footage import sources
from pipeline.jobs.planning import memory_estimates
from pipeline.jobs.planning.plan import Item
from pipeline.jobs.record.input_files import Input, InputFile, changed
from pipeline.jobs.work import ownership
from pipeline.jobs.work.item_maker import ItemMaker
from pipeline.jobs.work.messages import Began, Done, Failed, Message, Noted, Stepped, Writing
from pipeline.jobs.work.shot_chain import Shot, ShotChain
from pipeline.pictures import images, writing
from pipeline.settings.settings import Settings
from pipeline.video.decoding.reading import Reading

if TYPE_CHECKING:
    from pipeline.core.stylizer import Stylizer  # loads TensorFlow

OnMessage = Callable[[Message], None]
"""Called with every message; an exception that it raises ends the tasks and reaches the caller."""


@dataclass(frozen=True)
class TaskInputs:
    """What every task of a job needs.

    Attributes:
        styles: the pixels (H, W, 3) of the styles, for each of the plan's style sets.
        memory: bytes that each process may use; None: what is free when a task begins.
        source: the files whose bytes the job depends on; None where each item has a file of its own.
    """

    settings: Settings
    styles: Sequence[Sequence[FloatArray]]
    weights: Weights
    maker: ItemMaker
    memory: int | None = None
    source: Input | None = None


def read_styles(styles: Sequence[Path], settings: Settings, note: Callable[[str], None]) -> list[FloatArray]:
    """The pixels of the styles of a set, no larger than a pastiche can be; ``note`` is called with notes.

    Raises:
        InputError: a style cannot be read, or is too small for the network.
    """
    sizes = [pastiche_size(images.read_size(style), settings.size, shown(style)) for style in styles]
    pictures = [images.read(style, max(size)) for style, size in zip(styles, sizes, strict=True)]
    for text in [text for picture in pictures for text in picture.notes]:
        note(text)
    return [picture.pixels for picture in pictures]


class Task(Protocol):
    """A part of a job that depends on no other part."""

    @property
    def left(self) -> int:
        """How many items it makes."""

    def run(self, runner: "TaskRunner", on_message: OnMessage) -> None:
        """Make the items. An exception is the error of the item that began last."""


def _nothing() -> None:
    pass


@dataclass(frozen=True)
class PictureTask:
    """One picture.

    Attributes:
        replaces: the content at its output that it may overwrite; None where nothing is.
        before_writing: called when the picture is stylised and nothing of it is written.
    """

    item: Item
    replaces: str | None = None
    before_writing: Callable[[], None] = _nothing

    left = 1

    def run(self, runner: "TaskRunner", on_message: OnMessage) -> None:
        """Read the picture, stylise it, write it."""
        item, inputs = self.item, runner.inputs
        errors_of_caller: list[Exception] = []

        def tell(message: Message) -> None:
            try:
                on_message(message)
            except Exception as error:
                errors_of_caller.append(error)
                raise

        on_message(Began(item))
        try:
            ownership.check_unchanged(item.output, self.replaces)
            content, file = _read_content(item, inputs)
            for note in (*content.notes, *writing.losses(item.output, content)):
                tell(Noted(note))
            # The content comes first: a bad picture must not cost the seconds that TensorFlow takes to load.
            entry = inputs.maker.make(
                item,
                runner.stylizer(item.style_set),
                content,
                file.sha256,
                on_step=lambda info: tell(Stepped(info)),
                before_writing=lambda sha256: self._check(file, sha256, tell),
            )
        except Exception as error:  # no error of one picture may end the others
            if error in errors_of_caller:  # the picture is good
                raise
            on_message(Failed.of(item, error))
        else:
            on_message(Done(entry))

    def _check(self, file: InputFile, sha256: str, on_message: OnMessage) -> None:
        """Check, just before the pastiche is written, what it is made of and what it replaces."""
        self.before_writing()
        if os.path.lexists(file.path):  # one that was removed since has done no harm
            file.check()
        if not writing.can_tag(self.item.output):
            on_message(Writing(self.item, sha256))
        ownership.check_unchanged(self.item.output, self.replaces)


@dataclass(frozen=True)
class ShotTask:
    """The frames of one shot that are still to do.

    Attributes:
        size: (height, width) of the pastiches.
    """

    shot: Shot
    size: Size

    @property
    def left(self) -> int:
        """Frames still to do."""
        return self.shot.left

    def run(self, runner: "TaskRunner", on_message: OnMessage) -> None:
        """Make the frames in order; a frame that fails ends the shot, since the next would start from it."""
        inputs = runner.inputs
        chain = ShotChain(self.shot, self.size, runner.stylizer(0), inputs.maker, on_message, inputs.source)
        chain.run(runner.frames(self.shot.clip, self.shot.first))


class TaskRunner:
    """Runs tasks of one job in this process, one after the other.

    It keeps what the next task can use. One stylizer is enough: tasks of a style set come together, so the
    memory of the set before can be freed. The clip is decoded once if its shots come in order.
    """

    def __init__(self, inputs: TaskInputs) -> None:
        self.inputs = inputs
        self._stylizer: Stylizer | None = None
        self._style_set = -1
        self._clip: Reading | None = None
        self._next_frame = 0
        self._frames: Iterator[Frame] = iter(())

    def take(self, inputs: TaskInputs) -> None:
        """Go on with other inputs, of the same weights; compiled graphs are used again where they fit."""
        self.inputs, self._style_set = inputs, -1

    def stylizer(self, style_set: int) -> "Stylizer":
        """The core, ready for pictures in a style set."""
        if self._stylizer is None or style_set != self._style_set:
            self._stylizer = loading.stylizer_class()(
                self.inputs.settings,
                self.inputs.styles[style_set],
                weights=self.inputs.weights,
                like=self._stylizer,
            )
            self._style_set = style_set
        return self._stylizer

    def frames(self, clip: Reading, first: int) -> Iterator[Frame]:
        """The frames of a clip from number ``first`` on; valid until the next call."""
        if clip != self._clip or first < self._next_frame:
            self._clip, self._next_frame, self._frames = clip, first, sources.frames(clip, first)
        for frame in self._frames:
            self._next_frame += 1
            if self._next_frame > first:
                yield frame


def _read_content(item: Item, inputs: TaskInputs) -> tuple[images.Picture, InputFile]:
    """The picture at the size of its pastiche, and the file with the hash of what was read.

    Raises:
        InputError: it cannot be read, is too small, or changed meanwhile.
        OutputError: it is too large for the format of its pastiche.
        TooLargeError: stylising it needs more memory than there is.
    """
    name, settings = shown(item.content), inputs.settings
    size = pastiche_size(images.read_size(item.content), settings.size, name)
    writing.check_output(item.output, size)
    memory_estimates.check_memory(name, settings, size, inputs.weights.widths, free=inputs.memory)
    file = InputFile.of(item.content)
    content = images.read(item.content, max(size))
    file.check_content()
    if inputs.source is not None and inputs.source.sha256 != file.sha256:
        raise changed(item.content)
    note = note_on_size(size, settings.size, name)
    return (replace(content, notes=(*content.notes, note)) if note else content), file
