"""The table of a comparison: as text, and as CSV."""

import csv
import io
from collections.abc import Sequence

from pipeline.experiments.cell_results import CellResult

HEADER = (
    *("cell", "optimizer", "steps", "full_size_passes", "seconds"),
    *("loss", "content", "style", "tv", "common_content", "common_style"),
)
"""The first columns of the CSV; then ``seconds to CELL``, for each cell that :func:`rivals` gives."""

NOTE = """\
steps: passes forward and back through VGG19; passes: the same in passes at full size
seconds: from the end of the first step, which compiles; loss, content, style, tv: the cell's own, weighted
common content: |F-P|²/|P|² at block4_conv2, common style: the mean of |G-A|²/|A|² at block1_conv1 to
block5_conv1, both of the {weights} weights; 0 is the content or the style itself"""


def rivals(results: Sequence[CellResult]) -> list[CellResult]:
    """The cells that minimise the same loss as another."""
    return [one for one in results if sum(one.objective == other.objective for other in results) > 1]


def as_csv(results: Sequence[CellResult]) -> str:
    """One row for each cell; what is not known is empty."""
    others = rivals(results)
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow([*HEADER, *(f"seconds to {other.label}" for other in others)])
    for one in results:
        times = [_seconds_to(one, other) for other in others]
        writer.writerow([*_row(one), *("" if time is None else f"{time:.3f}" for time in times)])
    return table.getvalue()


def as_text(results: Sequence[CellResult], weights: str) -> str:
    """The columns of :data:`HEADER`; then when each cell reached the final losses of its rivals."""
    titles = [name.replace("_", " ").removeprefix("full size ") for name in HEADER]
    blocks = [_aligned([titles, *([_brief(value) for value in _row(one)] for one in results)])]
    blocks += [_aligned(_times(group)) for group in _groups(rivals(results))]
    return "\n\n".join([*blocks, NOTE.format(weights=weights)])


def _groups(results: Sequence[CellResult]) -> list[list[CellResult]]:
    """The results by their objectives."""
    groups: list[list[CellResult]] = []
    for one in results:
        group = next((group for group in groups if group[0].objective == one.objective), None)
        groups.append([one]) if group is None else group.append(one)
    return groups


def _times(group: Sequence[CellResult]) -> list[list[str]]:
    """A row for each cell of a group: when it reached the final loss of each."""
    first = ["seconds to the final loss of", *(other.label for other in group)]
    return [first, *([one.label, *(_time(one.seconds_to(other.loss)) for other in group)] for one in group)]


def _row(one: CellResult) -> list[str]:
    losses = {"loss": one.loss, **one.final_terms, **{f"common_{k}": v for k, v in one.common.items()}}
    seconds = "" if one.seconds is None else f"{one.seconds:.3f}"
    numbers = [f"{losses[name]:.6g}" if name in losses else "" for name in HEADER[5:]]
    return [
        one.label,
        one.optimizer,
        str(one.steps),
        f"{one.passes:.2f}" if one.rows else "",
        seconds,
        *numbers,
    ]


def _seconds_to(one: CellResult, other: CellResult) -> float | None:
    return one.seconds_to(other.loss) if one.objective == other.objective else None


def _time(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds:.1f}"


def _brief(text: str) -> str:
    """A number in four digits; any other text as it is."""
    try:
        return text if text.isdecimal() else f"{float(text):.4g}"
    except ValueError:
        return text or "-"


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as their widest entry; the first to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]

    def line(row: Sequence[str]) -> str:
        first, *others = (text.rjust(width) for text, width in zip(row, widths, strict=True))
        return "  ".join([row[0].ljust(len(first)), *others])

    return "\n".join(map(line, rows))
