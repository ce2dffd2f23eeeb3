"""The one loop over the frames of a shot: what each frame is stylised from, and which frames need no work."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from types import MappingProxyType
from typing import Protocol

import numpy as np

from pipeline.base.arrays import FloatArray, Frame, Size
from pipeline.base.resizing import resize
from pipeline.core.frame_start import TemporalTerms
from pipeline.core.style_transfer import StyleTransfer
from pipeline.motion import light
from pipeline.motion.shot_memory import ShotMemory
from pipeline.settings.settings import Settings


@dataclass(frozen=True, eq=False)
class NextFrame:
    """What a frame is stylised from: the arguments of :meth:`StyleTransfer.stylize`.

    Attributes:
        content: (H, W, 3), 0..255, at the pastiche's size and in its shot's usual light.
        init: earlier pastiches (H, W, 3); None: the frame starts from its content.
        terms: how strongly the frame is held to ``init``; None: not at all.
        repeats: whether the source frame is the same as the one before, up to noise, or too dark to be
            stylised. Then ``init`` is the finished pastiche.
    """

    content: FloatArray
    init: FloatArray | None = None
    terms: TemporalTerms | None = None
    repeats: bool = False


class ShotPastiches(Protocol):
    """The pastiches of one shot, in files or in memory. Frames are numbered from 0, the shot's first.

    Each is in the shot's usual light; its frame's gain is still to be applied.
    """

    def is_done(self, number: int) -> bool:
        """Whether frame ``number`` has its pastiche."""

    def pixels(self, number: int) -> FloatArray:
        """The pastiche (H, W, 3) of frame ``number``, which is done."""

    def loss(self, number: int) -> float:
        """The total loss that frame ``number`` ended with, which is done."""

    def make(self, number: int, frame: NextFrame) -> None:
        """Make the pastiche of frame ``number``; it is done when this returns."""


def walk(
    frames: Iterable[Frame],
    size: Size,
    settings: Settings,
    pastiches: ShotPastiches,
    gains: Mapping[int, float] = MappingProxyType({}),
) -> Iterator[int]:
    """Go through the frames of one shot in order and make each pastiche that is not done.

    A pastiche depends only on the source frames and on earlier pastiches. So an interrupted walk can be
    repeated from the first frame, and gives the same pastiches.

    Args:
        frames: of the source, from the shot's first on.
        size: (height, width) of the pastiches.
        gains: of the frames that are dimmer than the shot, by number; see :mod:`pipeline.motion.light`.

    Yields:
        The number of each frame, when its pastiche is done.
    """
    memory = ShotMemory(settings.flow_quality)
    stylised: list[int] = []
    for number, frame in enumerate(frames):
        gain = gains.get(number, 1.0)
        content = light.usual(resize(frame.astype(np.float32), size), gain)
        is_dark = gain < light.MIN_GAIN
        if settings.temporal == "flow" and not is_dark:
            memory.add_frame(np.round(content).astype(np.uint8), gain)
        if not pastiches.is_done(number):
            if is_dark:
                pastiches.make(number, _dark_frame(content, stylised, pastiches))
            else:
                pastiches.make(number, _next_frame(content, settings.temporal, memory, stylised, pastiches))
        if not is_dark:
            stylised.append(number)
        yield number


def _next_frame(
    content: FloatArray, mode: str, memory: ShotMemory, stylised: Sequence[int], pastiches: ShotPastiches
) -> NextFrame:
    """What a frame is stylised from that follows the frames ``stylised``."""
    if not stylised or mode == "none":
        return NextFrame(content)
    if mode == "init":
        return NextFrame(content, pastiches.pixels(stylised[-1]))
    content = memory.frame.astype(np.float32)
    if memory.is_unchanged:
        return NextFrame(content, pastiches.pixels(stylised[-1]), repeats=True)
    start, terms = memory.start_and_hold(
        lambda gap: pastiches.pixels(stylised[-gap]), pastiches.loss(stylised[0])
    )
    return NextFrame(content, start, terms)


def _dark_frame(content: FloatArray, stylised: Sequence[int], pastiches: ShotPastiches) -> NextFrame:
    """A frame too dark to be stylised: the last pastiche of ``stylised``; before the first, its content."""
    return NextFrame(content, pastiches.pixels(stylised[-1]) if stylised else content, repeats=True)


class PastichesInMemory:
    """The pastiches of a shot, without files: for measurements and previews."""

    def __init__(self, stylizer: StyleTransfer, *, rounded: bool = True) -> None:
        """``rounded``: round pixels to whole levels, as the 8-bit files of a job do."""
        self._stylizer = stylizer
        self._rounded = rounded
        self._losses: list[float] = []
        self._pastiches: list[FloatArray] = []

    def is_done(self, number: int) -> bool:
        """See :class:`ShotPastiches`."""
        return number < len(self._pastiches)

    def pixels(self, number: int) -> FloatArray:
        """See :class:`ShotPastiches`."""
        return self._pastiches[number]

    def loss(self, number: int) -> float:
        """See :class:`ShotPastiches`."""
        return self._losses[number]

    def make(self, number: int, frame: NextFrame) -> None:
        """See :class:`ShotPastiches`."""
        if frame.repeats:
            assert frame.init is not None
            pixels, loss = frame.init, self._losses[-1] if number else 0.0
        else:
            pastiche = self._stylizer.stylize(frame.content, frame.init, frame.terms)
            pixels, loss = pastiche.pixels, pastiche.losses["total"]
        self._pastiches.append(pixels.round() if self._rounded else pixels)
        self._losses.append(loss)


def stylized(
    stylizer: StyleTransfer, frames: Iterable[Frame], *, rounded: bool = True
) -> Iterator[FloatArray]:
    """The pastiches (H, W, 3) of the frames (H, W, 3) of one shot, as a job makes them, but in memory."""
    frames = iter(frames)
    first = next(frames)
    pastiches = PastichesInMemory(stylizer, rounded=rounded)
    for number in walk(chain([first], frames), first.shape[:2], stylizer.settings, pastiches):
        yield pastiches.pixels(number)
