"""What a job will cost, worked out from sizes alone: operations, memory, disk, time. No TensorFlow."""

import math
import time
from collections.abc import Sequence

import numpy as np
import psutil

from pipeline.base.arrays import Size
from pipeline.base.machine import free_memory
from pipeline.core.margins import Margin
from pipeline.errors import TooLargeError
from pipeline.extractor import layers
from pipeline.settings.settings import SMALLEST_SIDE, Settings

LBFGS_BYTES_PER_VALUE = 8 * 27
"""L-BFGS-B keeps seven pairs of differences and a dozen more vectors in float64."""

BASE_BYTES = 700 * 2**20
"""A process that has loaded TensorFlow and run one tiny step."""

PNG_BYTES_PER_PIXEL = 2.2
"""A stylised picture compresses badly; measured on pastiches of the samples."""

CONVOLUTION_SPEED = 1.6
"""Operations a second of a step's passes and losses, to those of a matrix product (benchmarks.step_split)."""

LBFGS_SECONDS_PER_VALUE = 9e-8
"""What SciPy's L-BFGS-B takes for each number of the picture, each step (benchmarks.step_split)."""


def _channels(widths: Sequence[int], deepest: Sequence[str]) -> list[tuple[float, int, int]]:
    """For each layer that is computed: its share of the picture's pixels, channels in, channels out."""
    rows, before = [], 3
    for layer in layers.up_to_deepest(deepest):
        block = layers.block_of(layer)
        rows.append((4.0 ** (1 - block), before, widths[block - 1]))
        before = widths[block - 1]
    return rows


def operations_of_step(settings: Settings, size: Size, widths: Sequence[int]) -> float:
    """Floating-point operations of one step at ``size`` (height, width): a forward and a backward pass."""
    used = [*settings.content_layers, *settings.style_layers]
    per_pixel = sum(share * 2 * 9 * inside * out for share, inside, out in _channels(widths, used))
    return 2 * per_pixel * _pixels(settings, size)


def seconds_of_picture(
    settings: Settings, size: Size, widths: Sequence[int], speed: float, following: bool = False
) -> float:
    """Seconds of a whole picture, every scale, at ``speed`` operations a second.

    ``following``: a frame that follows others.
    """
    optimizer = LBFGS_SECONDS_PER_VALUE if settings.optimizer == "lbfgs" else 0.0
    full = operations_of_step(settings, size, widths) / speed + 3 * _pixels(settings, size) * optimizer
    steps_at = settings.frame_steps_at if following else settings.steps_at
    last = settings.scales - 1
    first = last if following and settings.temporal != "flow" else 0  # only the flow calls for coarser scales
    return full * sum(steps_at(scale) * 4.0 ** (scale - last) for scale in range(first, settings.scales))


def memory_of_step(settings: Settings, size: Size, widths: Sequence[int]) -> int:
    """Bytes that a step at ``size`` takes at its peak, the process included.

    The forward pass keeps every convolution's input and activation for the backward pass, which adds
    the gradients of the two widest.
    """
    rows = _channels(widths, [*settings.content_layers, *settings.style_layers])
    kept = sum(share * out for share, _, out in rows)
    values_per_pixel = 2 * kept + 4 * max(share * out for share, _, out in rows)
    optimizer = LBFGS_BYTES_PER_VALUE if settings.optimizer == "lbfgs" else 32
    return int(BASE_BYTES + _pixels(settings, size) * (4 * values_per_pixel + 3 * optimizer))


def _pixels(settings: Settings, size: Size) -> int:
    """Pixels that a step works on: those of the picture and of its rim."""
    height, width = Margin.around(size, settings.margin).framed_size
    return height * width


def check_memory(
    what: str, settings: Settings, size: Size, widths: Sequence[int], processes: int = 1
) -> None:
    """See that a step at ``size`` in each of so many processes fits into the memory that is free.

    Raises:
        TooLargeError: it does not; the message gives a size that would.
    """
    needed, base = processes * memory_of_step(settings, size, widths), processes * BASE_BYTES
    free = free_memory() + (_own_memory() if processes == 1 else 0)
    if needed > free:
        fitting = int(max(size) * math.sqrt(max(0, free - base) / max(1, needed - base)))
        fewer = "fewer --workers or " if processes > 1 else ""
        raise TooLargeError(
            f"{what}: {size[1]}x{size[0]} pixels need about {needed / 1e9:.1f} GB of memory and "
            f"{free / 1e9:.1f} GB are free; try {fewer}--size {max(SMALLEST_SIDE, fitting // 16 * 16)}"
        )


def _own_memory() -> int:
    """Bytes that this process holds: the estimate counts them again."""
    return int(psutil.Process().memory_info().rss)


def disk_of_picture(size: Size) -> int:
    """Bytes of a pastiche of ``size`` as PNG."""
    return int(size[0] * size[1] * PNG_BYTES_PER_PIXEL)


def operations_per_second() -> float:
    """What this machine's processor can do for the extractor, from a short matrix product."""
    matrix = np.ones((1024, 1024), np.float32)
    matrix @ matrix
    began = time.perf_counter()
    for _ in range(4):
        matrix @ matrix
    seconds = time.perf_counter() - began
    return CONVOLUTION_SPEED * 4 * 2 * 1024.0**3 / seconds
