"""The losses of each picture of a job, step by step: a small CSV in the job's folder for each item."""

import csv
import hashlib
import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from pipeline.base import atomic

FOLDER = "losses"
"""The folder of these files, in the job's folder."""

MOST_ROWS = 256
"""Rows of a file: of more steps, every second, every fourth, … is kept, and the last."""

Row = Mapping[str, float]
"""``step``, ``scale``, ``seconds`` since the start of the picture; and the losses, ``total`` among them."""


def path_of(folder: Path, name: str) -> Path:
    """The file of the item ``name`` of the job in ``folder``."""
    digest = hashlib.sha256(os.fsencode(name)).hexdigest()[:32]
    return folder / FOLDER / f"{digest}.csv"


class LossCurve:
    """Records the losses of one picture. Use it as a context manager: the file is written at the end."""

    def __init__(self, path: Path | None) -> None:
        """Write to ``path``; None: nowhere."""
        self._path = path
        self._rows: list[Row] = []
        self._last: Row | None = None
        self._every = 1

    def add(self, step: int, scale: int, seconds: float, losses: Mapping[str, float]) -> None:
        """Record a step, counted from 1. The losses of single layers (``content block5_conv2``) are not."""
        terms = {name: loss for name, loss in losses.items() if " " not in name}
        self._last = {"step": step, "scale": scale, "seconds": seconds, **terms}
        if (step - 1) % self._every:
            return
        self._rows.append(self._last)
        if len(self._rows) == MOST_ROWS:
            self._rows = self._rows[::2]
            self._every *= 2

    def rows(self) -> list[Row]:
        """What is written: at most :data:`MOST_ROWS` rows, the last step's among them."""
        if self._last is None or (self._rows and self._rows[-1] is self._last):
            return self._rows
        return [*self._rows, self._last]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write the file, also of a picture that failed or was stopped."""
        rows = self.rows()
        if self._path is None or not rows:
            return
        with atomic.writing(self._path):
            self._path.parent.mkdir(parents=True, exist_ok=True)
        atomic.write_bytes(self._path, _as_csv(rows))


def read(path: Path) -> tuple[Row, ...]:
    """The rows of a file of losses; () where it is missing or damaged."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = [{name: float(text) for name, text in row.items()} for row in csv.DictReader(file)]
    except (OSError, ValueError, TypeError, AttributeError, csv.Error):
        return ()
    return tuple(rows) if all(row.keys() >= {"step", "scale", "total"} for row in rows) else ()


def _as_csv(rows: Sequence[Row]) -> bytes:
    table = io.StringIO()
    writer = csv.DictWriter(table, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: f"{value:.7g}" for name, value in row.items()} for row in rows)
    return table.getvalue().encode()
