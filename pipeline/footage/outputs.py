"""Write stylised frames as a clip, or as a sequence of pictures."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np

from pipeline.base import atomic
from pipeline.base.messages import shown
from pipeline.base.resizing import resize
from pipeline.footage.picture_sequence import PictureSequence
from pipeline.footage.sources import Source
from pipeline.pictures import decoding, images, writing
from pipeline.pictures.images import Picture
from pipeline.video.clip import Clip
from pipeline.video.decoding import containers
from pipeline.video.writing import encoding, sound
from pipeline.video.writing.muxer_options import average_rate
from pipeline.video.writing.sound import MuxPlan

BeforeRename = Callable[[Path, Path], None]
"""Called with an output file and its complete temporary file; if it raises, the output is unchanged."""


class VideoOutput(Protocol):
    """What a video's frames become."""

    @property
    def notes(self) -> tuple[str, ...]:
        """One line for each thing that the output cannot hold."""

    def write(
        self,
        pictures: Sequence[Path],
        gains: Mapping[int, float],
        on_frame: Callable[[int], None],
        before_rename: BeforeRename,
    ) -> None:
        """Write the output of ``pictures``, one for each frame. The same pictures give the same bytes.

        Args:
            gains: by the numbers of pictures, from 0, what their levels are multiplied by, 0 to 1.
            on_frame: called with the number of frames written so far.

        Raises:
            InputError: a picture or the source cannot be read.
            OutputError: a file cannot be written.
            DiskFullError: the disk is full.
        """


@dataclass(frozen=True)
class ClipOutput:
    """One clip, with the sound of ``clip`` as far as ``mux_plan`` has it."""

    clip: Clip
    path: Path
    mux_plan: MuxPlan

    @property
    def notes(self) -> tuple[str, ...]:
        """See :class:`VideoOutput`."""
        return self.mux_plan.notes

    def write(
        self,
        pictures: Sequence[Path],
        gains: Mapping[int, float],
        on_frame: Callable[[int], None],
        before_rename: BeforeRename,
    ) -> None:
        """See :class:`VideoOutput`; the file is complete or unchanged."""
        encoding.assemble(
            pictures,
            self.clip,
            self.path,
            self.mux_plan,
            gains=gains,
            on_frame=on_frame,
            before_rename=lambda partial: before_rename(self.path, partial),
        )


@dataclass(frozen=True)
class SequenceOutput:
    """A picture file for each frame.

    Attributes:
        files: to write, in order; each is complete or unchanged.
        originals: pictures whose transparency and metadata the files get; none for a clip's frames.
        notes: see :class:`VideoOutput`.
    """

    files: Sequence[Path]
    originals: Sequence[Path] = ()
    notes: tuple[str, ...] = ()

    def write(
        self,
        pictures: Sequence[Path],
        gains: Mapping[int, float],
        on_frame: Callable[[int], None],
        before_rename: BeforeRename,
    ) -> None:
        """See :class:`VideoOutput`."""
        for number, (picture, file) in enumerate(zip(pictures, self.files, strict=True)):
            finished = self._finished(picture, number, gains.get(number, 1.0))
            with atomic.replacing(file) as partial:
                partial.write_bytes(
                    writing.encoded(file, finished.pixels, finished.alpha, metadata=finished.metadata)
                )
                before_rename(file, partial)
            on_frame(number + 1)

    def _finished(self, picture: Path, number: int, gain: float) -> Picture:
        """A frame in the clip's own light, with what is kept of its original."""
        pixels = np.round(images.read(picture).pixels * np.float32(gain))
        if not self.originals:
            return Picture(pixels)
        size = pixels.shape[:2]
        original = images.read(self.originals[number], max(size))
        alpha = None if original.alpha is None else resize(original.alpha, size)
        return replace(original, pixels=pixels, alpha=alpha)


def of_clip(source: Source, clip: Clip, path: Path) -> ClipOutput:
    """The clip that ``path`` will be; what becomes of its sound is tried now, before any frame is stylised.

    Raises:
        InputError: the source cannot be read.
        OutputError: nstpipe does not write clips with the suffix of ``path``.
    """
    if not isinstance(source, PictureSequence):
        return ClipOutput(clip, path, sound.try_mux(clip, path))
    name, notes = shown(source.path), []
    if source.rate is None:
        notes.append(f"{name}: is shown at {source.frame_rate} frames a second; --fps sets another rate")
    if _has_transparency(source):
        notes.append(f"{name}: lost in {shown(path.suffix)}: transparency; -o %04d.png keeps it")
    return ClipOutput(clip, path, MuxPlan(containers.check_output(path), notes=tuple(notes)))


def of_sequence(source: Source, clip: Clip, path: Path, files: Sequence[Path]) -> SequenceOutput:
    """The pictures that ``path``, a pattern such as ``%04d.png``, stands for."""
    if isinstance(source, PictureSequence):
        kept = writing.keeps_transparency(path) or not _has_transparency(source)
        note = f"{shown(source.path)}: lost in {shown(path.suffix)}: transparency; write .png to keep it"
        return SequenceOutput(files, source.files, () if kept else (note,))
    rate = f"{float(average_rate(clip)):.6g} frames a second"
    note = f"{shown(clip.path)}: a sequence of pictures keeps no sound and no frame times ({rate} on average)"
    return SequenceOutput(files, notes=(note,))


def _has_transparency(sequence: PictureSequence) -> bool:
    """Whether the first picture has an alpha channel, by its header."""
    with decoding.open_picture(sequence.files[0]) as image:
        return image.has_transparency_data
