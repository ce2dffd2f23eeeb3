"""Forecast the memory, disk space and time of a plan, without running it and without TensorFlow."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.base.arrays import Size
from pipeline.base.memory import free_memory
from pipeline.base.messages import shown
from pipeline.core.scales import note_on_size, pastiche_size
from pipeline.errors import NstpipeError
from pipeline.footage import sources
from pipeline.jobs.planning import estimates
from pipeline.jobs.planning.plan import Item, Plan, VideoPlan
from pipeline.pictures import decoding, images, writing
from pipeline.settings.settings import Settings
from pipeline.video.decoding import decoder_memory


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
        seconds: on this machine's processor.
        problems: pictures that will fail, each in one line.
        notes: on pictures that will be made, each in one line.
        each: of the pictures that will be made; none of a clip's frames.
    """

    items: int
    pixels: int
    memory: int
    disk: int
    seconds: float
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    each: Mapping[Item, PictureCost] = field(default_factory=dict)


def forecast(plan: Plan, settings: Settings, widths: Sequence[int], workers: int = 1) -> Forecast:
    """The forecast of a plan.

    Args:
        widths: channels of the extractor's blocks.
        workers: pictures or shots at once.

    Raises:
        InputError: the clip or a style cannot be read, or is too small.
    """
    for style in dict.fromkeys(style for styles in plan.style_sets for style in styles):
        pastiche_size(images.read_size(style), settings.size, shown(style))
    if isinstance(plan, VideoPlan):
        return _of_video(plan, settings, widths, workers)
    return of_pictures(dict.fromkeys(plan.items, settings), widths, workers)


def of_pictures(pictures: Mapping[Item, Settings], widths: Sequence[int], workers: int = 1) -> Forecast:
    """The forecast of pictures, each with its own settings, from their headers.

    Args:
        widths: channels of the extractor's blocks.
        workers: pictures at once.
    """
    workers = max(1, min(workers, len(pictures)))
    memory = free_memory() // workers if workers > 1 else None
    sizes: dict[Item, Size] = {}
    problems: list[str] = []
    notes: list[str] = []
    for item, settings in pictures.items():
        try:
            sizes[item], of_item = _checked(item, settings, widths, memory)
            notes += of_item
        except NstpipeError as error:
            problems.append(str(error))
    workers = max(1, min(workers, len(sizes)))
    each = _costs(sizes, pictures, widths, workers)
    return Forecast(
        len(pictures),
        sum(height * width for height, width in sizes.values()),
        sum(sorted(cost.memory for cost in each.values())[-workers:]),
        sum(map(estimates.disk_of_picture, sizes.values())),
        sum(cost.seconds for cost in each.values()),
        tuple(dict.fromkeys(problems)),
        tuple(dict.fromkeys(notes)),
        each,
    )


def _costs(
    sizes: Mapping[Item, Size], pictures: Mapping[Item, Settings], widths: Sequence[int], workers: int
) -> dict[Item, PictureCost]:
    """What each picture takes of those whose pastiches have these sizes."""
    speed = estimates.operations_per_second()
    return {
        item: PictureCost(
            size,
            estimates.memory_of_step(pictures[item], size, widths),
            estimates.seconds_of_picture(pictures[item], size, widths, speed, workers=workers),
        )
        for item, size in sizes.items()
    }


def _checked(
    item: Item, settings: Settings, widths: Sequence[int], memory: int | None
) -> tuple[Size, tuple[str, ...]]:
    """The size of an item's pastiche, and notes about it; the checks are those of the job itself.

    Raises:
        NstpipeError: the item will fail.
    """
    name = shown(item.content)
    size = pastiche_size(images.read_size(item.content), settings.size, name)
    writing.check_output(item.output, size)
    estimates.check_memory(name, settings, size, widths, free=memory)
    notes = decoding.inspect(item.content, max(size))
    note = note_on_size(size, settings.size, name)
    return size, (*notes, note) if note else notes


def _of_video(plan: VideoPlan, settings: Settings, widths: Sequence[int], workers: int) -> Forecast:
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
        estimates.check_memory(name, settings, size, widths, processes=processes, decoder=decoder)
    except NstpipeError as error:
        problems = (str(error),)
    speed = estimates.operations_per_second()
    return Forecast(
        frames,
        frames * size[0] * size[1],
        workers * (estimates.memory_of_step(settings, size, widths) + decoder),
        frames * estimates.disk_of_picture(size),
        estimates.seconds_of_clip(settings, size, widths, speed, frames, workers=workers),
        problems,
        tuple(notes),
    )
