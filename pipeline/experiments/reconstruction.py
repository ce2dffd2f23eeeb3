"""Make the reconstructions of a picture, from noise: those that are missing, and a sheet of each figure."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.base.resizing import resize
from pipeline.experiments import objectives, outputs, stylising
from pipeline.experiments.experiment import begun
from pipeline.experiments.objectives import Kind
from pipeline.experiments.outputs import Output
from pipeline.experiments.stylising import Pastiche
from pipeline.extractor.weights import Weights
from pipeline.jobs.planning.plan import Item
from pipeline.jobs.work.observer import Observer
from pipeline.jobs.work.runs import Outcome
from pipeline.pictures import images
from pipeline.pictures.sheets import framed, grid, labelled

COLUMNS = 3
"""Of a sheet: the picture itself and its five reconstructions take two rows."""


def run(
    image: Path,
    kinds: Sequence[Kind],
    folder: Path | None,
    flags: Mapping[str, Any],
    observer: Observer,
    *,
    force: bool = False,
) -> Outcome:
    """Make the pictures of the figures ``kinds`` that are missing in a folder, and a sheet of each figure.

    Args:
        image: a picture file.
        folder: by default ``photo_reconstructed`` beside ``photo.jpg``.
        flags: see :func:`.objectives.settings_of`.
        force: make all pictures again, and overwrite files that nstpipe did not make.

    Raises:
        JobDiffersError: a picture in the folder was made with other settings or weights, or of another one.
        NstpipeError: another of its kinds.
    """
    spec = objectives.settings_of(objectives.figure(kinds[0])[0], flags).weights
    with begun(image, "reconstructed", folder, spec, observer) as experiment:
        figures = [_Figure(kind, image, experiment.folder, flags, experiment.weights) for kind in kinds]
        left = outputs.left([output for figure in figures for output in figure.outputs], force=force)
        pictures = [picture for figure in figures for picture in figure.pictures]
        made = len(stylising.make(pictures, left, experiment.weights, observer))
        for figure in figures:
            if any(output.item in left for output in figure.outputs):
                figure.write_sheet(left)
        return experiment.outcome(done=len(pictures), stylized=made)


class _Figure:
    """A figure of one kind: its pictures and its sheet."""

    def __init__(
        self, kind: Kind, image: Path, folder: Path, flags: Mapping[str, Any], extractor: Weights
    ) -> None:
        self.pictures: list[Pastiche] = []
        for one in objectives.figure(kind):
            settings = objectives.settings_of(one, flags)
            parts = outputs.parts_of(image, settings, extractor)
            output = outputs.output(image, folder / one.name, parts)
            self.pictures.append(Pastiche(one.label, settings, image, parts["input"], output))
        all_parts = {"sheet of": [picture.output.parts for picture in self.pictures]}
        self._sheet = outputs.output(image, folder / f"{kind}.png", all_parts)

    @property
    def outputs(self) -> list[Output]:
        """The pictures' files, and the sheet's."""
        return [*(picture.output for picture in self.pictures), self._sheet]

    def write_sheet(self, left: Mapping[Item, str | None]) -> None:
        """Write the sheet: the image at their size, then the pictures, each below its label.

        Args:
            left: see :func:`.outputs.left`.
        """
        pixels = [images.read(picture.output.item.output).pixels for picture in self.pictures]
        size = pixels[0].shape[:2]
        image = resize(images.read(self._sheet.item.content, max(size)).pixels, size)
        labels = ["the picture", *(picture.label for picture in self.pictures)]
        tiles = [labelled(framed(one), label) for one, label in zip([image, *pixels], labels, strict=True)]
        self._sheet.write(grid(tiles, COLUMNS), left.get(self._sheet.item))
