"""Forecast the memory, disk space and time of a plan, without running it and without TensorFlow."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.base.messages import shown
from pipeline.base.resizing import size_to_fit
from pipeline.core.scales import check_size
from pipeline.errors import NstpipeError
from pipeline.jobs.planning import estimates
from pipeline.jobs.planning.plan import Plan, VideoPlan
from pipeline.pictures import images
from pipeline.settings.settings import Settings
from pipeline.video import clip as clips


@dataclass(frozen=True)
class Forecast:
    """What a job will take.

    Attributes:
        items: outputs, or frames.
        pixels: of all items together.
        memory: bytes at the peak, every worker included.
        disk: bytes of the outputs, or frames.
        seconds: on this machine's processor.
        problems: items that will fail, each in one line.
    """

    items: int
    pixels: int
    memory: int
    disk: int
    seconds: float
    problems: tuple[str, ...] = ()


def forecast(plan: Plan, settings: Settings, widths: Sequence[int], workers: int = 1) -> Forecast:
    """The forecast of a plan.

    Args:
        widths: channels of the extractor's blocks.
        workers: pictures or shots at once.

    Raises:
        InputError: the clip cannot be read.
    """
    if isinstance(plan, VideoPlan):
        return _of_video(plan, settings, widths, workers)
    return _of_pictures(plan, settings, widths, workers)


def _of_pictures(plan: Plan, settings: Settings, widths: Sequence[int], workers: int) -> Forecast:
    """From the pictures' headers."""
    sizes, problems = [], []
    for item in plan.items:
        try:
            size = size_to_fit(images.read_size(item.content), settings.size)
            check_size(size, shown(item.content))
            sizes.append(size)
        except NstpipeError as error:
            problems.append(str(error))
    speed, workers = estimates.operations_per_second(), max(1, min(workers, len(sizes)))
    needs = sorted(estimates.memory_of_step(settings, size, widths) for size in sizes)
    return Forecast(
        len(plan.items),
        sum(height * width for height, width in sizes),
        sum(needs[-workers:]),
        sum(map(estimates.disk_of_picture, sizes)),
        sum(estimates.seconds_of_picture(settings, size, widths, speed, workers=workers) for size in sizes),
        tuple(dict.fromkeys(problems)),
    )


def _of_video(plan: VideoPlan, settings: Settings, widths: Sequence[int], workers: int) -> Forecast:
    """From the clip's header: the number of frames is what the header says."""
    guess = clips.guess(plan.source)
    size = size_to_fit(guess.size, settings.size)
    check_size(size, shown(plan.source))
    # The number of shots bounds the workers; without a list it is known only after detection.
    workers = min(workers, guess.frames, len(plan.shots) if plan.shots else workers)
    speed, follows = estimates.operations_per_second(), settings.temporal != "none"
    first, following = (
        estimates.seconds_of_picture(settings, size, widths, speed, following=later, workers=workers)
        for later in (False, follows)
    )
    return Forecast(
        guess.frames,
        guess.frames * size[0] * size[1],
        workers * estimates.memory_of_step(settings, size, widths),
        guess.frames * estimates.disk_of_picture(size),
        first + max(0, guess.frames - 1) * following,
    )
