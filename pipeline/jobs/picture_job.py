"""A job of pictures: one, or a folder of them. Each is read, stylised, written and marked by itself."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.base import resizing
from pipeline.base.arrays import FloatArray
from pipeline.base.messages import shown
from pipeline.core import loading
from pipeline.core.scales import check_size
from pipeline.errors import JobDiffersError, NstpipeError
from pipeline.extractor.weights import Weights
from pipeline.jobs import estimates, fingerprint
from pipeline.jobs.job import ENDS_THE_JOB, Job
from pipeline.jobs.plan import Item
from pipeline.pictures import images
from pipeline.settings.settings import Settings

if TYPE_CHECKING:
    from pipeline.core.stylizer import Stylizer


def run(job: Job, settings: Settings, weights: Weights) -> Sequence[Item]:
    """Do what is left of the job's items; a picture that fails is recorded, and the rest go on.

    Returns:
        The items.

    Raises:
        InputError: a style cannot be read.
        JobDiffersError: a picture that is done has changed since.
        StoppedError, DiskFullError: what ends the job as a whole.
    """
    left = job.left(job.plan.items)
    _check_contents(job, sorted(set(job.plan.items) - set(left), key=lambda item: item.name))
    stylizers = _Stylizers(job, settings, weights)
    for item in left:
        job.began(item)
        try:
            _make(job, item, stylizers, settings, weights)
        except ENDS_THE_JOB:
            raise
        except Exception as error:  # whatever one picture runs into must not cost the others
            entry = job.fail(item, error)
            if job.plan.kind == "image":
                raise
            job.observer.item_ended(entry)
    if not left:
        job.observer.nothing_left(len(job.plan.items))
    job.record(finished=True)
    return job.plan.items


def _make(job: Job, item: Item, stylizers: "_Stylizers", settings: Settings, weights: Weights) -> None:
    size = resizing.size_to_fit(images.read_size(item.content), settings.size)
    check_size(size, shown(item.content))
    estimates.check_memory(shown(item.content), settings, size, weights.widths)
    content = images.read(item.content, settings.size)
    # Only now: what cannot be stylised is not worth the seconds that TensorFlow takes to load.
    entry = job.maker.make(
        item, stylizers.of(item), content, fingerprint.of_file(item.content), on_step=job.observer.step
    )
    job.done(entry)


class _Stylizers:
    """One stylizer at a time: the items of a style set stand together, so the last one's memory can go."""

    def __init__(self, job: Job, settings: Settings, weights: Weights) -> None:
        self._settings = settings
        self._weights = weights
        self._styles = [read_styles(styles, settings) for styles in job.plan.style_sets]
        self._style_set = -1

    def of(self, item: Item) -> "Stylizer":
        if item.style_set != self._style_set:
            self._current = loading.stylizer_class()(
                self._settings, self._styles[item.style_set], weights=self._weights
            )
            self._style_set = item.style_set
        return self._current


def read_styles(styles: Sequence[Path], settings: Settings) -> list[FloatArray]:
    """The pixels of the styles of a set, no larger than a pastiche can be.

    Raises:
        InputError: a style cannot be read, or is too small for the network.
    """
    found = [images.read(style, settings.size).pixels for style in styles]
    for style, pixels in zip(styles, found, strict=True):
        check_size(pixels.shape[:2], shown(style))
    return found


def _check_contents(job: Job, done: Sequence[Item]) -> None:
    entries = job.entries()
    changed = [item for item in done if _changed(item, entries[item.name].content)]
    if changed:
        more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        raise JobDiffersError(
            f"{shown(changed[0].content)}{more}: changed since it was stylised; --restart begins the job anew"
        )


def _changed(item: Item, content: str) -> bool:
    try:
        return fingerprint.of_file(item.content) != content
    except NstpipeError:  # gone or unreadable by now: what was made of it still stands
        return False
