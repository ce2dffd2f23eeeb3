"""Forecast the memory, disk space and time of a plan, without running it and without TensorFlow."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from pipeline.base import speed
from pipeline.base.arrays import Size
from pipeline.base.memory import free_memory
from pipeline.base.messages import shown
from pipeline.base.speed import Speed
from pipeline.core.scales import note_on_size, pastiche_size
from pipeline.errors import NstpipeError
from pipeline.extractor.layers import Architecture
from pipeline.footage import sources
from pipeline.jobs.planning import item_cost, memory_estimates
from pipeline.jobs.planning.plan import Item, Plan, VideoPlan
from pipeline.jobs.planning.workload import Workload, cost_of_run
from pipeline.pictures import decoding, images, writing
from pipeline.settings.settings import Settings
from pipeline.video.decoding import decoder_memory

PNG_BYTES_PER_PIXEL = 2.2
"""Measured on pastiches of the samples; a stylised picture compresses badly."""


@dataclass(frozen=True)
class PictureCost:
    """What one picture will take.

    Attributes:
        size: (height, width) of the pastiche.
        memory: bytes at the peak, the process included.
        seconds: on this machine's processor.
    """

    size: Size
    memory: int
    seconds: float


@dataclass(frozen=True)
class Forecast:
    """What a job will take.

    Attributes:
        items: outputs, or frames; 1 for a clip whose length is unknown.
        pixels: of all items together.
        memory: bytes at the peak, every worker included.
        disk: bytes of the outputs, or frames.
        seconds: on this machine's processor, while it has nothing else to do.
        core_seconds: processor time, all cores together.
        problems: pictures that will fail, each in one line.
        notes: on pictures that will be made, each in one line.
        each: of the pictures that will be made; none of a clip's frames.
    """

    items: int
    pixels: int
    memory: int
    disk: int
    seconds: float
    core_seconds: float
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    each: Mapping[Item, PictureCost] = field(default_factory=dict)


def forecast(plan: Plan, settings: Settings, network: Architecture, workers: int = 1) -> Forecast:
    """The forecast of a plan.

    Args:
        network: the channels of the extractor.
        workers: pictures or shots at once.

    Raises:
        InputError: the clip or a style cannot be read, or is too small.
    """
    for style in dict.fromkeys(style for styles in plan.style_sets for style in styles):
        pastiche_size(images.read_size(style), settings.size, shown(style))
    if isinstance(plan, VideoPlan):
        return _of_video(plan, settings, network, workers)
    return of_pictures(dict.fromkeys(plan.items, settings), network, workers, plan.styles)


def of_pictures(
    pictures: Mapping[Item, Settings], network: Architecture, workers: int = 1, styles: int = 1
) -> Forecast:
    """The forecast of pictures, each with its own settings, from their headers.

    Args:
        workers: pictures at once.
        styles: pictures of styles.
    """
    workers = max(1, min(workers, len(pictures)))
    memory = free_memory() // workers if workers > 1 else None
    found: dict[Item, tuple[Size, Size]] = {}
    problems: list[str] = []
    notes: list[str] = []
    for item, settings in pictures.items():
        try:
            source, size, of_item = _checked(item, settings, network.widths, memory)
            found[item] = source, size
            notes += of_item
        except NstpipeError as error:
            problems.append(str(error))
    parts = [
        (Workload(Counter(found[item][0] for item in items), styles=styles), settings)
        for settings, items in groupby(found, key=pictures.__getitem__)
    ]
    now, workers = speed.measured(), max(1, min(workers, len(found)))
    each = _costs(found, pictures, network, now)
    return Forecast(
        len(pictures),
        sum(height * width for height, width in (size for _, size in found.values())),
        sum(sorted(cost.memory for cost in each.values())[-workers:]),
        sum(_disk(cost.size) for cost in each.values()),
        *_time(parts, network, now, workers),
        tuple(dict.fromkeys(problems)),
        tuple(dict.fromkeys(notes)),
        each,
    )


def _costs(
    found: Mapping[Item, tuple[Size, Size]],
    pictures: Mapping[Item, Settings],
    network: Architecture,
    now: Speed,
) -> dict[Item, PictureCost]:
    """What each picture takes of those with these sizes of the content and the pastiche."""
    return {
        item: PictureCost(
            size,
            memory_estimates.needed(pictures[item], size, network.widths),
            item_cost.of_picture(pictures[item], size, source, network, now).whole.lasting(now.cores, 1),
        )
        for item, (source, size) in found.items()
    }


def _checked(
    item: Item, settings: Settings, widths: Sequence[int], memory: int | None
) -> tuple[Size, Size, tuple[str, ...]]:
    """The sizes of an item's content and pastiche, and notes; the checks are those of the job itself.

    Raises:
        NstpipeError: the item will fail.
    """
    name = shown(item.content)
    source = images.read_size(item.content)
    size = pastiche_size(source, settings.size, name)
    writing.check_output(item.output, size)
    memory_estimates.check_memory(name, settings, size, widths, free=memory)
    notes = decoding.inspect(item.content, max(size))
    note = note_on_size(size, settings.size, name)
    return source, size, (*notes, note) if note else notes


def _of_video(plan: VideoPlan, settings: Settings, network: Architecture, workers: int) -> Forecast:
    """From the clip's header: the number of frames is what the header says."""
    guess, name = sources.guess(plan.footage), shown(plan.source)
    size = pastiche_size(guess.size, settings.size, name)
    notes = [note] if (note := note_on_size(size, settings.size, name)) else []
    if not guess.frames:
        notes.append(f"{name}: its header does not say how long it is; the costs are those of one frame")
    # The number of shots bounds the workers; without a list it is known only after detection.
    workers = min(workers, guess.frames or workers, len(plan.shots) if plan.shots else workers)
    frames, decoder = max(1, guess.frames), decoder_memory.needed(guess.size)
    problems: tuple[str, ...] = ()
    try:
        processes = workers if plan.shots else 1
        memory_estimates.check_memory(
            name, settings, size, network.widths, processes=processes, decoder=decoder
        )
    except NstpipeError as error:
        problems = (str(error),)
    return Forecast(
        frames,
        frames * size[0] * size[1],
        workers * (memory_estimates.needed(settings, size, network.widths) + decoder),
        frames * _disk(size),
        *_time([(Workload.of(plan), settings)], network, speed.measured(), workers),
        problems,
        tuple(notes),
    )


def _time(
    parts: Sequence[tuple[Workload, Settings]], network: Architecture, now: Speed, workers: int
) -> tuple[float, float]:
    """Seconds from start to end, and of all cores together."""
    if not any(work.counts for work, _ in parts):
        return 0.0, 0.0
    cost = cost_of_run(parts, network, now, workers)
    return cost.lasting(now.cores, workers), cost.total


def _disk(size: Size) -> int:
    """Bytes of a pastiche of ``size`` as PNG."""
    return int(size[0] * size[1] * PNG_BYTES_PER_PIXEL)
