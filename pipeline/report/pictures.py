"""The pictures of a report as thumbnails: styles, items before and after, snapshots, a filmstrip."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tqdm import tqdm

from pipeline.base.arrays import FloatArray
from pipeline.errors import NstpipeError
from pipeline.jobs.record import fingerprint
from pipeline.pictures import images
from pipeline.report import filmstrip, thumbnails
from pipeline.report.job_record import ItemRecord, JobRecord, Snapshot
from pipeline.report.thumbnails import PictureLimits, Thumbnail

MOST_ITEMS = 1000
"""Of more items that are done only these are pictured: smaller thumbnails would show nothing."""

SNAPSHOTS = ((1, 12), (40, 5))
"""The snapshots that are shown of each item of a report of at most so many."""


@dataclass(frozen=True)
class Pair:
    """A picture before and after; None where the file is gone or cannot be read."""

    before: Thumbnail | None
    after: Thumbnail | None


@dataclass(frozen=True)
class ReportPictures:
    """The thumbnails of a report.

    Attributes:
        styles: those of a set together.
        items: by the item's name.
        snapshots: by the item's name, with their steps.
        film: frames of a video, with their numbers from 1.
    """

    styles: Sequence[Sequence[Thumbnail | None]] = ()
    items: dict[str, Pair] = field(default_factory=dict)
    snapshots: dict[str, list[tuple[int, Thumbnail]]] = field(default_factory=dict)
    film: Sequence[tuple[int, Pair]] = ()


def of(job: JobRecord) -> ReportPictures:
    """Read and shrink what the report of a job shows; on a terminal with a progress bar."""
    pictured = () if job.plan.is_of_video else job.in_state("done")[:MOST_ITEMS]
    with_snapshots = job.items[:1] if job.plan.is_of_video else pictured
    snapshots = {item.name: _chosen(item, len(with_snapshots)) for item in with_snapshots}
    pairs = filmstrip.MOST_FRAMES if job.plan.is_of_video else len(pictured)
    others = sum(map(len, job.plan.style_sets)) + sum(map(len, snapshots.values()))
    limits = PictureLimits.for_pictures(2 * pairs + others)
    return ReportPictures(
        list(_styles(job, limits)),
        {item.name: _pair(item, limits) for item in _with_bar(pictured)},
        {name: list(_of_snapshots(chosen, limits)) for name, chosen in snapshots.items()},
        list(_film(job, limits)) if job.plan.is_of_video else (),
    )


def _styles(job: JobRecord, limits: PictureLimits) -> Iterator[list[Thumbnail | None]]:
    sets = job.plan.style_sets  # none of a job that an earlier version ran last
    hashes = (sets and job.facts.parts.get("styles")) or [[""] * len(styles) for styles in sets]
    for styles, own in zip(sets, hashes, strict=True):
        yield [_of_file(style, limits, sha256) for style, sha256 in zip(styles, own, strict=True)]


def _chosen(item: ItemRecord, items: int) -> list[Snapshot]:
    most = next((shown for most, shown in SNAPSHOTS if items <= most), 0)
    return [item.snapshots[index] for index in filmstrip.evenly(len(item.snapshots), most)]


def _with_bar(items: Sequence[ItemRecord]) -> Iterable[ItemRecord]:
    # disable=None: no bar unless standard error is a terminal
    return tqdm(items, unit="picture", desc="report", leave=False, disable=None)


def _pair(item: ItemRecord, limits: PictureLimits) -> Pair:
    sha256 = item.entry.content if item.entry else ""
    before = _of_file(item.content, limits, sha256) if item.content else None
    return Pair(before, _of_file(item.output, limits))


def _of_snapshots(snapshots: Sequence[Snapshot], limits: PictureLimits) -> Iterator[tuple[int, Thumbnail]]:
    for snapshot in snapshots:
        thumbnail = _of_file(snapshot.path, limits)
        if thumbnail is not None:
            yield snapshot.step, thumbnail


def _film(job: JobRecord, limits: PictureLimits) -> Iterator[tuple[int, Pair]]:
    for frame in filmstrip.of(job, limits.side):
        yield frame.number, Pair(_of_pixels(frame.content, limits), _of_pixels(frame.pastiche, limits))


def _of_pixels(pixels: FloatArray | None, limits: PictureLimits) -> Thumbnail | None:
    return None if pixels is None else thumbnails.of(pixels, limits)


def _of_file(path: Path, limits: PictureLimits, sha256: str = "") -> Thumbnail | None:
    """A picture's thumbnail; None where it is gone or cannot be read: the report shows the rest.

    Args:
        sha256: of the file (hex), if it is to be the one that was read then; None where it is another by now.
    """
    try:
        if sha256 and fingerprint.of_file(path) != sha256:
            return None
        picture = images.read(path, limits.side)
    except NstpipeError:
        return None
    return thumbnails.of(picture.pixels, limits, picture.alpha)
