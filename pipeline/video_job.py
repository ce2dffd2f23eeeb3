"""A video's job: its frames one after the other, each from the last of its shot, then the clip."""

import shutil
from collections.abc import Sequence

import numpy as np

from pipeline import atomic, estimates, identity, images, loading, shots, video
from pipeline.arrays import FloatArray
from pipeline.images import Picture
from pipeline.job import Job
from pipeline.naming import shown
from pipeline.picture_job import read_styles
from pipeline.plan import Item, frames
from pipeline.scales import check_size
from pipeline.settings import Settings
from pipeline.weights import Weights


def run(job: Job, settings: Settings, weights: Weights, *, keep_frames: bool = False) -> Sequence[Item]:
    """Do what is left of the clip's frames, then assemble it.

    Returns:
        The items, one for each frame.

    Raises:
        InputError: the clip or a style cannot be read.
        OutputError: the output's container cannot take the clip.
        NstpipeError: a frame failed: the next one would start from it, so the job stops there.
    """
    if _is_assembled(job):
        items: Sequence[Item] = frames(job.plan, int(job.facts()["total"]))
        job.observer.began(len(items), len(items))
        job.observer.nothing_left(len(items))
    else:
        items = _make(job, settings, weights)
    if not keep_frames:
        # A kill may have come in between, so this is done for a finished clip, too.
        shutil.rmtree(items[0].output.parent, ignore_errors=True)
    return items


def _is_assembled(job: Job) -> bool:
    made = job.facts().get("output")
    if made is None:
        return False
    if job.plan.output.is_file() and identity.of_file(job.plan.output) == made:
        return True
    name = shown(job.plan.output)
    job.observer.warn(f"{name}: was finished, but is missing or damaged; it is made again")
    return False


def _make(job: Job, settings: Settings, weights: Weights) -> Sequence[Item]:
    plan = job.plan
    clip = video.probe(plan.source)
    rehearsal = video.rehearse(clip, plan.output)
    for note in (*clip.notes, *rehearsal.notes):
        job.observer.warn(note)
    items = frames(plan, len(clip.frame_times))
    if items[0].output.parent.is_dir():
        atomic.sweep(items[0].output.parent)
    else:
        job.forget(items)  # they went when the clip was assembled
    left = job.left(items)
    if left:
        _stylise(job, items, left, settings, weights)
    video.assemble(
        [item.output for item in items],
        clip,
        plan.output,
        rehearsal,
        on_frame=lambda number: job.observer.assembling(number, len(items)),
    )
    job.record(finished=True, output=identity.of_file(plan.output))
    return items


def _stylise(
    job: Job, items: Sequence[Item], left: Sequence[Item], settings: Settings, weights: Weights
) -> None:
    clip = job.plan.source
    size = images.size_to_fit(video.guess(clip).size, settings.size)
    check_size(size, shown(clip))
    estimates.check_memory(shown(clip), settings, size, weights.widths)
    styles = read_styles(job.plan.style_sets[0], settings)
    stylizer = loading.stylizer_class()(settings, styles, weights=weights)
    wanted, first = set(left), items.index(left[0])
    unchained = _shots(job) if settings.init == "previous" else range(len(items))
    for number, frame in enumerate(video.frames(clip, first), start=first):
        if items[number] in wanted:
            job.observer.item_began(items[number])
            content = Picture(images.resize(frame.astype(np.float32), size), None)
            before = None if number in unchained else items[number - 1]
            init, smoothing_count = _start_from(job, before)
            job.make(items[number], stylizer, content, init=init, smoothing_count=smoothing_count)


def _shots(job: Job) -> list[int]:
    """The first frame of each shot, as the journal has it: found once."""
    found = job.facts().get("shots") or shots.first_frames(video.frames(job.plan.source))
    job.record(shots=found)
    return list(found)


def _start_from(job: Job, before: Item | None) -> tuple[FloatArray | None, int]:
    """The last pastiche, 8-bit as written, so that a resumed job has the same; and its count of steps."""
    entry = job.entry(before) if before else None
    if before is None or entry is None:
        return None, 0
    return images.read(before.output).pixels, entry.smoothing_count
