"""The memory that a step takes, and the tiles and the history with which it takes no more than it may.

From sizes alone, without TensorFlow. Which tiles a picture is cut into depends only on its size, the network,
and the settings, ``memory`` among them: never on what is free at the moment.
"""

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipeline.base.arrays import Size
from pipeline.core.margins import Margin
from pipeline.core.tiles import Grid, Reach, grid
from pipeline.errors import TooLargeError
from pipeline.extractor import layers
from pipeline.settings.settings import Settings

BASE_BYTES = 650 * 2**20
"""Memory of a process that has loaded TensorFlow and run one tiny step."""

VECTORS = {"projected-lbfgs": 7.25, "lbfgs": 2 * 30}
"""float32 vectors of the picture's size that are held while a step is evaluated, the content and the start
among them, without the pairs of a history; others: :data:`OTHER_VECTORS`. Those of SciPy are of float64."""

OTHER_VECTORS = 6.5

PIECES_SHARE, MOST_PIECES = 1.75, 210 * 10**6
"""What TensorFlow holds beside a window, as a share of what the window takes, and in bytes at most: it keeps
what it has once allocated, and the pieces that are left by windows of one shape do not fit the next."""

PICTURE_BYTES = 60
"""For each pixel, of the total variation's differences and of the picture on the device."""

MOST_PAIRS = {"lbfgs": 7, "projected-lbfgs": 10}
"""Of the histories; those of the optimizers' own modules, which load SciPy."""

ENOUGH_PAIRS = 5
"""Of the history of projected L-BFGS: with more, up to 15, the loss falls about as far."""

FEWEST_PAIRS = 2
"""Of the history of projected L-BFGS, below which a picture is too large for the memory."""

GOOD_WORK = 4
"""Times the work of an untiled step up to which more pairs are worth more than larger tiles."""

SMALLEST_WINDOW = 3
"""Sides of a window in halos at least: a third of each side is its own."""


@dataclass(frozen=True)
class StepPlan:
    """How the steps of a picture are taken.

    Attributes:
        memory: bytes at the peak, the process included.
        pairs: of the history of L-BFGS.
        grid: the tiles; None: the picture is not cut.
        keeps_content: whether the content's activations are kept; else each step computes them again.
    """

    memory: int
    pairs: int
    grid: Grid | None = None
    keeps_content: bool = True

    def work(self, size: Size) -> float:
        """How many times the operations of an untiled step a step takes on a picture of ``size``."""
        if self.grid is None:
            return 1.0
        pixels = sum(tile.pixels for tile in self.grid.tiles(size))
        return (1.5 if self.keeps_content else 2.0) * pixels / math.prod(size)


def memory_of_step(settings: Settings, size: Size, widths: Sequence[int]) -> int:
    """Bytes that a step at ``size`` takes at its peak, the process included.

    Args:
        size: (height, width) of the picture, without the margin.
        widths: channels of the extractor's blocks.

    Raises:
        TooLargeError: as for :func:`step_plan`.
    """
    framed = Margin.around(size, settings.margin).framed_size
    return step_plan(settings, framed, widths).memory


def untiled(settings: Settings, size: Size, widths: Sequence[int]) -> StepPlan:
    """The plan of a picture of ``size``, margin included, that is not cut."""
    vectors = _vectors(settings, _most_pairs(settings)) + 2
    per_pixel = _network_bytes(settings, widths) + _bytes_of(settings.content_layers, widths)
    pixels = math.prod(size)
    memory = _base(settings, widths) + pixels * (per_pixel + 12 * vectors)
    return StepPlan(math.ceil(memory), MOST_PAIRS.get(settings.optimizer, 0))


def step_plan(settings: Settings, size: Size, widths: Sequence[int]) -> StepPlan:
    """The plan of a picture of ``size`` (height, width), margin included.

    It is cut only if it needs more than the setting ``memory``. Then the plan is that of the least work, with
    pairs enough for the history as long as the work is at most :data:`GOOD_WORK`.

    Args:
        settings: with a precision that is not ``auto``.
        widths: channels of the extractor's blocks.

    Raises:
        TooLargeError: it needs more even in small tiles.
    """
    whole = untiled(settings, size, widths)
    if settings.memory is None or whole.memory <= settings.memory:
        return whole
    most_pairs = _most_pairs(settings)
    enough = min(ENOUGH_PAIRS, most_pairs)
    counts = [range(enough, most_pairs + 1), *([pairs] for pairs in range(enough - 1, FEWEST_PAIRS - 1, -1))]
    plans = [_tiled(settings, size, widths, pairs) for pairs in counts]
    good = [[plan for plan in some if plan.work(size) <= GOOD_WORK] for some in plans]
    candidates = next(filter(None, good), list(itertools.chain(*plans)))
    if candidates:
        return min(candidates, key=lambda plan: (plan.work(size), -plan.pairs))
    needed = smallest_memory(settings, size, widths)
    raise TooLargeError(
        f"{size[1]}x{size[0]} pixels need {needed / 1e9:.1f} GB of memory even in tiles, and "
        f"--memory allows {settings.memory / 1e9:.1f} GB; use a larger --memory or a smaller --size"
    )


