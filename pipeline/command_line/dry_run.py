"""The plan of a job, with what it will cost, worked out without doing any of it and without TensorFlow."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.base import resizing
from pipeline.base.messages import duration, shown
from pipeline.errors import NstpipeError
from pipeline.extractor import weights
from pipeline.extractor.layers import IMAGENET_WIDTHS, QUARTER_WIDTHS
from pipeline.jobs import estimates
from pipeline.jobs.plan import Plan
from pipeline.pictures import images
from pipeline.settings.choice import SMALL_EXTRACTORS, Choice
from pipeline.settings.settings import Settings
from pipeline.video import clip

SHOWN_ITEMS = 10
"""So many items are listed by name; a folder of thousands is not."""


@dataclass(frozen=True)
class Forecast:
    """What a job will take: items, pixels, bytes of memory and disk, seconds; and what is wrong already."""

    items: int
    pixels: int
    memory: int
    disk: int
    seconds: float
    problems: tuple[str, ...] = ()


def lines(plan: Plan, choice: Choice) -> list[str]:
    """The plan and its forecast, for people.

    Raises:
        NstpipeError: the clip cannot be read, or a setting cannot be.
    """
    kind = weights.available(choice.resolve().settings.weights)
    settings = choice.resolve(kind).settings
    widths = QUARTER_WIDTHS if kind in SMALL_EXTRACTORS else IMAGENET_WIDTHS
    forecast = (of_video if plan.kind == "video" else of_pictures)(plan, settings, widths)
    free = shutil.disk_usage(_existing(plan.output)).free
    return [
        f"{plan.kind}: {shown(plan.source)} -> {shown(plan.output)}",
        f"styles: {'; '.join(' + '.join(map(shown, styles)) for styles in plan.style_sets)}",
        f"weights: {kind}; {settings.optimizer}, scales: {settings.scales}, steps: {settings.total_steps}",
        f"items: {forecast.items}, {forecast.pixels / 1e6:.2f} megapixels in all",
        f"memory: about {forecast.memory / 1e9:.1f} GB at the peak",
        f"disk: about {forecast.disk / 1e6:.1f} MB, {free / 1e9:.1f} GB are free",
        f"time: about {duration(forecast.seconds)} on this processor",
        *_listed(plan),
        *(f"will fail: {problem}" for problem in forecast.problems),
    ]


def of_pictures(plan: Plan, settings: Settings, widths: Sequence[int]) -> Forecast:
    """The forecast of a picture or a folder of them, from the pictures' headers."""
    sizes, problems = [], []
    for item in plan.items:
        try:
            sizes.append(resizing.size_to_fit(images.read_size(item.content), settings.size))
        except NstpipeError as error:
            problems.append(str(error))
    speed = estimates.operations_per_second()
    seconds = (estimates.seconds_of_picture(settings, size, widths, speed) for size in sizes)
    return Forecast(
        len(plan.items),
        sum(height * width for height, width in sizes),
        max((estimates.memory_of_step(settings, size, widths) for size in sizes), default=0),
        sum(map(estimates.disk_of_picture, sizes)),
        sum(seconds),
        tuple(dict.fromkeys(problems)),
    )


def of_video(plan: Plan, settings: Settings, widths: Sequence[int]) -> Forecast:
    """The forecast of a clip, from its header: the number of frames is what the header says."""
    guess = clip.guess(plan.source)
    size = resizing.size_to_fit(guess.size, settings.size)
    speed, chained = estimates.operations_per_second(), settings.temporal != "none"
    first = estimates.seconds_of_picture(settings, size, widths, speed)
    following = estimates.seconds_of_picture(settings, size, widths, speed, following=chained)
    return Forecast(
        guess.frames,
        guess.frames * size[0] * size[1],
        estimates.memory_of_step(settings, size, widths),
        guess.frames * estimates.disk_of_picture(size),
        first + max(0, guess.frames - 1) * following,
    )


def _listed(plan: Plan) -> list[str]:
    named = [f"  {shown(item.content)} -> {shown(item.output)}" for item in plan.items[:SHOWN_ITEMS]]
    more = len(plan.items) - len(named)
    return [*named, f"  and {more} more"] if more else named


def _existing(path: Path) -> Path:
    """The nearest folder above ``path`` that exists."""
    return next(folder for folder in path.absolute().parents if folder.exists())
