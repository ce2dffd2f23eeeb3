"""A video's job: its frames, shot by shot, then the clip."""

import shutil
from collections.abc import Sequence

from pipeline.base import atomic, resizing
from pipeline.base.messages import shown
from pipeline.core.scales import check_size
from pipeline.extractor.weights import Weights
from pipeline.jobs import estimates, fingerprint, shot_chain, workers
from pipeline.jobs.job import Job
from pipeline.jobs.picture_job import read_styles
from pipeline.jobs.plan import Item, frame_items
from pipeline.jobs.shot_chain import Chain, JobCallbacks, Shot
from pipeline.jobs.workers import Task
from pipeline.settings.settings import Settings
from pipeline.video import clip as clips
from pipeline.video import encoding, shot_detection, shot_list, sound


def run(
    job: Job, settings: Settings, weights: Weights, *, keep_frames: bool = False, workers: int = 1
) -> Sequence[Item]:
    """Do what is left of the clip's frames, so many shots at once as there are workers; then assemble it.

    Returns:
        The items, one for each frame.

    Raises:
        InputError: the clip or a style cannot be read.
        OutputError: the output's container cannot take the clip.
        NstpipeError: a frame failed: the next one would start from it, so the job stops there.
    """
    if _is_assembled(job):
        items: Sequence[Item] = frame_items(job.plan, int(job.facts()["total"]))
        job.observer.began(len(items), len(items))
        job.observer.nothing_left(len(items))
    else:
        items = _make(job, settings, weights, workers)
    if not keep_frames:
        # A kill may have come in between, so this is done for a finished clip, too.
        shutil.rmtree(items[0].output.parent, ignore_errors=True)
    return items


def _is_assembled(job: Job) -> bool:
    made = job.facts().get("output")
    if made is None:
        return False
    if job.plan.output.is_file() and fingerprint.of_file(job.plan.output) == made:
        return True
    name = shown(job.plan.output)
    job.observer.warn(f"{name}: was finished, but is missing or damaged; it is made again")
    return False


def _make(job: Job, settings: Settings, weights: Weights, count: int) -> Sequence[Item]:
    plan = job.plan
    clip = clips.probe(plan.source)
    mux_plan = sound.try_mux(clip, plan.output)
    for note in (*clip.notes, *mux_plan.notes):
        job.observer.warn(note)
    items = frame_items(plan, len(clip.frame_times))
    if items[0].output.parent.is_dir():
        atomic.sweep(items[0].output.parent)
    else:
        job.forget(items)  # they went when the clip was assembled
    left = job.left(items)
    if left:
        _stylise(job, items, left, settings, weights, count)
    encoding.assemble(
        [item.output for item in items],
        clip,
        plan.output,
        mux_plan,
        on_frame=lambda number: job.observer.assembling(number, len(items)),
    )
    job.record(finished=True, output=fingerprint.of_file(plan.output))
    return items


def _stylise(
    job: Job, items: Sequence[Item], left: Sequence[Item], settings: Settings, weights: Weights, count: int
) -> None:
    clip = job.plan.source
    size = resizing.size_to_fit(clips.guess(clip).size, settings.size)
    check_size(size, shown(clip))
    wanted = [shot for shot in _shots(job, items, left) if shot.left]
    count = min(count, len(wanted))
    estimates.check_memory(shown(clip), settings, size, weights.widths, processes=count)
    styles = read_styles(job.plan.style_sets[0], settings)
    task = Task(size, settings, styles, weights, job.maker)
    if count > 1:
        workers.stylise(task, wanted, count, job)
        return
    stylizer, told = task.stylizer(), JobCallbacks(job.began, job.observer.step, job.done)
    shot_chain.run(wanted, lambda shot: Chain(shot, size, stylizer, job.maker, told))


def _shots(job: Job, items: Sequence[Item], left: Sequence[Item]) -> list[Shot]:
    """The clip's shots, with what is done of each."""
    entries, names = job.entries(), {item.name for item in left}
    firsts = _first_frames(job, len(items))
    found = []
    for first, end in zip(firsts, [*firsts[1:], len(items)], strict=True):
        own = items[first:end]
        done = {item.name: entries[item.name] for item in own if item.name not in names}
        found.append(Shot(job.plan.source, first, own, done))
    return found


def _first_frames(job: Job, frames: int) -> Sequence[int]:
    """The first frame of each shot: as the plan says; else as the journal has it, found once."""
    if job.plan.shots is not None:
        shot_list.check(job.plan.shots, frames)
        return job.plan.shots
    found = job.facts().get("shots") or shot_detection.first_frames(clips.frames(job.plan.source))
    job.record(shots=found)
    return list(found)
