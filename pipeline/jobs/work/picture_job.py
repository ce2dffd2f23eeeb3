"""A job of pictures: one, or a folder of them. Each is read, stylised, written and marked by itself."""

from collections.abc import Sequence

from pipeline.base.memory import free_memory
from pipeline.base.messages import shown
from pipeline.errors import JobDiffersError, NstpipeError
from pipeline.extractor.weights import Weights
from pipeline.jobs.planning import item_times
from pipeline.jobs.planning.plan import Item
from pipeline.jobs.record import fingerprint
from pipeline.jobs.work.executor import executor
from pipeline.jobs.work.job import Job
from pipeline.jobs.work.tasks import PictureTask, TaskInputs, read_styles
from pipeline.settings.settings import Settings


def run(job: Job, settings: Settings, weights: Weights, *, workers: int = 1) -> Sequence[Item]:
    """Do what is left of the job's items; a picture that fails is recorded, and the others continue.

    Args:
        workers: pictures that are stylised at once, each in a process of its own.

    Returns:
        The items.

    Raises:
        InputError: a style cannot be read.
        JobDiffersError: a picture that is done has changed since.
        StoppedError, DiskFullError: errors that end the whole job.
    """
    left = job.left(job.plan.items)
    _check_contents(job)
    styles = [read_styles(style_set, settings, job.note) for style_set in job.plan.style_sets]
    job.check_styles()
    workers = max(1, min(workers, len(left)))
    of_a_set = max(map(len, styles), default=1)
    job.expect(item_times.of_pictures(left, settings, weights.architecture, of_a_set, workers), workers)
    # Each worker gets its share of the memory: what is free when a task begins depends on the other workers.
    memory = free_memory() // workers if workers > 1 else None
    inputs = TaskInputs(settings, styles, weights, job.maker, memory, job.source)
    tasks = [PictureTask(item, job.replaces[item]) for item in left]
    executor(workers).run(inputs, tasks, job.hear)
    if not left and not any(entry.state == "failed" for entry in job.entries().values()):
        job.observer.nothing_left(len(job.plan.items))
    job.record(finished=True)
    return job.plan.items


def _check_contents(job: Job) -> None:
    """Refuse where a picture changed after it was stylised."""
    done = {entry.name: entry.content for entry in job.entries().values() if entry.state == "done"}
    items = sorted((item for item in job.plan.items if item.name in done), key=lambda item: item.name)
    changed = [item for item in items if _has_changed(item, done[item.name])]
    if changed:
        more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        raise JobDiffersError(
            f"{shown(changed[0].content)}{more}: changed since it was stylised; --restart starts the job over"
        )


def _has_changed(item: Item, content: str) -> bool:
    try:
        return fingerprint.of_file(item.content) != content
    except NstpipeError:  # removed or unreadable by now: its pastiche still counts
        return False
