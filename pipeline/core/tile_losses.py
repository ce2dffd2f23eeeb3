"""The losses of one tile: sums over its own part, which add up to the loss of the picture over all tiles."""

from typing import Any

from keras import ops

from pipeline.base.arrays import Size
from pipeline.core.losses import SMALLEST_MEAN_SQUARE, differences, powers_of


def own_part(values: Any, own: Any, stride: int) -> Any:
    """The own part of a window's values (h, w, …) at a layer with ``stride``.

    Args:
        own: top, bottom, left, right in pixels of the window, as whole float32 numbers (4,).
    """
    top, bottom, left, right = (side // stride for side in _sides(own))
    return values[top:bottom, left:right]


def content_factor(form: str, weight: float, values: int, mean_square: float) -> float:
    """What Σ (F-P)² is multiplied by, for the content loss of the whole picture.

    Args:
        form: as for :func:`.losses.content_loss`.
        values: how many values P has.
        mean_square: mean(P²).
    """
    if form == "relative":
        return weight / (values * max(mean_square, SMALLEST_MEAN_SQUARE))
    return weight * {"mean": 1 / values, "gatys": 0.5, "sum": 1.0}[form]


def variation_factors(form: str, weight: float, size: Size) -> tuple[float, float]:
    """What the sums over pairs of columns, and of rows, are multiplied by in a picture of ``size``.

    The forms with a power have one sum, over positions with both neighbours.
    """
    height, width = size
    if form in ("l1", "l2-mean"):
        return weight / (height * (width - 1) * 3), weight / ((height - 1) * width * 3)
    factor = weight / ((height - 1) * (width - 1)) if form == "power-mean" else weight
    return factor, factor


def squared_distance(values: Any, target: Any) -> Any:
    """Σ (F-P)²."""
    return ops.sum(ops.square(values - target))


def inner_product(gram: Any, slopes: Any) -> Any:
    """<S, G> of a tile's G (N, N): its gradient is that of a loss whose slope by the whole G is S."""
    return ops.sum(slopes * gram)


def variation(window: Any, own: Any, form: str, factors: Any) -> Any:
    """The tile's part of the total variation; a pair of pixels belongs to the upper or left one.

    Args:
        window: (h, w, 3), which holds a neighbour below and to the right of its own part if the picture does.
        form: as for :func:`.losses.total_variation`.
        factors: (2,), of :func:`variation_factors`.
    """
    top, bottom, left, right = _sides(own)
    part = window[top : bottom + 1, left : right + 1]
    channels = part.shape[-1]
    below, beside = differences(part)
    if form in ("power", "power-mean"):
        return factors[0] * ops.sum(powers_of(below, beside, channels))
    own_beside, own_below = beside[: bottom - top], below[:, : channels * (right - left)]
    measure = ops.abs if form == "l1" else ops.square
    return factors[0] * ops.sum(measure(own_beside)) + factors[1] * ops.sum(measure(own_below))


def held(window: Any, target: Any, weights: Any, own: Any) -> Any:
    """Σ c · (x - target)² over the own part, with weights c (h, w)."""
    squares = ops.square(window - target) * weights[..., None]
    return ops.sum(own_part(squares, own, 1))


def _sides(own: Any) -> list[Any]:
    whole = ops.cast(own, "int32")
    return [whole[side] for side in range(4)]
