"""Estimate the memory and disk space of a job from sizes alone, without TensorFlow."""

import math
import sys
from collections.abc import Sequence

import psutil

from pipeline.base.arrays import Size
from pipeline.base.memory import free_address_space, free_memory
from pipeline.core.margins import Margin
from pipeline.errors import TooLargeError
from pipeline.extractor import layers
from pipeline.settings.settings import SMALLEST_SIDE, Settings

OPTIMIZER_BYTES_PER_VALUE = {"lbfgs": 8 * 27, "projected-lbfgs": 4 * (2 * 10 + 12)}
"""Seven pairs of differences and a dozen vectors in float64; ten pairs and a dozen in float32."""

BASE_BYTES = 700 * 2**20
"""Memory of a process that has loaded TensorFlow and run one tiny step."""

TENSORFLOW_ADDRESS_SPACE = 2 * 2**30
"""Address space that TensorFlow takes when it is loaded and runs one tiny step; most of it is never used."""

PNG_BYTES_PER_PIXEL = 2.2
"""Measured on pastiches of the samples; a stylised picture compresses badly."""


def _channels(widths: Sequence[int], deepest: Sequence[str]) -> list[tuple[float, int, int]]:
    """For each layer that is computed: its share of the picture's pixels, channels in, channels out."""
    rows, before = [], 3
    for layer in layers.up_to_deepest(deepest):
        block = layers.block_of(layer)
        rows.append((4.0 ** (1 - block), before, widths[block - 1]))
        before = widths[block - 1]
    return rows


def memory_of_step(settings: Settings, size: Size, widths: Sequence[int]) -> int:
    """Bytes that a step at ``size`` takes at its peak, the process included.

    The forward pass keeps every convolution's input and activation for the backward pass, which adds
    the gradients of the two widest.
    """
    rows = _channels(widths, [*settings.content_layers, *settings.style_layers])
    kept = sum(share * out for share, _, out in rows)
    values_per_pixel = 2 * kept + 4 * max(share * out for share, _, out in rows)
    optimizer = OPTIMIZER_BYTES_PER_VALUE.get(settings.optimizer, 32)
    pixels = math.prod(Margin.around(size, settings.margin).framed_size)
    return int(BASE_BYTES + pixels * (4 * values_per_pixel + 3 * optimizer))


def check_memory(
    what: str,
    settings: Settings,
    size: Size,
    widths: Sequence[int],
    *,
    processes: int = 1,
    decoder: int = 0,
    free: int | None = None,
) -> None:
    """Check that a step at ``size`` in each of ``processes`` processes fits into the free memory.

    Args:
        what: the picture or clip, for the message.
        decoder: bytes that each process's decoder of a clip takes beside it.
        free: bytes that may be used; None: what the machine has free now.

    Raises:
        TooLargeError: it does not fit; the message gives a size that would.
    """
    needed, base = (
        processes * (decoder + own) for own in (memory_of_step(settings, size, widths), BASE_BYTES)
    )
    several = processes > 1 or free is not None
    if free is None:
        free = min(free_memory() + (0 if several else _own_memory()), _free_for_tensorflow())
    if needed > free:
        fitting = int(max(size) * math.sqrt(max(0, free - base) / max(1, needed - base))) // 16 * 16
        remedies = ["fewer --workers"] if several else []
        remedies += [f"--size {fitting}"] if fitting >= SMALLEST_SIDE else []
        remedy = f"try {' or '.join(remedies)}" if remedies else "close other programs"
        raise TooLargeError(
            f"{what}: {size[1]}x{size[0]} pixels need about {needed / 1e9:.1f} GB of memory and "
            f"{free / 1e9:.1f} GB are free; {remedy}"
        )


def _free_for_tensorflow() -> int:
    """Bytes that a limit on the address space leaves to this process, its base included."""
    space = free_address_space()
    if space is None:
        return sys.maxsize
    is_loaded = "tensorflow" in sys.modules
    return space + (_own_memory() if is_loaded else BASE_BYTES - TENSORFLOW_ADDRESS_SPACE)


def _own_memory() -> int:
    """Bytes that this process holds; the estimate includes them."""
    return int(psutil.Process().memory_info().rss)


def disk_of_picture(size: Size) -> int:
    """Bytes of a pastiche of ``size`` as PNG."""
    return int(size[0] * size[1] * PNG_BYTES_PER_PIXEL)
