"""The frames of one shot, one after the other: each follows those before it."""

from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipeline import images, video
from pipeline.arrays import FloatArray
from pipeline.errors import InputError
from pipeline.flow import Frame
from pipeline.images import Picture
from pipeline.journal import Entry
from pipeline.making import Maker
from pipeline.naming import shown
from pipeline.plan import Item
from pipeline.temporal import GAPS, Memory

if TYPE_CHECKING:
    from pipeline.descent import StepInfo
    from pipeline.stylizer import Stylizer


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
class Told:
    """Who is told what becomes of the frames; what any of them raises passes through."""

    began: Callable[[Item], None]
    step: "Callable[[StepInfo], None]"
    done: Callable[[Entry], None]


def run(shots: Sequence[Shot], chain: "Callable[[Shot], Chain]") -> None:
    """Make what is left of shots of one clip, in their order, decoding it once."""
    at = shots[0].first
    frames = video.frames(shots[0].clip, at)
    for shot in shots:
        deque(islice(frames, shot.first - at), maxlen=0)
        at = shot.first + chain(shot).run(frames)


class Chain:
    """Makes what is left of a shot.

    A frame depends on frames before it as they were written, 8-bit, and on the clip: so a chain that was
    cut off anywhere goes on to the same bytes.
    """

    def __init__(
        self, shot: Shot, size: tuple[int, int], stylizer: "Stylizer", maker: Maker, told: Told
    ) -> None:
        """Frames are stylised at ``size`` (height, width)."""
        self._shot, self._size = shot, size
        self._stylizer, self._maker, self._told = stylizer, maker, told
        self._done = dict(shot.done)
        self._memory = Memory(stylizer.settings.flow_quality)
        self._pastiches: OrderedDict[int, FloatArray] = OrderedDict()

    def run(self, frames: Iterator[Frame]) -> int:
        """Go through ``frames``, from the shot's first on: those that are done are only looked at.

        Returns:
            How many it took: none after the last that was to be made.
        """
        last = max(n for n, item in enumerate(self._shot.items) if item.name not in self._done)
        mode = self._stylizer.settings.temporal
        for number, frame in enumerate(frames):
            content = images.resize(frame.astype(np.float32), self._size)
            if mode == "flow":
                self._memory.see(np.round(content).astype(np.uint8))
            if self._shot.items[number].name not in self._done:
                self._make(number, content)
            if number == last:
                return last + 1
        raise InputError(
            f"{shown(self._shot.clip)}: fewer of its frames can be read than before; copy it anew"
        )

    def _make(self, number: int, content: FloatArray) -> None:
        item = self._shot.items[number]
        self._told.began(item)
        entry = self._first(item, content) if number == 0 else self._following(number, content)
        self._done[item.name] = entry
        self._told.done(entry)

    def _first(self, item: Item, content: FloatArray) -> Entry:
        return self._maker.make(item, self._stylizer, Picture(content, None), on_step=self._told.step)

    def _following(self, number: int, content: FloatArray) -> Entry:
        mode = self._stylizer.settings.temporal
        if mode == "none":
            return self._first(self._shot.items[number], content)
        item, init, hold = self._shot.items[number], self._pastiche(number - 1), None
        if mode == "flow":
            if self._memory.repeats:
                return self._maker.repeat(item, init, self._done[self._shot.items[number - 1].name].loss)
            content = self._memory.frame.astype(np.float32)
            unit = self._done[self._shot.items[0].name].loss
            init, hold = self._memory.follow(lambda gap: self._pastiche(number - gap), unit)
        made = Picture(content, None)
        return self._maker.make(item, self._stylizer, made, init=init, temporal=hold, on_step=self._told.step)

    def _pastiche(self, number: int) -> FloatArray:
        """A frame's pastiche (H, W, 3), as it was written."""
        if number not in self._pastiches:
            self._pastiches[number] = images.read(self._shot.items[number].output).pixels
        while len(self._pastiches) > max(GAPS):
            self._pastiches.popitem(last=False)
        return self._pastiches[number]
