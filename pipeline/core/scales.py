"""The coarse-to-fine plan of a picture: which sizes, and how many steps at each. No tensors."""

from collections.abc import Callable
from dataclasses import dataclass

from pipeline.base.arrays import Size
from pipeline.base.resizing import size_to_fit
from pipeline.errors import InputError
from pipeline.settings.settings import SMALLEST_SIDE, Settings


@dataclass(frozen=True)
class Scale:
    """One level of the pyramid.

    Attributes:
        size: (height, width) of the picture at this scale.
        steps: steps to take there.
    """

    size: Size
    steps: int


def plan(size: Size, settings: Settings) -> tuple[Scale, ...]:
    """The scales of a picture of ``size`` (height, width), coarse first; each doubles the last one's sides.

    Scales at which the shorter side would be under :data:`SMALLEST_SIDE` are left out.

    Raises:
        InputError: the picture itself is smaller than that.
    """
    return _plan(size, settings, settings.steps_at)


def plan_following(size: Size, settings: Settings, *, coarse_too: bool) -> tuple[Scale, ...]:
    """The scales of a frame that follows others: the full size, and with ``coarse_too`` the coarser ones."""
    scales = _plan(size, settings, settings.frame_steps_at)
    return scales if coarse_too else scales[-1:]


def _plan(size: Size, settings: Settings, steps_at: Callable[[int], int]) -> tuple[Scale, ...]:
    check_size(size)
    last = settings.scales - 1
    levels = [
        Scale(size_to_fit(size, round(max(size) / 2 ** (last - scale))), steps_at(scale))
        for scale in range(settings.scales)
    ]
    return tuple(level for level in levels if min(level.size) >= SMALLEST_SIDE)


def style_size(size: Size, longest_side: int) -> Size:
    """The size of a style for a content of ``longest_side``: not enlarged, no side too small."""
    smallest = -(-(2 * SMALLEST_SIDE - 1) * max(size) // (2 * min(size)))  # rounds to SMALLEST_SIDE
    return size_to_fit(size, max(longest_side, smallest))


def check_size(size: Size, what: str = "the picture") -> None:
    """Refuse a picture whose ``size`` (height, width) is too small.

    Args:
        size: of the picture.
        what: the picture's name in the error.

    Raises:
        InputError: less than 16 pixels on a side, of which VGG19's poolings leave nothing.
    """
    if min(size) < SMALLEST_SIDE:
        height, width = size
        raise InputError(
            f"{what}: is too small, at {width}x{height} pixels; "
            f"use one of at least {SMALLEST_SIDE}x{SMALLEST_SIDE}"
        )
