"""What every experiment begins and ends with: its folder, held, and the weights; its outcome."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pipeline.base import memory
from pipeline.experiments import outputs
from pipeline.extractor import weights
from pipeline.extractor.weights import Weights
from pipeline.jobs.planning import output_names
from pipeline.jobs.record.entries import Entry
from pipeline.jobs.record.lock import held
from pipeline.jobs.work.observer import Observer
from pipeline.jobs.work.runs import Outcome


@dataclass(frozen=True)
class Experiment:
    """One run of an experiment.

    Attributes:
        folder: of its pictures.
        weights: of the extractor.
        began_at: what :func:`time.monotonic` gave at its start.
    """

    folder: Path
    weights: Weights
    began_at: float

    def outcome(self, *, done: int, stylized: int, failed: Sequence[Entry] = ()) -> Outcome:
        """How it ended, now; see :class:`Outcome`."""
        seconds = time.monotonic() - self.began_at
        return Outcome(self.folder, self.weights.described, done, stylized, seconds, tuple(failed))


@contextmanager
def begun(
    image: Path, ending: str, folder: Path | None, spec: str, observer: Observer
) -> Iterator[Experiment]:
    """An experiment on a picture, whose folder is this process's alone meanwhile.

    Temporary files that a killed run left in the folder are removed.

    Args:
        ending, folder: see :func:`.outputs.folder_of`.
        spec: the setting ``weights``.

    Raises:
        InputError: there is no such picture.
        LockedError: another process makes pictures in the folder.
        OutputError: there is a file of the folder's name, or the name is too long.
        WeightsError: the weights are unavailable.
    """
    began_at = time.monotonic()
    memory.check_limits(for_tensorflow=True)
    folder = outputs.folder_of(image, ending, folder)
    extractor = weights.obtain(spec, observer.warn, observer.fetching)
    with held(output_names.job_folder_in_use(folder), folder):
        outputs.sweep(folder)
        yield Experiment(folder, extractor, began_at)
