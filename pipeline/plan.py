"""What a job will make: which output for which content and styles. Reads names, and no pixels."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pipeline import folders, images, media
from pipeline.errors import InputError, OutputError, SettingsError
from pipeline.naming import shown

VIDEO_SUFFIX = ".mp4"
PICTURE_SUFFIX = ".png"


@dataclass(frozen=True)
class Item:
    """One output file of a job.

    Attributes:
        name: its path inside the job's output, with forward slashes; its key in the journal.
        output: where it is written.
        content: the picture, or the clip that the frame is of.
        style_set: which of the plan's style sets it takes.
    """

    name: str
    output: Path
    content: Path
    style_set: int = 0


@dataclass(frozen=True)
class Plan:
    """One invocation's work.

    Attributes:
        kind: image, batch or video.
        source: the picture, folder or clip.
        output: the picture, folder or clip to make.
        style_sets: the styles; those within a set are blended.
        items: the outputs, those of one style set together. A video's are known once its clip was probed.
    """

    kind: Literal["image", "batch", "video"]
    source: Path
    output: Path
    style_sets: tuple[tuple[Path, ...], ...]
    items: tuple[Item, ...] = ()

    @property
    def folder(self) -> Path:
        """The job's folder, beside the output: journal, log, and a video's frames."""
        return self.output.with_name(f".{self.output.name}.nstpipe")


def of_image(content: Path, styles: Sequence[Path], output: Path | None = None) -> Plan:
    """One picture; several styles are blended. Writes ``photo_starry.png`` beside it unless told otherwise.

    Raises:
        InputError: a file is missing or not a file.
        OutputError: the output's ending is not a picture's, or it is one of the inputs.
    """
    _check_files(content, *styles)
    output = _placed(output, content.with_name(f"{content.stem}_{_joined(styles)}{PICTURE_SUFFIX}"))
    images.check_output(output)
    _check_not_an_input(output, content, *styles)
    item = Item(output.name, output, content)
    return Plan("image", content, output, (tuple(styles),), (item,))


def of_video(source: Path, styles: Sequence[Path], output: Path | None = None) -> Plan:
    """One clip; several styles are blended. Writes ``in_starry.mp4`` beside it unless told otherwise.

    Raises:
        InputError: a file is missing or not a file.
        OutputError: the output's ending is not a video's, or it is one of the inputs.
    """
    _check_files(source, *styles)
    output = _placed(output, source.with_name(f"{source.stem}_{_joined(styles)}{VIDEO_SUFFIX}"))
    media.check_output(output)
    _check_not_an_input(output, source, *styles)
    return Plan("video", source, output, (tuple(styles),))


def frames(plan: Plan, count: int) -> tuple[Item, ...]:
    """The items of a video of ``count`` frames."""
    names = (f"{number:06}.png" for number in range(1, count + 1))
    return tuple(Item(name, plan.folder / "frames" / name, plan.source) for name in names)


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
) -> Plan:
    """Every picture below ``folder``, in every style (or all styles blended), in a tree of the same shape.

    ``sub/photo.jpg`` becomes ``sub/photo_starry.png``. Where two pictures would get one name, each keeps its
    ending in it: ``photo_jpg_starry.png``. The output may lie inside ``folder``; it is then not walked.
    ``warn`` is told of folders that cannot be read.

    Raises:
        InputError: the folder or a style is missing, or the folder holds no picture.
        OutputError: the output is the input folder itself, or a file.
    """
    _check_files(*styles)
    style_sets = (tuple(styles),) if blend else tuple((style,) for style in styles)
    output = output or _beside(folder, "+".join(_unique_names(styles)))
    if output.resolve() == folder.resolve():
        raise OutputError(f"{shown(output)}: is the input folder itself; choose another output with -o")
    if output.exists() and not output.is_dir():
        raise OutputError(
            f"{shown(output)}: is a file; a batch needs a folder, choose another output with -o"
        )
    images.check_output(Path("name" + suffix))
    found = folders.walk(folder, include=include, exclude=exclude, skip=[output], warn=warn)
    if not found:
        raise InputError(f"{shown(folder)}: holds no picture that is wanted; check --include and --exclude")
    stems = _output_stems(found)
    labels = [_joined(styles)] if blend else _unique_names(styles)
    names = [
        (picture, number, stems[picture].with_name(f"{stems[picture].name}_{label}{suffix}"))
        for number, label in enumerate(labels)
        for picture in found
    ]
    items = tuple(
        Item(name.as_posix(), output / name, folder / picture, number) for picture, number, name in names
    )
    return Plan("batch", folder, output, style_sets, items)


def _placed(output: Path | None, default: Path) -> Path:
    """Where a file goes: where it is told to; into a folder that is named, under its default name."""
    if output is None:
        return default
    return output / default.name if output.is_dir() else output


def _beside(folder: Path, label: str) -> Path:
    named = folder if folder.name not in ("", "..") else folder.resolve()  # `.` has no name of its own
    return named.with_name(f"{named.name}_{label}")


def _output_stems(pictures: Sequence[Path]) -> dict[Path, Path]:
    """The path without ending for each picture, with the ending made part of it where two would be one.

    Compared without regard to case, since some file systems see none.
    """
    counts = Counter(str(picture.with_suffix("")).casefold() for picture in pictures)
    return {
        picture: picture.with_suffix("")
        if counts[str(picture.with_suffix("")).casefold()] == 1
        else picture.with_name(f"{picture.stem}_{picture.suffix[1:]}")
        for picture in pictures
    }


def _unique_names(styles: Sequence[Path]) -> list[str]:
    """The styles' names, numbered where two would be one."""
    seen: Counter[str] = Counter()
    names = []
    for style in styles:
        seen[style.stem.casefold()] += 1
        number = seen[style.stem.casefold()]
        names.append(style.stem if number == 1 else f"{style.stem}-{number}")
    return names


def _joined(styles: Sequence[Path]) -> str:
    return "+".join(style.stem for style in styles)


def _check_files(*paths: Path) -> None:
    for path in paths:
        if path.is_dir():
            raise InputError(
                f"{shown(path)}: is a folder, where a file is meant; for folders there is `nstpipe batch`"
            )
        if not path.exists():
            raise InputError(f"{shown(path)}: no such file; check the path")


def _check_not_an_input(output: Path, *inputs: Path) -> None:
    for path in inputs:
        if output.exists() and output.samefile(path):
            raise OutputError(f"{shown(output)}: is one of the inputs; choose another output with -o")


def check_blend(weights: Sequence[float], style_sets: Sequence[Sequence[Path]]) -> None:
    """See that blend weights are as many as the styles they blend.

    Raises:
        SettingsError: they are not.
    """
    for styles in style_sets:
        if weights and len(weights) != len(styles):
            raise SettingsError(
                f"--style-weights gives {len(weights)} numbers for {len(styles)} blended styles; "
                "give one for each"
            )
