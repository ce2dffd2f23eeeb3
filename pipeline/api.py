"""The three kinds of job as Python functions; the command line makes the same plans and runs them here."""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from pipeline.base import isolated, memory
from pipeline.core.style_shares import style_shares
from pipeline.extractor import weights
from pipeline.extractor.weights import Weights
from pipeline.footage import frame_rate, sources
from pipeline.jobs.planning import planner
from pipeline.jobs.planning.plan import Item, Plan, VideoPlan
from pipeline.jobs.record.entries import Entry
from pipeline.jobs.record.journal import Journal
from pipeline.jobs.record.journal_files import present
from pipeline.jobs.record.lock import held
from pipeline.jobs.work import picture_job, video_job
from pipeline.jobs.work.job import Job
from pipeline.jobs.work.job_folder import open_job
from pipeline.jobs.work.observer import Observer
from pipeline.settings.choice import Choice
from pipeline.settings.settings import Settings
from pipeline.video.shots import shot_detection, shot_list

AnyPath = str | os.PathLike[str]


@dataclass(frozen=True)
class Rules:
    """How a job runs, and what it does about files and jobs that exist; no field changes a pixel.

    Attributes:
        force: overwrite an output that the job did not make, or that was changed since; redo a finished job.
        restart: discard the job that was begun before, if it is finished or differs; it overwrites only what
            that job made.
        keep_frames: keep a video's stylised frames once it is assembled; those of a fade to black are in the
            light of the rest of the shot, since the fade is applied when the video is assembled.
        workers: pictures of a folder, or shots of a video, that are stylised at once, each in a process of
            its own. A script that asks for more than one needs the guard ``if __name__ == "__main__":``.
    """

    force: bool = False
    restart: bool = False
    keep_frames: bool = False
    workers: int = 1


@dataclass(frozen=True)
class Outcome:
    """How a job ended.

    Attributes:
        output: the picture, folder or clip.
        weights: the kind of extractor weights that ran, and where they came from.
        done: items that are done, now or before.
        failed: items that failed, each with its reason.
        stylized: items that this run stylised; 0 where everything was done before.
        seconds: how long this run took.
    """

    output: Path
    weights: str
    done: int
    stylized: int
    seconds: float
    failed: tuple[Entry, ...] = field(default=())


def stylize_image(
    content: AnyPath,
    styles: Sequence[AnyPath] | AnyPath,
    output: AnyPath | None = None,
    *,
    preset: str | None = None,
    rules: Rules | None = None,
    observer: Observer | None = None,
    **settings: Any,
) -> Outcome:
    """Stylise one picture; several styles are blended.

    Args:
        content: a picture file.
        styles: one picture file or more.
        output: a ``.png``, ``.jpg``, … file; by default ``photo_starry.png`` beside the content.
        preset: a preset's name or ``.toml`` file.
        rules: how the job runs, and what it does about files that exist.
        observer: receives the progress; see :class:`~pipeline.jobs.work.observer.Observer`.
        settings: any field of :class:`~pipeline.settings.settings.Settings`.

    Raises:
        NstpipeError: one of its kinds; see :mod:`pipeline.errors`.
    """
    plan = planner.of_image(Path(content), _paths(styles), _path(output))
    return run(plan, Choice(preset, settings), rules or Rules(), observer or Observer())


def stylize_folder(
    folder: AnyPath,
    styles: Sequence[AnyPath] | AnyPath,
    output: AnyPath | None = None,
    *,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    blend: bool = False,
    suffix: str = planner.PICTURE_SUFFIX,
    preset: str | None = None,
    rules: Rules | None = None,
    observer: Observer | None = None,
    **settings: Any,
) -> Outcome:
    """Stylise every picture below a folder, in every style, into a tree of the same shape.

    Args:
        folder: where the pictures are.
        styles: one picture file or more; each makes a pastiche of its own.
        output: a folder; by default ``photos_starry`` beside the input.
        include: globs; only pictures that match one are taken.
        exclude: globs; pictures that match one are left out.
        blend: blend the styles into one pastiche for each picture.
        suffix: ending, and so format, of the pastiches.
        preset, rules, observer, settings: as for :func:`stylize_image`.

    Returns:
        The outcome; pictures that failed are in ``failed``, and the others are done.

    Raises:
        NstpipeError: one of its kinds, if the job as a whole fails.
    """
    observer = observer or Observer()
    plan = planner.of_folder(
        Path(folder),
        _paths(styles),
        _path(output),
        include=include,
        exclude=exclude,
        blend=blend,
        suffix=suffix,
        warn=observer.warn,
    )
    return run(plan, Choice(preset, settings), rules or Rules(), observer)


