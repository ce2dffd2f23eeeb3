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


def usable_size(size: Size, longest_side: int) -> Size:
    """``size`` (height, width) shrunk to ``longest_side``, but by no more than the network can use.

    A picture of 20000x500 pixels is shrunk to 620x16, even for a ``longest_side`` of 512. Nothing is
    enlarged: what has fewer than 16 pixels on a side stays so, see :func:`check_size`.
    """
    smallest = -(-(2 * SMALLEST_SIDE - 1) * max(size) // (2 * min(size)))  # rounds to SMALLEST_SIDE
    return size_to_fit(size, max(longest_side, smallest))


def pastiche_size(size: Size, longest_side: int, what: str) -> Size:
    """The (height, width) at which a picture or clip of ``size`` is stylised.

    Args:
        size: of the picture, upright.
        longest_side: the setting ``size``.
        what: the picture's name in the error.

    Raises:
        InputError: it is too small.
    """
    usable = usable_size(size, longest_side)
    check_size(usable, what)
    return usable


def note_on_size(size: Size, longest_side: int, what: str) -> str | None:
    """A note where ``size``, of :func:`pastiche_size`, is larger than the ``longest_side`` asked for."""
    if max(size) <= longest_side:
        return None
    return (
        f"{what}: is made at {size[1]}x{size[0]} pixels, since at --size {longest_side} its shorter side "
        f"would have fewer than {SMALLEST_SIDE}; use a larger --size for more"
    )


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
