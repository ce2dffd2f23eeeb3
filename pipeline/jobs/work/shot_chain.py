"""The frames of one shot, one after the other: each starts from the pastiches of those before it."""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.base.arrays import FloatArray, Frame, Size
from pipeline.base.messages import shown
from pipeline.core.style_transfer import StyleTransfer
from pipeline.errors import InputError
from pipeline.jobs.planning.plan import Item
from pipeline.jobs.record.entries import Entry
from pipeline.jobs.record.input_files import Input
from pipeline.jobs.work.item_maker import ItemMaker
from pipeline.jobs.work.messages import Began, Done, Message, Stepped
from pipeline.motion.shot_memory import GAPS
from pipeline.motion.shot_walk import NextFrame, walk
from pipeline.pictures import images
from pipeline.pictures.images import Picture
from pipeline.video.decoding.reading import Reading


@dataclass(frozen=True)
class Shot:
    """A run of frames without a cut.

    Attributes:
        clip: how its frames are decoded.
        first: the number of its first frame in the clip, 0 the clip's own first.
        items: its frames.
        done: entries of those that are done, by name.
        gains: of the frames that are dimmer than the shot, by their number in it.
    """

    clip: Reading
    first: int
    items: Sequence[Item]
    done: dict[str, Entry] = field(default_factory=dict)
    gains: Mapping[int, float] = field(default_factory=dict)

    @property
    def left(self) -> int:
        """Frames still to do."""
        return len(self.items) - len(self.done)


class ShotChain:
    """Makes what is left of a shot: the :class:`~pipeline.motion.shot_walk.ShotPastiches` of a job.

    A frame depends on the frames before it as they were written, 8-bit, and on the clip: so a chain that is
    interrupted anywhere resumes to the same bytes.
    """

    def __init__(
        self,
        shot: Shot,
        size: Size,
        stylizer: StyleTransfer,
        maker: ItemMaker,
        on_message: Callable[[Message], None],
        source: Input | None = None,
    ) -> None:
        """Frames are stylised at ``size`` (height, width).

        ``source`` is the clip's file with its hash, or those of a sequence: no frame of other content is
        written.
        """
        self._source = source
        self._shot, self._size = shot, size
        self._stylizer, self._maker, self._on_message = stylizer, maker, on_message
        self._done = dict(shot.done)
        self._read: OrderedDict[int, FloatArray] = OrderedDict()

    def run(self, frames: Iterator[Frame]) -> None:
        """Go through ``frames``, from the shot's first to the last one that is still to do.

        Raises:
            InputError: there are fewer frames than that.
        """
        last = max(n for n, item in enumerate(self._shot.items) if item.name not in self._done)
        for number in walk(frames, self._size, self._stylizer.settings, self, self._shot.gains):
            if number == last:
                return
        raise InputError(
            f"{shown(self._shot.clip.path)}: fewer of its frames can be read than before; copy the clip again"
        )

    def is_done(self, number: int) -> bool:
        """Whether a frame is written."""
        return self._shot.items[number].name in self._done

    def loss(self, number: int) -> float:
        """The loss that a frame ended with."""
        return self._done[self._shot.items[number].name].loss

    def pixels(self, number: int) -> FloatArray:
        """A frame's pastiche (H, W, 3), as it was written."""
        if number not in self._read:
            self._read[number] = images.read(self._shot.items[number].output).pixels
        while len(self._read) > max(GAPS):
            self._read.popitem(last=False)
        return self._read[number]

    def make(self, number: int, frame: NextFrame) -> None:
        """Stylise one frame and write it."""
        item = self._shot.items[number]
        self._on_message(Began(item))
        entry = self._repeated(number, frame) if frame.repeats else self._stylised(item, frame)
        self._done[item.name] = entry
        self._on_message(Done(entry))

    def _repeated(self, number: int, frame: NextFrame) -> Entry:
        assert frame.init is not None
        loss = self.loss(number - 1) if number else 0.0
        return self._maker.write(self._shot.items[number], frame.init, loss, self._check)

    def _stylised(self, item: Item, frame: NextFrame) -> Entry:
        return self._maker.make(
            item,
            self._stylizer,
            Picture(frame.content, None),
            init=frame.init,
            terms=frame.terms,
            on_step=lambda info: self._on_message(Stepped(info)),
            before_writing=self._check,
        )

    def _check(self, sha256: str) -> None:
        if self._source is not None:
            self._source.check()
