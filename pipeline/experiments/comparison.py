"""Compare styles, presets or settings: one pastiche for each cell of a grid, a sheet, curves, and a table."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import product
from pathlib import Path

from pipeline.base import atomic
from pipeline.base.arrays import FloatArray, Size
from pipeline.base.files import check_file
from pipeline.base.messages import shown
from pipeline.core.scales import pastiche_size
from pipeline.errors import InputError, OutputError, SettingsError
from pipeline.experiments import (
    cell_results,
    comparison_plot,
    comparison_sheet,
    comparison_table,
    outputs,
    stylising,
)
from pipeline.experiments.cell_results import CellResult
from pipeline.experiments.cells import Cell, Grid
from pipeline.experiments.experiment import begun
from pipeline.experiments.measures import Measures, read_within
from pipeline.experiments.outputs import Output
from pipeline.experiments.stylising import Pastiche
from pipeline.extractor.weights import Weights
from pipeline.jobs.planning import output_names
from pipeline.jobs.planning.plan import Item
from pipeline.jobs.record import fingerprint
from pipeline.jobs.work import item_maker, ownership
from pipeline.jobs.work.observer import Observer
from pipeline.jobs.work.runs import Outcome
from pipeline.pictures import images

ENDING = "compared"
"""Of the default folder: ``photo_compared``."""

SHEET, PLOT, TABLE = "sheet.png", "losses.png", "table.csv"

LARGEST_TILE = 512
"""Longest side, in pixels, of a picture on the sheet."""

SHORTER = "shorten the values, or the names of styles and presets"
"""What to do where the name of a cell is too long for a file."""

SLOWER = "workers slow each other down: of cells that are made at once, compare the steps, not the seconds"
"""Said where cells are made side by side."""

INSTALL = "matplotlib is not installed, so there is no plot; run `pip install matplotlib`"


def run(
    content: Path,
    cells: Grid,
    folder: Path | None,
    observer: Observer,
    *,
    force: bool = False,
    workers: int = 1,
    tell: Callable[[str], None],
) -> Outcome:
    """Make the pastiches of the cells that are missing in a folder; then the sheet, the curves and the table.

    Args:
        content: a picture file.
        folder: by default ``photo_compared`` beside ``photo.jpg``.
        force: make all pictures again, and overwrite files that nstpipe did not make.
        workers: cells that are made at once, each in a process of its own.
        tell: called with the table, as text of several lines.

    Raises:
        JobDiffersError: a picture in the folder was made with other settings or weights, or of others.
        LockedError: another process makes pictures in the folder.
        NstpipeError: another of its kinds.
    """
    unreadable_styles(cells)  # raises before any work where it is every style
    with begun(content, ENDING, folder, weights_of(cells), observer) as experiment:
        comparison = Comparison(content, cells, experiment.folder, experiment.weights)
        left = comparison.left(force=force)
        if min(workers, len(left)) > 1:
            observer.say(SLOWER)
        ended = stylising.make(
            comparison.pastiches,
            left,
            experiment.weights,
            observer,
            watch=comparison.measures.watch,
            workers=workers,
            others_go_on=True,
        )
        results = comparison.draw(observer)
        if results:
            tell(comparison_table.as_text(results, experiment.weights.kind))
        failed = [entry for entry in ended if entry.state == "failed"]
        return experiment.outcome(done=len(results), stylized=len(ended) - len(failed), failed=failed)


def unreadable_styles(cells: Grid) -> dict[Path, str]:
    """The styles that cannot be read, by their headers, each with the reason; their cells will fail.

    Raises:
        InputError: there is no file of a style, or none can be read.
    """
    problems: dict[Path, InputError] = {}
    for style in cells.styles:
        check_file(style, "a picture")
        try:
            pastiche_size(images.read_size(style), LARGEST_TILE, shown(style))
        except InputError as error:
            problems[style] = error
    if len(problems) == len(cells.styles):
        raise problems[cells.styles[0]]
    return {style: str(error) for style, error in problems.items()}


def weights_of(cells: Grid) -> str:
    """The setting ``weights`` of all cells.

    Raises:
        SettingsError: presets differ in it.
    """
    specs = sorted({cell.settings().weights for cell in cells.cells})
    if len(specs) > 1:
        raise SettingsError(f"the presets ask for unlike weights ({', '.join(specs)}); give --weights")
    return specs[0]


def path_of(cell: Cell, folder: Path) -> Path:
    """The file of a cell.

    Raises:
        OutputError: its name is too long.
    """
    return output_names.check_length(folder / f"{cell.name}.png", SHORTER)


class Comparison:
    """The pastiches of a grid, and what is drawn of them.

    Attributes:
        pastiches: of the cells, row by row.
        measures: their common measure.
    """

    def __init__(self, content: Path, cells: Grid, folder: Path, extractor: Weights) -> None:
        self._content, self._grid, self._extractor = content, cells, extractor
        identities = {style: fingerprint.of_file(style) for style in cells.styles}
        self.pastiches = [self._pastiche(cell, folder, identities[cell.style]) for cell in cells.cells]
        self.measures = Measures(content, self._longest, extractor, self.pastiches[0].settings.device)
        of_all = {"drawn of": [pastiche.output.parts for pastiche in self.pastiches]}
        self._sheet, self._plot = (outputs.output(content, folder / name, of_all) for name in (SHEET, PLOT))
        self._table = folder / TABLE
        self._replaces: dict[Item, str | None] = {}

    def _pastiche(self, cell: Cell, folder: Path, style: str) -> Pastiche:
        settings = cell.settings()
        parts = {**outputs.parts_of(self._content, settings, self._extractor), "style": style}
        output = outputs.output(self._content, path_of(cell, folder), parts, keeps_losses=True)
        return Pastiche(cell.name, settings, cell.style, style, output)

    def left(self, *, force: bool) -> dict[Item, str | None]:
        """The cells to make, see :func:`.outputs.left`.

        Sheet, plot and table of an earlier grid are replaced: all that they show can be drawn again.

        Raises:
            JobDiffersError: a picture was made with other settings or weights, or of others.
            OutputError: a cell, the sheet, the plot or the table would replace a file of the user.
        """
        left = outputs.left([pastiche.output for pastiche in self.pastiches], force=force)
        self._check_drawings(force=force)
        return left

    def _check_drawings(self, *, force: bool) -> None:
        written = (self._sheet, self._plot, *(pastiche.output for pastiche in self.pastiches))
        for style, path in product(self._grid.styles, (output.item.output for output in written)):
            if path.exists() and path.samefile(style):
                raise OutputError(f"{shown(style)}: is the style itself; name another folder with -o")
        for drawing in (self._sheet, self._plot):
            is_ours = item_maker.is_unedited(drawing.item)
            self._replaces |= outputs.left([drawing], force=force or is_ours)
        if not force and self._table.exists() and not _is_table(self._table):
            raise ownership.not_ours(self._table)

    def draw(self, observer: Observer) -> list[CellResult]:
        """Write the sheet, the plot and the table of those cells that are complete; their results."""
        results = []
        for pastiche in self.pastiches:
            observer.waiting()
            size = self._size(pastiche)
            measure = partial(self.measures.of, pastiche.style)
            results.append(cell_results.result(pastiche, size, measure))
        complete = [one for one in results if one is not None]
        self._write(self._sheet, self._drawn_sheet())
        if complete:
            self._draw_curves(complete, observer)
        return complete

    def _draw_curves(self, results: Sequence[CellResult], observer: Observer) -> None:
        atomic.write_bytes(self._table, comparison_table.as_csv(results).encode())
        if comparison_plot.is_possible():
            self._write(self._plot, comparison_plot.pixels(results))
        else:
            observer.warn(INSTALL)

    def _write(self, drawing: Output, pixels: FloatArray) -> None:
        drawing.write(pixels, self._replaces.get(drawing.item))

    def _size(self, pastiche: Pastiche) -> Size:
        return pastiche_size(images.read_size(self._content), pastiche.settings.size, shown(self._content))

    @property
    def _longest(self) -> int:
        """The longest side, in pixels, of the largest cell."""
        return max(max(self._size(pastiche)) for pastiche in self.pastiches)

    def _drawn_sheet(self) -> FloatArray:
        longest = min(LARGEST_TILE, self._longest)
        content = read_within(self._content, longest)
        styles = [_read_style(style, longest) for style in self._grid.styles]
        return comparison_sheet.of(self._grid, content, styles, list(map(_read, self.pastiches)))


def _is_table(path: Path) -> bool:
    """Whether the file begins as a table of a comparison does."""
    try:
        with path.open("rb") as file:
            return file.readline().startswith(",".join(comparison_table.HEADER).encode())
    except OSError as error:
        raise OutputError(f"{shown(path)}: cannot be read; name another folder with -o") from error


def _read_style(style: Path, longest: int) -> FloatArray | None:
    """A style for the sheet (H, W, 3); None where it cannot be read: its cells failed."""
    try:
        return read_within(style, longest)
    except InputError:
        return None


def _read(pastiche: Pastiche) -> FloatArray | None:
    """The picture (H, W, 3) of a cell; None where it is not complete."""
    item = pastiche.output.item
    return images.read(item.output).pixels if pastiche.output.maker.adopted(item) else None
