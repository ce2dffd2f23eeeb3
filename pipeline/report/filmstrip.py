"""A few frames of a video, evenly spaced: those of the source beside those of the pastiche."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.base.arrays import FloatArray
from pipeline.base.resizing import resize, size_to_fit
from pipeline.errors import NstpipeError
from pipeline.footage import sources
from pipeline.pictures import images
from pipeline.report.job_record import JobRecord

MOST_FRAMES = 12


@dataclass(frozen=True, eq=False)
class FilmFrame:
    """One frame.

    Attributes:
        number: in the clip, from 1.
        content: the source's frame (H, W, 3), 0..255; None where the source is gone or another one by now.
        pastiche: the same frame, stylised; None where it cannot be read.
    """

    number: int
    content: FloatArray | None
    pastiche: FloatArray | None


def of(job: JobRecord, side: int) -> list[FilmFrame]:
    """Frames of a job that are done, their longest side at most ``side`` pixels; [] where none is done."""
    names = [item.name for item in job.in_state("done")]
    numbers = [int(Path(name).stem) for name in names]
    chosen = [numbers[index] for index in evenly(len(numbers), MOST_FRAMES)]
    if not chosen:
        return []
    contents = _of_clip(job.plan.source, chosen, side) if job.has_its_source else {}
    pastiches = _of_clip(job.output, chosen, side) if job.facts.finished else _of_folder(job, chosen, side)
    return [FilmFrame(number, contents.get(number), pastiches.get(number)) for number in chosen]


def evenly(count: int, most: int) -> list[int]:
    """At most ``most`` of the indices below ``count``, evenly spaced, the first and the last among them."""
    if count <= most:
        return list(range(count))
    return [round(index * (count - 1) / (most - 1)) for index in range(most)]


def _of_clip(path: Path, numbers: Sequence[int], side: int) -> dict[int, FloatArray]:
    """Frames of a clip or sequence, by number: those that can be read."""
    chosen: dict[int, FloatArray] = {}
    with suppress(NstpipeError):  # it was moved or changed since
        clip = sources.probe(sources.find(path))
        frames = sources.frames(clip.reading)
        for number, frame in zip(range(1, numbers[-1] + 1), frames, strict=False):
            if number in numbers:
                size = size_to_fit((clip.height, clip.width), side)
                chosen[number] = resize(frame.astype(np.float32), size)
    return chosen


def _of_folder(job: JobRecord, numbers: Sequence[int], side: int) -> dict[int, FloatArray]:
    """Frames in the folder of a job that is not finished, by number: those that can be read."""
    outputs = {int(Path(item.name).stem): item.output for item in job.in_state("done")}
    chosen: dict[int, FloatArray] = {}
    for number in numbers:
        with suppress(NstpipeError):
            chosen[number] = images.read(outputs[number], side).pixels
    return chosen
