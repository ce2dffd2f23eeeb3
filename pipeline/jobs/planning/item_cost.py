"""The processor time of an item, and of what a process does once. ``benchmarks.foreseen`` compares it."""

import math
from dataclasses import dataclass

from pipeline.base.arrays import Size
from pipeline.base.speed import Speed
from pipeline.core.margins import Margin
from pipeline.core.scales import Scale, plan, plan_following
from pipeline.extractor.layers import Architecture
from pipeline.jobs.planning import step_cost
from pipeline.jobs.planning.step_cost import CoreSeconds, serial
from pipeline.settings.settings import Settings

PROGRAM_SECONDS = 1.3
"""Start of Python, and the imports of the program itself."""

TENSORFLOW_SECONDS = 3.6
"""Import of TensorFlow; each process that stylises does it."""

WEIGHT_SECONDS = 1.8e-8
"""Reading of the weights, for each value."""

TRACING_SECONDS = 1.0
"""Tracing of the graphs of a picture: targets of content and style, losses with their gradient."""

TRACING_HELD_SECONDS = 0.5
"""Tracing of the graph with the temporal loss."""

TARGET_SHARE = 0.4
"""Of a step's passes: the forward pass that gives the targets of a content or style."""

NEW_SIZE_SHARE = 0.3
"""Of a step's passes: what the first step of each size takes longer, in which oneDNN prepares its kernels."""

READING_SECONDS = 2e-8
"""Of a picture, for each of its pixels: a PNG takes 3e-8, a JPEG that is shrunk less than 1e-8."""

DECODING_SECONDS = 5e-8
"""Of a frame, for each of its pixels: twice, once to find the shots and once to stylise, and its encoding."""

WRITING_SECONDS = 1.1e-7
"""Of a pastiche as PNG, for each of its pixels."""

FLOW_SECONDS = 8e-7
"""Of the optical flow, warps and weights of a frame, for each of its pixels."""

CLIP_SECONDS = 0.5
"""Of the processes that probe, decode and encode a clip."""


@dataclass(frozen=True)
class ItemCost:
    """What a picture or frame costs.

    Attributes:
        scales: the steps at each scale, coarse first, and what each of them costs.
        rest: reading, targets, writing.
    """

    scales: tuple[tuple[int, CoreSeconds], ...]
    rest: CoreSeconds

    @property
    def whole(self) -> CoreSeconds:
        """Steps and rest."""
        return sum((step * count for count, step in self.scales), self.rest)


def of_picture(settings: Settings, size: Size, source: Size, network: Architecture, speed: Speed) -> ItemCost:
    """A picture that is read from one of the size ``source`` and stylised at ``size`` (height, width).

    Args:
        settings: with a precision that is not ``auto``.
    """
    read = serial(READING_SECONDS * math.prod(source), speed)
    return _item(settings, size, network, speed, read, following=False)


def of_frame(
    settings: Settings, size: Size, source: Size, network: Architecture, speed: Speed, *, following: bool
) -> ItemCost:
    """A frame of a clip; ``following``: it follows others of its shot.

    Its coarse scales count where the settings may need them, though frames without new places leave them out.
    """
    follows = following and settings.temporal != "none"
    read = serial(DECODING_SECONDS * math.prod(source), speed)
    if follows and settings.temporal == "flow":
        read += serial(FLOW_SECONDS * math.prod(size), speed)
    return _item(settings, size, network, speed, read, following=follows)


def of_new_size(
    settings: Settings, size: Size, network: Architecture, speed: Speed, styles: int = 1
) -> CoreSeconds:
    """What the first picture of a size takes beside: the targets of ``styles`` styles, oneDNN's kernels."""
    passes = sum(
        step_cost.of_passes(settings, scale.size, network, speed)
        for scale in _scales(settings, size, following=False)
    )
    return CoreSeconds((styles * TARGET_SHARE + NEW_SIZE_SHARE) * passes)


def of_process(settings: Settings, network: Architecture, speed: Speed, *, of_a_clip: bool) -> CoreSeconds:
    """What a process that stylises takes before its first step."""
    before, values = 3, 0
    for channels in network.channels.values():
        values += 9 * before * channels
        before = channels
    own = CoreSeconds(alone=serial(TENSORFLOW_SECONDS + TRACING_SECONDS + WEIGHT_SECONDS * values, speed))
    return own + of_hold(speed) if of_a_clip and settings.temporal == "flow" else own


def of_hold(speed: Speed) -> CoreSeconds:
    """What the first frame with a temporal loss takes beside."""
    return CoreSeconds(alone=serial(TRACING_HELD_SECONDS, speed))


def of_program(speed: Speed, *, processes: int, of_a_clip: bool) -> CoreSeconds:
    """What the program takes beside that; several ``processes`` are started by one more."""
    started = 1 if processes == 1 else 1 + processes
    clip = CLIP_SECONDS if of_a_clip else 0
    return CoreSeconds(alone=serial(PROGRAM_SECONDS * started + clip, speed))


def _item(
    settings: Settings, size: Size, network: Architecture, speed: Speed, read: float, *, following: bool
) -> ItemCost:
    scales = _scales(settings, size, following=following)
    passes = sum(step_cost.of_passes(settings, scale.size, network, speed) for scale in scales)
    write = serial(WRITING_SECONDS * math.prod(size), speed)
    return ItemCost(
        tuple((scale.steps, step_cost.of_step(settings, scale.size, network, speed)) for scale in scales),
        CoreSeconds(TARGET_SHARE * passes, read + write),
    )


def _scales(settings: Settings, size: Size, *, following: bool) -> tuple[Scale, ...]:
    framed = Margin.around(size, settings.margin).framed_size
    if not following:
        return plan(framed, settings)
    # Only the flow shows which places are newly visible.
    return plan_following(framed, settings, coarse_too=settings.temporal == "flow")
