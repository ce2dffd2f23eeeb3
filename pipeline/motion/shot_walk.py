"""The one loop over the frames of a shot: what each frame is stylised from, and which frames need no work."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Protocol

import numpy as np

from pipeline.base.arrays import FloatArray, Frame, Size
from pipeline.base.resizing import resize
from pipeline.core.frame_start import TemporalTerms
from pipeline.core.style_transfer import StyleTransfer
from pipeline.motion.shot_memory import ShotMemory
from pipeline.settings.settings import Settings


@dataclass(frozen=True, eq=False)
class NextFrame:
    """What a frame is stylised from: the arguments of :meth:`StyleTransfer.stylize`.

    Attributes:
        content: (H, W, 3), 0..255, at the pastiche's size.
        init: earlier pastiches (H, W, 3); None: the frame starts from its content.
        terms: how strongly the frame is held to ``init``; None: not at all.
        repeats: whether the source frame is the same as the one before, up to noise. Then ``init`` is the
            finished pastiche.
    """

    content: FloatArray
    init: FloatArray | None = None
    terms: TemporalTerms | None = None
    repeats: bool = False


class ShotPastiches(Protocol):
    """The pastiches of one shot, in files or in memory. Frames are numbered from 0, the shot's first."""

    def is_done(self, number: int) -> bool:
        """Whether frame ``number`` has its pastiche."""

    def pixels(self, number: int) -> FloatArray:
        """The pastiche (H, W, 3) of frame ``number``, which is done."""

    def first_loss(self) -> float:
        """The total loss that the shot's first frame ended with; that frame is done."""

    def make(self, number: int, frame: NextFrame) -> None:
        """Make the pastiche of frame ``number``; it is done when this returns."""


def walk(frames: Iterable[Frame], size: Size, settings: Settings, pastiches: ShotPastiches) -> Iterator[int]:
    """Go through the frames of one shot in order and make each pastiche that is not done.

    A pastiche depends only on the source frames and on earlier pastiches. So an interrupted walk can be
    repeated from the first frame, and gives the same pastiches.

    Args:
        frames: of the source, from the shot's first on.
        size: (height, width) of the pastiches.

    Yields:
        The number of each frame, when its pastiche is done.
    """
    memory = ShotMemory(settings.flow_quality)
    for number, frame in enumerate(frames):
        content = resize(frame.astype(np.float32), size)
        if settings.temporal == "flow":
            memory.add_frame(np.round(content).astype(np.uint8))
        if not pastiches.is_done(number):
            pastiches.make(number, _next_frame(number, content, settings.temporal, memory, pastiches))
        yield number


def _next_frame(
    number: int, content: FloatArray, mode: str, memory: ShotMemory, pastiches: ShotPastiches
) -> NextFrame:
    if number == 0 or mode == "none":
        return NextFrame(content)
    if mode == "init":
        return NextFrame(content, pastiches.pixels(number - 1))
    content = memory.frame.astype(np.float32)
    if memory.is_unchanged:
        return NextFrame(content, pastiches.pixels(number - 1), repeats=True)
    start, terms = memory.start_and_hold(lambda gap: pastiches.pixels(number - gap), pastiches.first_loss())
    return NextFrame(content, start, terms)


class PastichesInMemory:
    """The pastiches of a shot, without files: for measurements and previews."""

    def __init__(self, stylizer: StyleTransfer, *, rounded: bool = True) -> None:
        """``rounded``: round pixels to whole levels, as the 8-bit files of a job do."""
        self._stylizer = stylizer
        self._rounded = rounded
        self._first_loss = 0.0
        self._pastiches: list[FloatArray] = []

    def is_done(self, number: int) -> bool:
        """See :class:`ShotPastiches`."""
        return number < len(self._pastiches)

    def pixels(self, number: int) -> FloatArray:
        """See :class:`ShotPastiches`."""
        return self._pastiches[number]

    def first_loss(self) -> float:
        """See :class:`ShotPastiches`."""
        return self._first_loss

    def make(self, number: int, frame: NextFrame) -> None:
        """See :class:`ShotPastiches`."""
        if frame.repeats:
            self._pastiches.append(self._pastiches[-1])
            return
        pastiche = self._stylizer.stylize(frame.content, frame.init, frame.terms)
        if number == 0:
            self._first_loss = pastiche.losses["total"]
        self._pastiches.append(pastiche.pixels.round() if self._rounded else pastiche.pixels)


def stylized(
    stylizer: StyleTransfer, frames: Iterable[Frame], *, rounded: bool = True
) -> Iterator[FloatArray]:
    """The pastiches (H, W, 3) of the frames (H, W, 3) of one shot, as a job makes them, but in memory."""
    frames = iter(frames)
    first = next(frames)
    pastiches = PastichesInMemory(stylizer, rounded=rounded)
    for number in walk(chain([first], frames), first.shape[:2], stylizer.settings, pastiches):
        yield pastiches.pixels(number)
