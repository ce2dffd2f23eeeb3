"""Make plans from paths. No pixels are read."""

import os
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

from pipeline.base.files import check_file
from pipeline.base.messages import shown
from pipeline.errors import InputError, OutputError
from pipeline.footage import frame_rate, sources
from pipeline.footage.number_pattern import NumberPattern
from pipeline.footage.picture_sequence import PictureSequence
from pipeline.jobs.planning import output_names
from pipeline.jobs.planning.plan import BatchPlan, ImagePlan, Item, VideoPlan
from pipeline.pictures import folders, writing
from pipeline.video.decoding import containers
from pipeline.video.shots import shot_list

VIDEO_SUFFIX = ".mp4"
PICTURE_SUFFIX = ".png"


def of_image(content: Path, styles: Sequence[Path], output: Path | None = None) -> ImagePlan:
    """One picture; several styles are blended. The default output is ``photo_starry.png`` beside it.

    Raises:
        InputError: a file is missing or not a file.
        OutputError: the output's ending is not a picture's, or it is one of the inputs.
    """
    check_file(content, "a picture or clip")
    default = _default(content, content.stem, styles, PICTURE_SUFFIX)
    output = _output_of_file([content], styles, output, default)
    writing.check_output(output)
    return ImagePlan(content, output, (tuple(styles),), (Item(output.name, output, content),))


def of_video(
    source: Path,
    styles: Sequence[Path],
    output: Path | None = None,
    shots: Path | None = None,
    fps: str | float | Fraction | None = None,
) -> VideoPlan:
    """One clip or image sequence; several styles are blended. Default: ``in_starry.mp4`` beside it.

    Args:
        source: a clip; a folder of pictures; or a pattern of their names, such as ``%04d.png``.
        output: a clip; or a pattern of pictures.
        shots: a list of its shots, see :mod:`pipeline.video.shots.shot_list`; else they are detected.
        fps: frames a second of an image sequence, see :mod:`pipeline.footage.frame_rate`.

    Raises:
        InputError: a file is missing or not a file, or a sequence has no pictures.
        OutputError: the output's ending is not a video's, or it is one of the inputs.
        SettingsError: ``fps`` is no rate, or the source is a clip.
    """
    found = sources.find(source, None if fps is None else frame_rate.parse(fps))
    sequence = found if isinstance(found, PictureSequence) else None
    inputs = sequence.files if sequence else (source,)
    for path in inputs:
        check_file(path, "a picture or clip")
    named = output_names.named(sequence.named) if sequence else source
    default = _default(named, named.name if sequence else source.stem, styles, VIDEO_SUFFIX)
    output = _output_of_file(inputs, styles, output, default)
    pattern = NumberPattern.of(output) if writing.can_write(output) else None
    if pattern is None:
        containers.check_output(output)
    if shots is not None:
        check_file(shots, "a list of shots")
    firsts = None if shots is None else shot_list.read(shots)
    plan = VideoPlan(source, output, (tuple(styles),), shots=firsts, sequence=sequence, pattern=pattern)
    _check_apart(plan)
    return plan


