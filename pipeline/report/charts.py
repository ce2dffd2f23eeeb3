"""Which curves a report has: those for which there is data."""

from pathlib import Path

from pipeline.errors import NstpipeError
from pipeline.jobs.record.entries import Entry
from pipeline.report import curves
from pipeline.report.job_record import JobRecord
from pipeline.report.page import Chart
from pipeline.steadiness import report as steadiness


def of(job: JobRecord) -> list[Chart]:
    """Draw them. The steadiness of a finished video is measured, which takes a part of a second a frame."""
    return _of_video(job) if job.plan.is_of_video else _of_pictures(job)


def _of_pictures(job: JobRecord) -> list[Chart]:
    rows = [item.losses for item in job.items if item.losses]
    charts = []
    if len(job.items) == 1 and rows:
        charts.append(Chart("Loss of the picture, by its terms", curves.losses_of_one(rows[0])))
    elif rows:
        charts.append(Chart("Loss of each picture, as a share of its first", curves.losses_of_many(rows)))
    entries = {number: item.entry for number, item in enumerate(job.items, 1) if item.entry}
    seconds = {number: entry.seconds for number, entry in entries.items() if entry.seconds}
    if len(seconds) > 1:
        charts.append(
            Chart("Time of each picture", curves.of_items(seconds, "seconds", "picture", "seconds"))
        )
    return charts


def _of_video(job: JobRecord) -> list[Chart]:
    entries: dict[int, Entry] = {int(Path(item.name).stem): item.entry for item in job.items if item.entry}
    if len(entries) < 2:
        return []
    # A frame that repeats the one before takes no step and no time.
    seconds = {number: entry.seconds for number, entry in entries.items()}
    losses = {number: entry.loss for number, entry in entries.items()}
    return [
        Chart("Time of each frame", curves.of_items(seconds, "seconds", "frame", "seconds")),
        Chart("Loss of each frame at its end", curves.of_items(losses, "loss", "frame", "losses")),
        *_steadiness(job),
    ]


def _steadiness(job: JobRecord) -> list[Chart]:
    """The curves of how steady the clip is; none where it or its source is gone or another one by now."""
    if not (job.facts.finished and job.has_its_source):
        return []
    try:
        measured = steadiness.measure(job.plan.source, job.output)
    except NstpipeError:
        return []
    return [Chart("Steadiness: the lower the steadier, but for sharpness", curves.steadiness(measured))]
