"""The frames of one shot, one after the other: each follows those before it."""

from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from pipeline.base.arrays import FloatArray, Frame, Size
from pipeline.base.messages import shown
from pipeline.core.style_transfer import StepInfo, StyleTransfer
from pipeline.errors import InputError
from pipeline.jobs.item_maker import Maker
from pipeline.jobs.journal import Entry
from pipeline.jobs.plan import Item
from pipeline.motion.shot_memory import GAPS
from pipeline.motion.shot_walk import NextFrame, walk
from pipeline.pictures import images
from pipeline.pictures.images import Picture
from pipeline.video import clip


@dataclass(frozen=True)
class Shot:
    """A run of frames without a cut.

    Attributes:
        clip: the file.
        first: the number of its first frame in the clip, 0 the clip's own first.
        items: its frames.
        done: entries of those that are done, by name.
    """

    clip: Path
    first: int
    items: Sequence[Item]
    done: dict[str, Entry] = field(default_factory=dict)

    @property
    def left(self) -> int:
        """Frames still to do."""
        return len(self.items) - len(self.done)


@dataclass(frozen=True)
class JobCallbacks:
    """Who is told what becomes of the frames; what any of them raises passes through."""

    began: Callable[[Item], None]
    step: Callable[[StepInfo], None]
    done: Callable[[Entry], None]


def run(shots: Sequence[Shot], chain: "Callable[[Shot], Chain]") -> None:
    """Make what is left of shots of one clip, in their order, decoding it once."""
    at = shots[0].first
    frames = clip.frames(shots[0].clip, at)
    for shot in shots:
        deque(islice(frames, shot.first - at), maxlen=0)
        at = shot.first + chain(shot).run(frames)


class Chain:
    """Makes what is left of a shot: the :class:`~pipeline.motion.shot_walk.ShotPastiches` of a job.

    A frame depends on frames before it as they were written, 8-bit, and on the clip: so a chain that was
    cut off anywhere goes on to the same bytes.
    """

    def __init__(
        self, shot: Shot, size: Size, stylizer: StyleTransfer, maker: Maker, callbacks: JobCallbacks
    ) -> None:
        """Frames are stylised at ``size`` (height, width)."""
        self._shot, self._size = shot, size
        self._stylizer, self._maker, self._callbacks = stylizer, maker, callbacks
        self._done = dict(shot.done)
        self._read: OrderedDict[int, FloatArray] = OrderedDict()

    def run(self, frames: Iterator[Frame]) -> int:
        """Go through ``frames``, from the shot's first on, up to the last that is to be made.

        Returns:
            How many frames were taken from ``frames``.
        """
        last = max(n for n, item in enumerate(self._shot.items) if item.name not in self._done)
        for number in walk(frames, self._size, self._stylizer.settings, self):
            if number == last:
                return last + 1
        raise InputError(
            f"{shown(self._shot.clip)}: fewer of its frames can be read than before; copy it again"
        )

    def is_done(self, number: int) -> bool:
        """Whether a frame is written and marked."""
        return self._shot.items[number].name in self._done

    def first_loss(self) -> float:
        """The loss that the shot's first frame ended with, as the journal has it."""
        return self._done[self._shot.items[0].name].loss

    def pixels(self, number: int) -> FloatArray:
        """A frame's pastiche (H, W, 3), as it was written."""
        if number not in self._read:
            self._read[number] = images.read(self._shot.items[number].output).pixels
        while len(self._read) > max(GAPS):
            self._read.popitem(last=False)
        return self._read[number]

    def make(self, number: int, frame: NextFrame) -> None:
        """Stylise one frame, write it and have it marked."""
        item = self._shot.items[number]
        self._callbacks.began(item)
        entry = self._repeated(number, frame) if frame.repeats else self._stylised(item, frame)
        self._done[item.name] = entry
        self._callbacks.done(entry)

    def _repeated(self, number: int, frame: NextFrame) -> Entry:
        assert frame.init is not None
        before = self._done[self._shot.items[number - 1].name]
        return self._maker.repeat(self._shot.items[number], frame.init, before.loss)

    def _stylised(self, item: Item, frame: NextFrame) -> Entry:
        content = Picture(frame.content, None)
        return self._maker.make(
            item,
            self._stylizer,
            content,
            init=frame.init,
            terms=frame.terms,
            on_step=self._callbacks.step,
        )
