"""A video's job: its frames, shot by shot, then the clip."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from pipeline.base import atomic
from pipeline.base.arrays import Size
from pipeline.base.messages import shown
from pipeline.core.scales import note_on_size, pastiche_size
from pipeline.errors import JobDiffersError
from pipeline.extractor.weights import Weights
from pipeline.footage import outputs, sources
from pipeline.footage.outputs import VideoOutput
from pipeline.jobs.planning import item_times, memory_estimates
from pipeline.jobs.planning.item_times import ItemTime
from pipeline.jobs.planning.plan import FRAMES_FOLDER, Item, VideoPlan
from pipeline.jobs.record import fingerprint, folder_files, other_jobs
from pipeline.jobs.work import ownership
from pipeline.jobs.work.clip_measures import ClipMeasures
from pipeline.jobs.work.executor import executor
from pipeline.jobs.work.job import Job, NamedFile
from pipeline.jobs.work.shot_chain import Shot
from pipeline.jobs.work.tasks import ShotTask, TaskInputs, read_styles
from pipeline.settings.settings import Settings
from pipeline.video.clip import Clip
from pipeline.video.decoding import decoder_memory
from pipeline.video.shots import shot_list


def run(
    job: Job,
    plan: VideoPlan,
    settings: Settings,
    weights: Weights,
    *,
    keep_frames: bool = False,
    workers: int = 1,
) -> Sequence[Item]:
    """Do what is left of the clip's frames, then assemble it.

    Args:
        plan: the job's plan.
        workers: shots that are stylised at once, each in a process of its own.

    Returns:
        The items, one for each frame.

    Raises:
        InputError: the clip or a style cannot be read.
        OutputError: the output's container cannot take the clip.
        NstpipeError: a frame failed: the next one would start from it, so the job stops there.
    """
    if _is_assembled(job, plan):
        # Every frame of a finished video has an entry; a damaged total must not make items without end.
        items: Sequence[Item] = plan.frame_items(min(job.facts.total, len(job.entries())))
        job.observer.began(len(items), len(items))
        job.observer.nothing_left(len(items))
    else:
        items = _make(job, plan, settings, weights, workers)
    if not keep_frames:
        # For a finished clip, too: an earlier run may have been killed before this line.
        folder_files.remove_frames(plan.folder / FRAMES_FOLDER)
    return items


def _is_assembled(job: Job, plan: VideoPlan) -> bool:
    sha256 = job.facts.output_sha256
    if sha256 is None:
        return False
    paths = [path for _, path in plan.files_of(min(job.facts.total, len(job.entries())))]
    if all(path.is_file() for path in paths) and fingerprint.of_files(paths) == sha256:
        return True
    job.replaceable(plan.named_outputs)  # raises where another file is there
    job.observer.warn(f"{shown(plan.output)}: was done, but is missing or damaged; it is made again")
    return False


def _make(job: Job, plan: VideoPlan, settings: Settings, weights: Weights, workers: int) -> Sequence[Item]:
    replaces = job.replaceable(plan.named_outputs)
    clip, measures = _probe(job, plan)
    items = plan.frame_items(len(clip.frame_times))
    files = plan.files_of(len(items))
    output = _output(plan, clip, [path for _, path in files])
    for note in (*clip.notes, *output.notes):
        job.note(note)
    atomic.sweep(items[0].output.parent)
    if not any(item.output.exists() for item in items):
        job.forget_output(plan.named_outputs, replaces)
        job.forget(items)  # their files were removed when the clip was assembled
    _check_reader(job, clip)
    if job.facts.gains is None and job.entries():
        # Begun by a version that measured no light: the frames that are done have the clip's own.
        job.record(gains={})
    left = job.left(items)
    if left:
        shots = _shots(job, plan, clip, measures, items, left)
        _stylise(job, plan, clip, shots, settings, weights, workers)
    assert job.source is not None  # a video's plan has one
    job.source.check_content()
    _write(job, output, items, files, replaces)
    job.record_output(files)
    _tell_of_others(job, plan, files)
    return items


def _probe(job: Job, plan: VideoPlan) -> tuple[Clip, ClipMeasures | None]:
    """Probe the clip, and measure it on the way unless that is recorded."""
    are_shots_known = plan.shots is not None or job.facts.shots is not None
    if are_shots_known and (job.facts.gains is not None or job.entries()):
        return sources.probe(plan.footage), None
    return sources.survey(plan.footage, lambda: ClipMeasures(plan.shots is None), job.note)


def _output(plan: VideoPlan, clip: Clip, files: Sequence[Path]) -> VideoOutput:
    """What the frames become; whether the output can hold the clip's sound is tried now.

    Raises:
        LockedError: another process makes one of ``files``.
    """
    if plan.pattern is None:
        return outputs.of_clip(plan.footage, clip, plan.output)
    other_jobs.claim(plan.folder, files)  # their numbers were not known when the job was opened
    return outputs.of_sequence(plan.footage, clip, plan.output, files)


def _write(
    job: Job,
    output: VideoOutput,
    items: Sequence[Item],
    files: Sequence[NamedFile],
    replaces: Mapping[Path, str | None],
) -> None:
    """Write the output of all frames."""
    names = {path: name for name, path in files}

    def check(path: Path, partial: Path) -> None:
        """Only the job's own file is replaced. The new file is made of the job's own input."""
        assert job.source is not None
        job.source.check()
        job.allow_overwriting(names[path], fingerprint.of_file(partial))
        ownership.check_unchanged(path, replaces.get(path))

    output.write(
        [item.output for item in items],
        job.facts.gains or {},
        on_frame=lambda number: job.observer.assembling(number, len(items)),
        before_rename=check,
    )


def _tell_of_others(job: Job, plan: VideoPlan, files: Sequence[NamedFile]) -> None:
    """Warn of pictures that a program would take for a part of the sequence."""
    others = sorted(set(plan.outputs) - {path for _, path in files})
    if others:
        more = f" and {len(others) - 1} more" if len(others) > 1 else ""
        job.observer.warn(f"{shown(others[0])}{more}: named alike, but not of this job; remove what is old")


def _check_reader(job: Job, clip: Clip) -> None:
    """Record how the clip is read.

    Raises:
        JobDiffersError: frames are done that were read otherwise, by an earlier version.
    """
    before = job.facts.reader or "opencv"
    if before != clip.reading.reader and job.entries():
        raise JobDiffersError(
            f"{shown(job.plan.output)}: its job was begun by a version that reads the clip differently "
            f"({before}, now {clip.reading.reader}); --restart discards it and starts over"
        )
    if before != clip.reading.reader:
        job.record(shots=None, gains=None)  # measured on other frames
    job.record(reader=clip.reading.reader)


def _stylise(
    job: Job,
    plan: VideoPlan,
    clip: Clip,
    shots: Sequence[Shot],
    settings: Settings,
    weights: Weights,
    workers: int,
) -> None:
    name = shown(plan.source)
    full_size = (clip.height, clip.width)
    size = pastiche_size(full_size, settings.size, name)
    note = note_on_size(size, settings.size, name)
    if note:
        job.note(note)
    tasks = [ShotTask(shot, size) for shot in shots if shot.left]
    workers = min(workers, len(tasks))
    job.expect(_times(shots, settings, (full_size, size), weights, workers), workers)
    decoder = decoder_memory.needed(full_size)
    memory_estimates.check_memory(name, settings, size, weights.widths, processes=workers, decoder=decoder)
    styles = [read_styles(plan.style_sets[0], settings, job.note)]
    job.check_styles()
    inputs = TaskInputs(settings, styles, weights, job.maker, source=job.source)
    executor(workers).run(inputs, tasks, job.hear)


def _times(
    shots: Sequence[Shot], settings: Settings, sizes: tuple[Size, Size], weights: Weights, workers: int
) -> Mapping[str, ItemTime]:
    """How long the frames left take beside each other; workers take the longest shots first."""
    left = [[item.name for item in shot.items if item.name not in shot.done] for shot in shots if shot.left]
    if workers > 1:
        left.sort(key=len, reverse=True)
    firsts = {shot.items[0].name for shot in shots}
    return item_times.of_frames(left, firsts, settings, sizes, weights.architecture, workers)


def _shots(
    job: Job,
    plan: VideoPlan,
    clip: Clip,
    measures: ClipMeasures | None,
    items: Sequence[Item],
    left: Sequence[Item],
) -> list[Shot]:
    """The clip's shots, each with its frames that are done."""
    entries, left_names = job.entries(), {item.name for item in left}
    firsts, gains = _shots_and_gains(job, plan, clip, measures)
    shots = []
    for first, end in zip(firsts, [*firsts[1:], len(items)], strict=True):
        own = items[first:end]
        done = {item.name: entries[item.name] for item in own if item.name not in left_names}
        own_gains = {number - first: gain for number, gain in gains.items() if first <= number < end}
        shots.append(Shot(clip.reading, first, own, done, own_gains))
    return shots


def _shots_and_gains(
    job: Job, plan: VideoPlan, clip: Clip, measures: ClipMeasures | None
) -> tuple[Sequence[int], Mapping[int, float]]:
    """The first frame of each shot, from the plan or detected; and the gains of frames that are dimmer.

    They are measured once, and recorded.
    """
    if plan.shots is not None:
        shot_list.check(plan.shots, len(clip.frame_times))
    firsts, gains = plan.shots or job.facts.shots, job.facts.gains
    if firsts is None or gains is None:
        if measures is None:  # what was recorded is that of frames that were read otherwise
            measures = ClipMeasures(plan.shots is None)
            for frame in sources.frames(clip.reading, note=job.note):
                measures.add(frame)
        firsts = firsts or measures.shots()
        gains = measures.gains(firsts)
        if job.source is not None:
            job.source.check()
        job.record(shots=firsts, gains=gains)
    return firsts, gains