def smallest_memory(settings: Settings, size: Size, widths: Sequence[int]) -> int:
    """Bytes of a step on a picture of ``size``, margin included, in the smallest tiles."""
    reach = Reach.of(_used(settings))
    pixels = min(math.prod(size), (SMALLEST_WINDOW * reach.halo) ** 2)
    pairs = min(FEWEST_PAIRS, _most_pairs(settings))
    fixed = _fixed(settings, size, widths, pairs, keeps_content=False)
    in_tiles = math.ceil(fixed + _window_memory(settings, widths, pixels))
    return min(in_tiles, untiled(settings, size, widths).memory)


def style_grid(settings: Settings, size: Size, widths: Sequence[int]) -> Grid | None:
    """The tiles of a style of ``size``, through which its Grams are summed; None: it is not cut."""
    if settings.memory is None:
        return None
    free = settings.memory - _base(settings, widths) - 24 * math.prod(size)
    most = _largest_window(settings, widths, free)
    if math.prod(size) <= most:
        return None
    reach = Reach.of(_used(settings))
    return grid(size, reach, max(most, (SMALLEST_WINDOW * reach.halo) ** 2))


def _tiled(settings: Settings, size: Size, widths: Sequence[int], pairs: Iterable[int]) -> list[StepPlan]:
    """The plans that fit."""
    assert settings.memory is not None
    reach = Reach.of(_used(settings))
    least = min(math.prod(size), (SMALLEST_WINDOW * reach.halo) ** 2)
    plans = []
    for count, keeps_content in itertools.product(pairs, (True, False)):
        fixed = _fixed(settings, size, widths, count, keeps_content)
        most = _largest_window(settings, widths, settings.memory - fixed)
        tiles = grid(size, reach, most) if most >= least else None
        if tiles is not None:
            largest = max(tile.pixels for tile in tiles.tiles(size))
            memory = math.ceil(fixed + _window_memory(settings, widths, largest))
            plans.append(StepPlan(memory, count, tiles, keeps_content))
    return plans


def _fixed(settings: Settings, size: Size, widths: Sequence[int], pairs: int, keeps_content: bool) -> float:
    """Bytes that do not depend on the tiles."""
    kept = _bytes_of(settings.content_layers, widths) if keeps_content else 0.0
    return _base(settings, widths) + math.prod(size) * (kept + 12 * _vectors(settings, pairs))


def _used(settings: Settings) -> list[str]:
    return [*settings.content_layers, *settings.style_layers]


def _most_pairs(settings: Settings) -> int:
    """Pairs that the history holds at most; each step but the first adds one."""
    most = MOST_PAIRS.get(settings.optimizer, 0)
    scales = range(settings.scales)
    steps = max(max(settings.steps_at(scale), settings.frame_steps_at(scale)) for scale in scales)
    return min(most, max(1, steps - 1)) if most else 0


def _vectors(settings: Settings, pairs: int) -> float:
    """float32 vectors of the picture's size that are held while a step is evaluated."""
    in_a_pair = 4 if settings.optimizer == "lbfgs" else 2
    return VECTORS.get(settings.optimizer, OTHER_VECTORS) + in_a_pair * pairs


def _base(settings: Settings, widths: Sequence[int]) -> float:
    """Bytes of the process and of the network: the kernels as arrays, and again as tensors."""
    present = [layer for layer in layers.LAYERS if layers.block_of(layer) <= len(widths)]
    of_all = sum(9 * before * out for _, before, out in layers.convolutions(widths, present))
    of_used = sum(9 * before * out for _, before, out in layers.convolutions(widths, _used(settings)))
    return BASE_BYTES + 4 * (of_all + of_used)


def _network_bytes(settings: Settings, widths: Sequence[int]) -> float:
    """Bytes for each pixel of a forward and a backward pass.

    The activation of every convolution is kept for the backward pass, in the network's numbers; the first one
    is computed in float32. The backward pass holds some three more of the widest layer.
    """
    rows = layers.convolutions(widths, _used(settings))
    values = [share * out for share, _, out in rows]
    if settings.precision != "bfloat16":
        return PICTURE_BYTES + 4 * (sum(values) + 3.75 * max(values))
    return PICTURE_BYTES + 4 * values[0] + 2 * (sum(values[1:]) + 3.25 * max(values))


def _window_memory(settings: Settings, widths: Sequence[int], pixels: int) -> float:
    """Bytes of the passes of a window of so many pixels, and of what is held beside it."""
    needed = pixels * _window_bytes(settings, widths)
    return needed + min(PIECES_SHARE * needed, MOST_PIECES)


def _largest_window(settings: Settings, widths: Sequence[int], free: float) -> int:
    """Pixels of the largest window whose :func:`_window_memory` is ``free``."""
    needed = max(free / (1 + PIECES_SHARE), free - MOST_PIECES)
    return int(needed / _window_bytes(settings, widths))


def _window_bytes(settings: Settings, widths: Sequence[int]) -> float:
    """Bytes for each pixel of a window: those of the network, and the copies that are cut to its own part."""
    of_a_number = 2 if settings.precision == "bfloat16" else 4
    return _network_bytes(settings, widths) + 1.5 * of_a_number * widths[0]


def _bytes_of(used: Iterable[str], widths: Sequence[int]) -> float:
    """Bytes for each pixel of the picture of the activations of some layers in float32."""
    return sum(4 * widths[layers.block_of(layer) - 1] / layers.stride_of(layer) ** 2 for layer in used)