def stylize_video(
    source: AnyPath,
    styles: Sequence[AnyPath] | AnyPath,
    output: AnyPath | None = None,
    *,
    shots: AnyPath | None = None,
    fps: str | float | Fraction | None = None,
    preset: str | None = None,
    rules: Rules | None = None,
    observer: Observer | None = None,
    **settings: Any,
) -> Outcome:
    """Stylise a clip, each frame from the pastiches before it; its sound and frame times are kept.

    Args:
        source: a video file; or an image sequence: a pattern such as ``frames/%04d.png``, or a folder.
        styles: one picture file or more, blended.
        output: a ``.mp4``, ``.mov``, ``.m4v`` or ``.mkv`` file, by default ``in_starry.mp4`` beside it; or a
            pattern such as ``styled/%04d.png``, which makes a picture of each frame.
        shots: a list of the shots, see :mod:`pipeline.video.shots.shot_list`; by default they are detected.
        fps: frames a second of an image sequence: 24, ``"23.976"``, ``"30000/1001"``; 25 if it is not given.
        preset, rules, observer, settings: as for :func:`stylize_image`.

    Raises:
        NstpipeError: one of its kinds; see :mod:`pipeline.errors`.
    """
    plan = planner.of_video(Path(source), _paths(styles), _path(output), _path(shots), fps)
    return run(plan, Choice(preset, settings), rules or Rules(), observer or Observer())


def list_shots(source: AnyPath, fps: str | float | Fraction | None = None) -> list[str]:
    """Detect the shots of a clip or image sequence: the lines of a file that :func:`stylize_video` takes.

    Args:
        fps: frames a second of an image sequence, for the times in the list.

    Raises:
        InputError: it cannot be read.
        SettingsError: ``fps`` is no rate, or the source is a clip.
    """
    rate = None if fps is None else frame_rate.parse(fps)
    clip = sources.probe(sources.find(Path(source), rate))
    firsts = shot_detection.first_frames(sources.frames(clip.reading))
    return shot_list.lines(firsts, [float(clip.frame_times[first] * clip.time_base) for first in firsts])


def run(plan: Plan, choice: Choice, rules: Rules, observer: Observer) -> Outcome:
    """Run the job of a plan: get the weights, resolve the settings for them, open the job, do what is left.

    Raises:
        NstpipeError: one of its kinds.
    """
    began = time.monotonic()
    memory.check_limits(for_tensorflow=True)
    preliminary = choice.resolve().settings  # the weights are not known yet
    for styles in plan.style_sets:
        style_shares(preliminary.style_weights, len(styles))  # raises before any work
    spec = _weights_of_the_job(plan, preliminary.weights, rules, observer.warn)
    extractor = weights.obtain(spec, observer.warn, observer.fetching)
    settings = choice.resolve(extractor.kind).settings
    with (
        isolated.while_waiting(observer.waiting),
        open_job(plan, settings, extractor, observer, force=rules.force, restart=rules.restart) as job,
    ):
        items = _make_items(job, plan, settings, extractor, rules)
        job.check_outputs()
        entries = [entry for item in items if (entry := job.entry(item))]
        stylized = job.stylized
    return Outcome(
        plan.output,
        f"{extractor.kind} ({extractor.origin})",
        sum(entry.state == "done" for entry in entries),
        stylized,
        time.monotonic() - began,
        tuple(entry for entry in entries if entry.state == "failed"),
    )


def _make_items(job: Job, plan: Plan, settings: Settings, extractor: Weights, rules: Rules) -> Sequence[Item]:
    if isinstance(plan, VideoPlan):
        return video_job.run(
            job, plan, settings, extractor, keep_frames=rules.keep_frames, workers=rules.workers
        )
    return picture_job.run(job, settings, extractor, workers=rules.workers)


def _weights_of_the_job(plan: Plan, spec: str, rules: Rules, warn: Callable[[str], None]) -> str:
    """The weights to use: ``spec``, but for ``auto`` those that an earlier run of the same job used.

    A job never changes its weights half-way.
    """
    if spec != "auto" or rules.restart or not present(plan.folder):
        return spec
    with held(plan.folder, plan.output), Journal(plan.folder) as journal:
        facts = journal.facts()
    if facts is None or facts.weights not in weights.KINDS_OF_AUTO or (rules.force and facts.finished):
        return spec
    if facts.weights == "builtin":
        warn("this job was begun with the builtin weights and uses them again; --restart starts it over")
    return facts.weights


def _paths(paths: Sequence[AnyPath] | AnyPath) -> list[Path]:
    """A list of paths; one path, which may be a string and so a sequence itself, becomes a list of one."""
    return [Path(paths)] if isinstance(paths, str | os.PathLike) else [Path(path) for path in paths]


def _path(path: AnyPath | None) -> Path | None:
    return None if path is None else Path(path)
