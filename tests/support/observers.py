"""Observers that record what a job reports, or stop it."""

from collections.abc import Mapping

from pipeline import Observer, StepInfo
from pipeline.errors import StoppedError
from pipeline.jobs.planning.item_times import ItemTime
from pipeline.jobs.record.entries import Entry


class RecordingObserver(Observer):
    """Records the reports of a job."""

    def __init__(self) -> None:
        self.begun: list[tuple[int, int]] = []
        self.warnings: list[str] = []
        self.entries: list[Entry] = []
        self.foreseen_items: list[str] = []

    def began(self, total: int, done: int) -> None:
        self.begun.append((total, done))

    def foreseen(self, times: Mapping[str, ItemTime]) -> None:
        self.foreseen_items = list(times)

    def item_ended(self, entry: Entry) -> None:
        self.entries.append(entry)

    def warn(self, message: str) -> None:
        self.warnings.append(message)


class StopsAt(RecordingObserver):
    """Stops the job at the first step of item number ``number``."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number

    def step(self, info: StepInfo) -> None:
        if len(self.entries) == self.number:
            raise StoppedError("stopped by the test")
