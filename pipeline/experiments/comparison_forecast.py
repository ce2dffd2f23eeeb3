"""What a comparison would make, and what it would cost. Nothing is written, and nothing is fetched."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from pipeline.base.messages import duration, shown
from pipeline.experiments import comparison, comparison_plot, outputs
from pipeline.experiments.cells import Cell, Grid
from pipeline.experiments.comparison import Comparison
from pipeline.extractor import weights
from pipeline.extractor.layers import IMAGENET_WIDTHS, Architecture
from pipeline.extractor.weights import Weights
from pipeline.jobs.planning import forecast, forecast_lines
from pipeline.jobs.planning.forecast import PictureCost
from pipeline.jobs.planning.plan import Item

UNKNOWN = "those that are done show once the weights are there"


def lines(
    content: Path, cells: Grid, folder: Path | None, *, force: bool = False, workers: int = 1
) -> list[str]:
    """The cells that :func:`.comparison.run` would make, with the costs of each and of all.

    Raises:
        NstpipeError: what it would end with before the first cell.
    """
    unreadable = comparison.unreadable_styles(cells)
    folder = outputs.folder_of(content, comparison.ENDING, folder)
    spec = comparison.weights_of(cells)
    extractor = weights.at_hand(spec)
    by_item = {_item(content, cell, folder): cell for cell in cells.cells}
    left = _left(content, cells, folder, extractor, force=force)
    if left is not None:
        by_item = {item: cell for item, cell in by_item.items() if item in left}
    done = UNKNOWN if left is None else f"{len(cells.cells) - len(left)} of them done"
    network = extractor.architecture if extractor else Architecture.of_widths(IMAGENET_WIDTHS)
    readable = {item: cell.settings() for item, cell in by_item.items() if cell.style not in unreadable}
    cost = forecast.of_pictures(readable, network, workers)
    cost = replace(cost, problems=(*unreadable.values(), *cost.problems))
    return [
        f"compare: {shown(content)} -> {shown(folder)}",
        f"styles: {'; '.join(map(shown, cells.styles))}",
        f"weights: {forecast_lines.weights_of(spec)}",
        f"cells: {len(cells.cells)}, {done}; {cost.pixels / 1e6:.2f} megapixels to make",
        *forecast_lines.costs(cost, folder, workers),
        *(f"  {cell.name}: {_cost(cell, item, cost.each)}" for item, cell in by_item.items()),
        *([] if comparison_plot.is_possible() else [f"note: {comparison.INSTALL}"]),
        *forecast_lines.remarks(cost),
    ]


def _item(content: Path, cell: Cell, folder: Path) -> Item:
    path = comparison.path_of(cell, folder)
    return Item(path.name, path, content)


def _left(
    content: Path, cells: Grid, folder: Path, extractor: Weights | None, *, force: bool
) -> set[Item] | None:
    """The items to make; None where that depends on weights that must be fetched first."""
    if extractor is None:
        return None
    return set(Comparison(content, cells, folder, extractor).left(force=force))


def _cost(cell: Cell, item: Item, costs: Mapping[Item, PictureCost]) -> str:
    if item not in costs:
        return "will fail"
    settings, cost = cell.settings(), costs[item]
    return (
        f"{cost.size[1]}x{cost.size[0]} pixels, {settings.optimizer} in {settings.precision}, "
        f"scales: {settings.scales}, steps: {settings.total_steps}, about {duration(cost.seconds)}"
    )
