"""The memory that a job may take, and whether what it stylises fits into it, without TensorFlow."""

import math
import sys
from collections.abc import Sequence

import psutil

from pipeline.base.arrays import Size
from pipeline.base.memory import free_address_space, free_memory
from pipeline.core import step_memory
from pipeline.core.margins import Margin
from pipeline.core.scales import usable_size
from pipeline.core.step_memory import BASE_BYTES
from pipeline.errors import TooLargeError
from pipeline.jobs.planning.plan import Plan
from pipeline.jobs.planning.workload import Workload
from pipeline.settings.settings import SMALLEST_SIDE, Settings

SHARE_OF_FREE = 0.85
"""Of the free memory that a job takes by default where its pictures need tiles: other programs may need more
later, and a job that is resumed takes as much again."""

TENSORFLOW_ADDRESS_SPACE = 2 * 2**30
"""Address space that TensorFlow takes when it is loaded and runs one tiny step; most of it is never used."""


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
    try:
        own = step_memory.memory_of_step(settings, size, widths)
    except TooLargeError as error:
        raise TooLargeError(f"{what}: {error}") from None
    needed, base = (processes * (decoder + each) for each in (own, BASE_BYTES))
    several = processes > 1 or free is not None
    if free is None:
        free = _free(several=several)
    if needed > free:
        fitting = int(max(size) * math.sqrt(max(0, free - base) / max(1, needed - base))) // 16 * 16
        remedies = ["fewer --workers"] if several else []
        remedies += [f"--size {fitting}"] if fitting >= SMALLEST_SIDE else []
        remedy = f"try {' or '.join(remedies)}" if remedies else "close other programs"
        raise TooLargeError(
            f"{what}: {size[1]}x{size[0]} pixels need about {needed / 1e9:.1f} GB of memory and "
            f"{free / 1e9:.1f} GB are free; {remedy}"
        )


def needed(settings: Settings, size: Size, widths: Sequence[int]) -> int:
    """Bytes that a step at ``size`` takes; of one that does not fit into the setting ``memory``, at least."""
    try:
        return step_memory.memory_of_step(settings, size, widths)
    except TooLargeError:
        framed = Margin.around(size, settings.margin).framed_size
        return step_memory.smallest_memory(settings, framed, widths)


def settled(
    settings: Settings, plan: Plan, widths: Sequence[int], *, workers: int = 1, decoder: int = 0
) -> Settings:
    """The settings with what each process of a new job may take, or None where nothing needs tiles for that.

    So the pixels of a job whose pictures fit do not depend on the setting; and where they do not fit, they
    depend only on what is decided here, once, and recorded in the job's fingerprint.

    Args:
        settings: ``memory`` None stands for most of what is free now.
        decoder: bytes that each process's decoder of a clip takes beside it.
    """
    given, whole = settings.memory, settings.model_copy(update={"memory": None})
    memory = limit = given or int(SHARE_OF_FREE * _free(several=workers > 1) / workers) - decoder
    if given is None:
        limit *= workers  # where one process would have room for the whole picture, fewer workers are better
    if _fits(whole, (settings.size, settings.size), widths, limit):
        return whole
    sizes = [usable_size(size, settings.size) for size in Workload.of(plan).counts]
    large = [size for size in sizes if not _fits(whole, size, widths, limit)]
    in_tiles = settings.model_copy(update={"memory": max(1, memory)})
    helps = given is not None or any(needed(in_tiles, size, widths) <= memory for size in large)
    return in_tiles if large and helps else whole


def _fits(settings: Settings, size: Size, widths: Sequence[int], memory: int) -> bool:
    return step_memory.memory_of_step(settings, size, widths) <= memory


def _free(*, several: bool) -> int:
    """Bytes that may be used; this process's own are among them where it is the one that stylises."""
    return min(free_memory() + (0 if several else _own_memory()), _free_for_tensorflow())


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
