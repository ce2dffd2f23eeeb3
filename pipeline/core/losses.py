"""The losses, as pure functions on tensors of one image (no batch).

F is a layer's activations for the iterate, P for the content, A the style's Gram matrix; M is the number
of positions (h·w) and N the number of channels of a layer. The forms are those of
Gatys, Ecker, Bethge 2016 ("Image Style Transfer Using Convolutional Neural Networks") and of the Keras
example "Neural style transfer", means that do not depend on the picture's size, and relative losses that do
not depend on the level of the activations, either: 1 is the loss of activations that are all 0.

A weight is multiplied by a form's own factor before it meets the loss. With a constant weight, TensorFlow
computes the product in this order, so that a weight that is an input gives the same bytes.
"""

from typing import Any

from keras import ops

SMALLEST_MEAN_SQUARE = 1e-12
"""Of a target, for the ``relative`` forms: far below that of any layer that responds."""


def gram_matrix(activations: Any) -> Any:
    """FᵀF (N, N), not divided by anything, of activations (h, w, N)."""
    channels = activations.shape[-1]
    return _product_with_itself(ops.reshape(activations, (-1, channels)))


def style_target(activations: Any) -> Any:
    """A/M (N, N): the Gram matrix of the style's activations (h, w, N) over its own positions."""
    return gram_matrix(activations) / positions(activations)


def content_loss(activations: Any, target: Any, form: str = "mean", weight: Any = 1.0) -> Any:
    """How far F (h, w, N) is from P of the same shape, times ``weight``.

    Args:
        form: ``mean``: mean((F-P)²); ``gatys``: ½ Σ (F-P)²; ``sum``: Σ (F-P)²; ``relative``:
            Σ (F-P)² / Σ P².
    """
    squares = ops.square(activations - target)
    if form == "mean":
        return weight * ops.mean(squares)
    if form == "relative":
        return weight * (ops.mean(squares) / _mean_square(target))
    return weight * {"gatys": 0.5, "sum": 1.0}[form] * ops.sum(squares)


def style_loss(
    activations: Any, target: Any, form: str = "mean", pixels: Any = None, weight: Any = 1.0
) -> Any:
    """How far the Gram matrix of F (h, w, N) is from a style's, times ``weight``; see :func:`gram_loss`."""
    return gram_loss(gram_matrix(activations), positions(activations), target, form, pixels, weight)


def gram_loss(
    gram: Any, own: Any, target: Any, form: str = "mean", pixels: Any = None, weight: Any = 1.0
) -> Any:
    """How far a Gram matrix G (N, N) is from a style's, times ``weight``.

    Both are divided by their own M before they are compared, so the sizes may differ.

    Args:
        own: M, the positions that G is a sum over.
        target: A/M (N, N), of :func:`style_target`.
        form: with D = G/M - A/M: ``mean``: mean(D²); ``gatys``: Σ D² / (4N²), which is
            1/(4N²M²) Σ (G-A)² where the sizes agree; ``per-channel``: mean((D/N)²);
            ``keras``: M² Σ D² / (4·3²·pixels²), the Keras example's; ``relative``: Σ D² / Σ (A/M)².
        pixels: positions of the picture itself (H·W); only ``keras`` needs it.
    """
    difference = gram / own - target
    if form == "relative":
        return weight * (ops.mean(ops.square(difference)) / _mean_square(target))
    channels = gram.shape[-1]
    if form == "keras":
        relative = own / ops.cast(pixels, "float32")
        # In float64: TensorFlow makes dividing by a constant a product, which float32 rounds differently.
        share = ops.cast(ops.cast(weight, "float64") / 36, "float32")
        return share * ops.sum(ops.square(difference)) * ops.square(relative)
    factor = {"mean": 1.0, "gatys": 0.25, "per-channel": 1 / channels**2}[form]
    return weight * factor * ops.mean(ops.square(difference))


def total_variation(image: Any, form: str = "power-mean", weight: Any = 1.0) -> Any:
    """How much neighbouring pixels of an image (H, W, 3) differ, in the image's own units, times ``weight``.

    Args:
        form: ``l1``: mean|dx| + mean|dy|; ``l2``: Σ dx² + Σ dy², over every pair and channel;
            ``l2-mean``: mean(dx²) + mean(dy²);
            ``power``: Σ (dx²+dy²)^1.25 over the (H-1)·(W-1) positions that have both neighbours
            and the channels, the Keras example's; ``power-mean``: the same divided by (H-1)·(W-1).
    """
    channels = image.shape[-1]
    rows = ops.reshape(image, (ops.shape(image)[0], -1))  # (H, W·3): long rows are cut several times faster
    if form in ("power", "power-mean"):
        corner = rows[:-1, :-channels]
        squares = ops.square(rows[1:, :-channels] - corner) + ops.square(rows[:-1, channels:] - corner)
        powers = to_the_five_fourths(squares)
        return weight * ops.sum(powers) if form == "power" else weight * channels * ops.mean(powers)
    down, right = rows[1:] - rows[:-1], rows[:, channels:] - rows[:, :-channels]
    if form == "l1":
        return weight * (ops.mean(ops.abs(right)) + ops.mean(ops.abs(down)))
    if form == "l2-mean":
        return weight * (ops.mean(ops.square(right)) + ops.mean(ops.square(down)))
    return weight * (ops.sum(ops.square(right)) + ops.sum(ops.square(down)))


def temporal_loss(image: Any, target: Any, weights: Any) -> Any:
    """mean(c · (x - target)²) of images (H, W, 3) in one unit, with weights c (H, W).

    Ruder, Dosovitskiy, Brox 2016, equation 5.
    """
    return ops.mean(ops.square(image - target) * weights[..., None])


def positions(activations: Any) -> Any:
    """M = h·w as a float32 tensor; the sizes may be known only when a compiled graph runs."""
    shape = ops.shape(activations)
    return ops.cast(shape[0], "float32") * ops.cast(shape[1], "float32")


def _mean_square(target: Any) -> Any:
    """mean(target²), or a tiny number instead of 0: activations may all be 0."""
    return ops.maximum(ops.mean(ops.square(target)), SMALLEST_MEAN_SQUARE)


def _upstream(arguments: tuple[Any, ...], upstream: Any) -> Any:
    """The gradient by this function's result: some backends pass it by position, others by name."""
    return arguments[0] if upstream is None else upstream


@ops.custom_gradient  # type: ignore[untyped-decorator]
def _product_with_itself(flat: Any) -> tuple[Any, Any]:
    """FᵀF of F (M, N). Its gradient F(D+Dᵀ) is one product; differentiating the two factors costs two."""

    def gradient(*arguments: Any, upstream: Any = None) -> Any:
        above = _upstream(arguments, upstream)  # (N, N)
        return ops.matmul(flat, above + ops.transpose(above))

    return ops.matmul(ops.transpose(flat), flat), gradient


@ops.custom_gradient  # type: ignore[untyped-decorator]
def to_the_five_fourths(squares: Any) -> tuple[Any, Any]:
    """s^1.25 by roots: several times faster than a power. Its gradient at 0 is 0, not infinity times 0."""
    root = ops.sqrt(ops.sqrt(squares))

    def gradient(*arguments: Any, upstream: Any = None) -> Any:
        return 1.25 * root * _upstream(arguments, upstream)

    return squares * root, gradient