def of_folder(
    folder: Path,
    styles: Sequence[Path],
    output: Path | None = None,
    *,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    blend: bool = False,
    suffix: str = PICTURE_SUFFIX,
    warn: Callable[[str], None] = lambda message: None,
) -> BatchPlan:
    """Every picture below ``folder``, in every style (or all styles blended), in a tree of the same shape.

    ``sub/photo.jpg`` becomes ``sub/photo_starry.png``. Where two pictures would get one name, each keeps its
    ending in it: ``photo_jpg_starry.png``. The output may lie inside ``folder``: pictures that
    nstpipe made are left out. ``warn`` is called for each folder that cannot be read.

    Raises:
        InputError: the folder or a style is missing, or the folder holds no picture.
        OutputError: the output is the input folder itself, or a file.
    """
    _check_styles(styles)
    writing.check_output(Path("pastiche" + suffix))
    output = _output_of_folder(folder, styles, output)
    pictures = folders.walk(folder, include=include, exclude=exclude, skip=[output], warn=warn)
    patterns = {place: _patterns_in(folder / place) for place in {picture.parent for picture in pictures}}
    pictures = [
        picture
        for picture in pictures
        if not _is_made_by_a_job(folder, picture)
        and all(pattern.number_of(picture.name) is None for pattern in patterns[picture.parent])
    ]
    if not pictures:
        raise InputError(f"{shown(folder)}: holds no picture to stylise; check --include and --exclude")
    stems = [style.stem for style in styles]
    labels = [output_names.joined(styles)] if blend else output_names.distinct(stems)
    names = output_names.of_pastiches(pictures, labels, suffix)
    pairs = [(number, picture) for number in range(len(labels)) for picture in pictures]
    items = tuple(
        Item(name.as_posix(), output / name, folder / picture, number)
        for name, (number, picture) in zip(names, pairs, strict=True)
    )
    style_sets = (tuple(styles),) if blend else tuple((style,) for style in styles)
    return BatchPlan(folder, output, style_sets, items)


def _default(named: Path, stem: str, styles: Sequence[Path], suffix: str) -> Path:
    """The default output of what is called ``stem``, beside ``named``."""
    return named.with_name(output_names.of_output(stem, styles, suffix))


def _check_apart(plan: VideoPlan) -> None:
    """Check that no picture of a sequence is written where pictures are read.

    Raises:
        OutputError: one is.
    """
    if plan.pattern is None:
        return
    read = {os.path.realpath(path) for path in (*plan.input_files, *plan.style_sets[0])}
    if plan.source.is_dir() and os.path.realpath(plan.pattern.folder) == os.path.realpath(plan.source):
        raise OutputError(f"{shown(plan.output)}: lies in the input's folder; choose another folder with -o")
    for path in plan.outputs:
        if os.path.realpath(path) in read:
            raise OutputError(f"{shown(path)}: is one of the inputs; choose another output with -o")


def _output_of_file(
    inputs: Sequence[Path], styles: Sequence[Path], output: Path | None, default: Path
) -> Path:
    """The output of one picture or clip: as given, or with the default name inside a given folder."""
    _check_styles(styles)
    if output is None:
        output = default
    elif os.path.isdir(output):  # not Path.is_dir, here and below: that raises for a name too long
        output = output / default.name
    output_names.check_length(output)
    for path in (*inputs, *styles):
        if os.path.exists(output) and output.samefile(path):
            raise OutputError(f"{shown(output)}: is one of the inputs; choose another output with -o")
    return output


def _output_of_folder(folder: Path, styles: Sequence[Path], output: Path | None) -> Path:
    """The output of a folder: as given; by default beside it."""
    if output is None:
        named = output_names.check_length(output_names.named(folder))
        output = named.with_name(output_names.of_output(named.name, styles))
    output = output_names.check_length(output_names.named(output))
    if os.path.realpath(output) == os.path.realpath(folder):
        raise OutputError(f"{shown(output)}: is the input folder itself; choose another output with -o")
    if os.path.lexists(output) and not os.path.isdir(output):
        raise OutputError(
            f"{shown(output)}: is a file; a batch needs a folder, choose another output with -o"
        )
    return output


def _is_made_by_a_job(folder: Path, picture: Path) -> bool:
    """Whether a picture below ``folder``, or a folder that it is in, has a job's folder beside it."""
    inside = [picture, *picture.parents][:-1]  # the last parent is `.`
    return any(os.path.isdir(output_names.job_folder_in_use(folder / path)) for path in inside)


def _patterns_in(folder: Path) -> list[NumberPattern]:
    """The sequences of pictures in ``folder`` that jobs make."""
    outputs = map(output_names.output_of, output_names.sequence_jobs_in(folder))
    return [pattern for output in outputs if (pattern := NumberPattern.of(output))]


def _check_styles(styles: Sequence[Path]) -> None:
    for style in styles:
        check_file(style, "a style's picture")
