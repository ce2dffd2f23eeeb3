"""Snapshots of a picture while it is stylised: a PNG every few steps, and every step's losses as CSV."""

import csv
import io
from pathlib import Path
from types import TracebackType
from typing import Self

from pipeline.base import atomic
from pipeline.core.style_transfer import StepInfo
from pipeline.pictures import writing


class Snapshots:
    """Snapshots of one item in ``folder``, made when the first is taken. Use it as a context manager."""

    def __init__(self, folder: Path, every: int) -> None:
        """Take a picture every ``every`` steps; 0: none, and no CSV."""
        self._folder = folder
        self._every = every
        self._rows: list[dict[str, float]] = []

    def take(self, info: StepInfo) -> None:
        """Keep a step's losses, and save its picture every ``every`` steps."""
        if not self._every:
            return
        self._rows.append({"step": info.step, "scale": info.scale, "seconds": info.seconds, **info.losses})
        if info.step % self._every == 0:
            self._make_folder()
            writing.write(self._folder / f"step_{info.step:06}.png", info.image())
            self._write_losses()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write ``losses.csv``, also of a picture that failed."""
        if self._rows:
            self._make_folder()
            self._write_losses()

    def _write_losses(self) -> None:
        """Write ``losses.csv``, with every picture: a killed run has the losses that led to its last one."""
        table = io.StringIO()
        writer = csv.DictWriter(table, list(self._rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(self._rows)
        atomic.write_bytes(self._folder / "losses.csv", table.getvalue().encode())

    def _make_folder(self) -> None:
        with atomic.writing(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
