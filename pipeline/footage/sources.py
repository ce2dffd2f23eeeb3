"""Read a clip or a sequence of pictures: its size and times, and its frames."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Protocol, TypeVar

from pipeline.base.arrays import Frame
from pipeline.base.messages import shown
from pipeline.errors import SettingsError
from pipeline.footage import picture_sequence
from pipeline.footage.picture_sequence import PictureSequence
from pipeline.video import clip as clips
from pipeline.video.clip import Clip, Guess
from pipeline.video.decoding.reading import Reading
from pipeline.video.shots.shot_detection import COMPARED_SIDE

Source = Path | PictureSequence
"""A clip's file, or a sequence."""


def find(path: Path, rate: Fraction | None = None) -> Source:
    """What ``path`` names: a sequence, where it is a pattern such as ``%04d.png`` or a folder; else a clip.

    Args:
        rate: frames a second of a sequence.

    Raises:
        InputError: the sequence has no picture, or several kinds.
        SettingsError: there is a rate for a clip.
    """
    sequence = picture_sequence.find(path, rate)
    if sequence is None and rate is not None:
        raise SettingsError(f"{shown(path)}: a clip has its own frame times; --fps is for image sequences")
    return sequence or path


def probe(source: Source) -> Clip:
    """The real number of frames, their size and times; see :func:`pipeline.video.clip.probe`.

    Raises:
        InputError: the clip, or a picture of the sequence, cannot be read; or the pictures differ in size.
        TooLargeError: decoding needs more memory than is free.
    """
    return picture_sequence.probe(source) if isinstance(source, PictureSequence) else clips.probe(source)


class Watcher(Protocol):
    """What measures the frames of a source."""

    def add(self, frame: Frame) -> None:
        """Take the next frame, uint8 RGB (H, W, 3)."""


W = TypeVar("W", bound=Watcher)


def survey(
    source: Source, watcher: Callable[[], W], note: Callable[[str], None] = lambda text: None
) -> tuple[Clip, W]:
    """:func:`probe` a source, and show each frame to a watcher, in order.

    The frames of ordinary clips are shown while the clip is probed. Interlaced clips, those that OpenCV reads
    rightly only at first, and sequences are read once more.

    Args:
        watcher: makes one, which needs no frames larger than :data:`COMPARED_SIDE`.
        note: see :func:`frames`.

    Raises:
        InputError, TooLargeError: see :func:`probe`.
    """
    if not isinstance(source, PictureSequence):
        first = watcher()
        clip, are_all = clips.survey(source, COMPARED_SIDE, first.add)
        if are_all:
            return clip, first
    else:
        clip = probe(source)
    again = watcher()
    for frame in frames(clip.reading, note=note):
        again.add(frame)
    return clip, again


def guess(source: Source) -> Guess:
    """What the header of a clip says; of a sequence what is so. Errors as those of :func:`probe`."""
    if not isinstance(source, PictureSequence):
        return clips.guess(source)
    clip = probe(source)
    return Guess(len(clip.frame_times), (clip.height, clip.width), clip.seconds)


def frames(
    reading: Reading, start: int = 0, note: Callable[[str], None] = lambda text: None
) -> Iterator[Frame]:
    """The frames from number ``start`` on, see :func:`pipeline.video.clip.frames`.

    Args:
        reading: of the probed clip or sequence.
        note: called with what the user should know about a picture of a sequence, in one line.
    """
    if reading.decoder == "pictures":
        return picture_sequence.frames(reading, start, note)
    return clips.frames(reading, start)
