"""The files of an experiment: PNGs in one folder, each with the tag of nstpipe. There is no journal.

A complete picture whose tag says that it was made of the same things is not made again: a run that was killed
goes on with the pictures that are missing.
"""

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.base import atomic
from pipeline.base.arrays import FloatArray
from pipeline.base.files import check_file
from pipeline.base.messages import shown
from pipeline.errors import JobDiffersError, OutputError
from pipeline.extractor.weights import Weights
from pipeline.jobs.planning import output_names
from pipeline.jobs.planning.plan import BatchPlan, Item
from pipeline.jobs.record import fingerprint, loss_curves
from pipeline.jobs.work import item_maker, ownership
from pipeline.jobs.work.item_maker import ItemMaker
from pipeline.settings.settings import Settings


@dataclass(frozen=True, eq=False)
class Output:
    """One picture of an experiment.

    Attributes:
        item: its file.
        maker: writes it, with a tag.
        parts: what it is made of, as plain data.
    """

    item: Item
    maker: ItemMaker
    parts: Mapping[str, Any]

    def write(self, pixels: FloatArray, replaces: str | None) -> None:
        """Write pixels (H, W, 3) that need no step.

        Args:
            replaces: the content at its path that it may overwrite, beside what it wrote itself.

        Raises:
            OutputError: another file appeared there.
        """

        def check(sha256: str) -> None:
            if not self.maker.wrote(self.item):
                ownership.check_unchanged(self.item.output, replaces)

        self.maker.write(self.item, pixels, before_writing=check)


def output(image: Path, path: Path, parts: Mapping[str, Any], *, keeps_losses: bool = False) -> Output:
    """The picture at ``path`` that is made of ``image`` and of all that ``parts`` say.

    Args:
        keeps_losses: whether its losses are kept, in a folder like a job's beside that of the experiment.
    """
    item = Item(path.name, path, image)
    plan = BatchPlan(image, path.parent, ((image,),), (item,))
    return Output(item, ItemMaker(plan, fingerprint.of_parts(parts), keeps_losses=keeps_losses), parts)


def parts_of(image: Path, settings: Settings, weights: Weights) -> dict[str, Any]:
    """What a picture that is made of ``image`` depends on.

    Raises:
        InputError: the image cannot be read.
    """
    return {
        "pixels version": fingerprint.pixels_version(settings),
        "settings": settings.that_change_pixels(of_a_video=False),
        "weights": weights.fingerprint,
        "input": fingerprint.of_file(image),
    }


def folder_of(image: Path, ending: str, folder: Path | None) -> Path:
    """The folder of an experiment: the one given, or ``photo_<ending>`` beside ``photo.jpg``.

    Raises:
        InputError: there is no such picture.
        OutputError: there is a file of the folder's name, or the name is too long.
    """
    check_file(image, "a picture")
    folder = output_names.named(folder or image.with_name(f"{image.stem}_{ending}"))
    output_names.check_length(folder)
    if os.path.lexists(folder) and not os.path.isdir(folder):
        raise OutputError(f"{shown(folder)}: is a file; name a folder for the pictures with -o")
    return folder


def sweep(folder: Path) -> None:
    """Remove the temporary files that a killed run left in the folder of an experiment."""
    atomic.sweep(folder)
    atomic.sweep(output_names.job_folder_in_use(folder) / loss_curves.FOLDER)


def left(outputs: Collection[Output], *, force: bool) -> dict[Item, str | None]:
    """The pictures to make, each with the content at its path that it may overwrite; None where nothing is.

    Nothing is changed.

    Args:
        force: make all of them, and overwrite whatever is there.

    Raises:
        JobDiffersError: a picture was made with other settings or weights, or of another picture.
        OutputError: a file was not made by nstpipe, or it is the image itself, which ``force`` keeps, too.
    """
    for item in (one.item for one in outputs):
        if item.output.exists() and item.output.samefile(item.content):
            raise OutputError(f"{shown(item.output)}: is the picture itself; name another folder with -o")
    if force:
        return {one.item: ownership.content_of(one.item.output) for one in outputs}
    missing = [one for one in outputs if one.maker.adopted(one.item) is None]
    return {one.item: _replaceable(one) for one in missing}


def _replaceable(output: Output) -> str | None:
    path = output.item.output
    if not os.path.lexists(path) or output.maker.wrote(output.item):  # what it wrote was damaged since
        return ownership.content_of(path)
    if item_maker.is_unedited(output.item):
        raise JobDiffersError(
            f"{shown(path)}: was made with other settings or weights, or of another picture; "
            f"{ownership.WAYS_OUT}"
        )
    raise ownership.not_ours(path)
