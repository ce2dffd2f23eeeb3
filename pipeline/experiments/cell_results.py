"""What is known of a cell of a comparison once it is made: its curves, and what it ended with."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from pipeline.base.arrays import FloatArray, Size
from pipeline.core import scales
from pipeline.core.margins import Margin
from pipeline.core.style_transfer import OnStep, StepInfo
from pipeline.experiments.cells import objective_of
from pipeline.experiments.stylising import Pastiche
from pipeline.jobs.planning import output_names
from pipeline.jobs.record import loss_curves
from pipeline.jobs.record.loss_curves import LossCurve, Row
from pipeline.pictures import images
from pipeline.settings.settings import Settings

POINTS = 16
"""How often the common measure is taken of a picture in the making, about; each costs half a step."""

ROUNDING = 1e-6
"""Relative; the rows of a curve have seven digits."""

Measure = Callable[[FloatArray], Mapping[str, float]]
"""Pixels (H, W, 3), 0..255, -> ``style`` and ``content``."""


@dataclass(frozen=True, eq=False)
class CellResult:
    """A cell that is made.

    Attributes:
        label: the cell's.
        optimizer: the setting.
        objective: the style, and what :func:`.cells.objective_of` gives; cells of equal ones have comparable
            losses.
        rows: its weighted losses, step by step; () where they were lost.
        common_rows: the common measure, every few steps; () where they were lost.
        steps: taken; each is one pass forward and back through VGG19.
        passes: the same in passes at full size: one at half its sides counts a quarter.
        loss: the final one, of the cell's own objective.
        common: the common measure of the picture.

    In both kinds of rows ``seconds`` counts from the end of the first step, without the time of measuring.
    """

    label: str
    optimizer: str
    objective: Mapping[str, Any]
    rows: Sequence[Row]
    common_rows: Sequence[Row]
    steps: int
    passes: float
    loss: float
    common: Mapping[str, float] = field(default_factory=dict)

    @property
    def seconds(self) -> float | None:
        """From the end of the first step to that of the last; None where the rows were lost."""
        return self.rows[-1]["seconds"] if self.rows else None

    @property
    def final_terms(self) -> Mapping[str, float]:
        """The weighted terms of the final loss, from the row that is nearest to it."""
        return min(self._at_full_size, key=lambda row: abs(row["total"] - self.loss), default={})

    def seconds_to(self, loss: float) -> float | None:
        """When it reached a loss at its full size; None where it never did."""
        reached = (row for row in self._at_full_size if row["total"] <= loss * (1 + ROUNDING))
        return next((row["seconds"] for row in reached), None)

    @property
    def _at_full_size(self) -> list[Row]:
        return [row for row in self.rows if row["scale"] == self.rows[-1]["scale"]]


@contextmanager
def measuring(pastiche: Pastiche, measure: Measure) -> Iterator[OnStep]:
    """Record the common measure of a pastiche every few steps, and the time that this takes."""
    every = max(1, pastiche.settings.total_steps // POINTS)
    spent = 0.0
    with LossCurve(_common_path(pastiche)) as curve:

        def on_step(info: StepInfo) -> None:
            nonlocal spent
            if (info.step - 1) % every and info.step != info.steps:
                return
            began = time.monotonic()
            measured = measure(info.image())
            before, spent = spent, spent + time.monotonic() - began
            values = {"total": sum(measured.values()), **measured, "spent": spent}
            curve.add(info.step, info.scale, info.seconds - before, values)

        yield on_step


def result(pastiche: Pastiche, size: Size, measure: Measure) -> CellResult | None:
    """The result of a cell; None where its picture is not complete.

    Args:
        size: (height, width) of the picture.
    """
    item, maker = pastiche.output.item, pastiche.output.maker
    entry = maker.adopted(item)
    if entry is None:
        return None
    common_rows = loss_curves.read(_common_path(pastiche))
    rows = _without_measuring(
        loss_curves.read(loss_curves.path_of(_folder(pastiche), item.name)), common_rows
    )
    start = rows[0]["seconds"] if rows else 0.0
    common = measure(images.read(item.output).pixels)
    return CellResult(
        label=pastiche.label,
        optimizer=pastiche.settings.optimizer,
        objective={"style": pastiche.style, **objective_of(pastiche.settings)},
        rows=_from(start, rows),
        common_rows=_from(start, _ending(common_rows, rows, common)),
        steps=entry.steps,
        passes=passes_at_full_size(rows, size, pastiche.settings),
        loss=entry.loss,
        common=common,
    )


def passes_at_full_size(rows: Sequence[Row], size: Size, settings: Settings) -> float:
    """The steps of a curve, each by its share of the pixels of the full ``size`` (height, width)."""
    sizes = [scale.size for scale in scales.plan(Margin.around(size, settings.margin).framed_size, settings)]
    shares = [height * width / (sizes[-1][0] * sizes[-1][1]) for height, width in sizes]
    steps = [0.0, *(row["step"] for row in rows)]
    taken = [after - before for before, after in pairwise(steps)]
    return sum(count * shares[int(row["scale"]) - 1] for count, row in zip(taken, rows, strict=True))


def _without_measuring(rows: Sequence[Row], common_rows: Sequence[Row]) -> list[Row]:
    """The rows without the seconds that were spent on the common measure before each."""

    def spent(step: float) -> float:
        return max((row["spent"] for row in common_rows if row["step"] < step), default=0.0)

    return [{**row, "seconds": row["seconds"] - spent(row["step"])} for row in rows]


def _ending(common_rows: Sequence[Row], rows: Sequence[Row], common: Mapping[str, float]) -> list[Row]:
    """The rows of the common measure up to the last step, which has that of the picture as it was written."""
    if not rows:
        return list(common_rows)
    return [*(row for row in common_rows if row["step"] < rows[-1]["step"]), {**rows[-1], **common}]


def _from(start: float, rows: Sequence[Row]) -> list[Row]:
    return [{**row, "seconds": max(0.0, row["seconds"] - start)} for row in rows]


def _folder(pastiche: Pastiche) -> Path:
    """The folder beside the output in which :class:`ItemMaker` keeps the losses."""
    return output_names.job_folder_in_use(pastiche.output.item.output.parent)


def _common_path(pastiche: Pastiche) -> Path:
    return loss_curves.path_of(_folder(pastiche), f"{pastiche.output.item.name}/common")
