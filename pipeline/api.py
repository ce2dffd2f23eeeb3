"""The three kinds of job as Python functions; the command line makes the same plans and runs them itself."""

import os
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from pipeline.footage import frame_rate, sources
from pipeline.jobs.planning import planner
from pipeline.jobs.work.observer import Observer
from pipeline.jobs.work.runs import Outcome, Rules, run
from pipeline.settings.choice import Choice
from pipeline.video.shots import shot_list
from pipeline.video.shots.shot_detection import ShotDetector

AnyPath = str | os.PathLike[str]


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
    clip, detector = sources.survey(sources.find(Path(source), rate), ShotDetector)
    firsts = detector.first_frames()
    return shot_list.lines(firsts, [float(clip.frame_times[first] * clip.time_base) for first in firsts])


def _paths(paths: Sequence[AnyPath] | AnyPath) -> list[Path]:
    """A list of paths; one path, which may be a string and so a sequence itself, becomes a list of one."""
    return [Path(paths)] if isinstance(paths, str | os.PathLike) else [Path(path) for path in paths]


def _path(path: AnyPath | None) -> Path | None:
    return None if path is None else Path(path)
