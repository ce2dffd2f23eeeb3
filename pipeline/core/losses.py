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

from pipeline.base.gradients import upstream_of

SMALLEST_MEAN_SQUARE = 1e-12
"""Of a target, for the ``relative`` forms: far below that of any layer that responds."""


def gram_matrix(activations: Any, readout: Any = None) -> Any:
    """FᵀF in float32, not divided by anything.

    Args:
        activations: (h, w, n), of any precision. The gradient with respect to them is computed in it.
        readout: (n + 1, N): F is [activations, 1] · readout, which is never computed: FᵀF = RᵀĜR of the
            readout R and the Gram matrix Ĝ of [activations, 1]. None: F is the activations.
    """
    flat = ops.reshape(activations, (-1, activations.shape[-1]))
    return _product_with_itself(flat) if readout is None else _product_of_readouts(flat, readout)


def style_target(activations: Any, readout: Any = None) -> Any:
    """A/M (N, N): the style's :func:`gram_matrix` over its own positions."""
    return gram_matrix(activations, readout) / positions(activations)


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
    activations: Any,
    target: Any,
    form: str = "mean",
    pixels: Any = None,
    weight: Any = 1.0,
    readout: Any = None,
) -> Any:
    """How far the :func:`gram_matrix` is from a style's, times ``weight``; see :func:`gram_loss`."""
    gram = gram_matrix(activations, readout)
    return gram_loss(gram, positions(activations), target, form, pixels, weight)


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
    down, right = differences(image)
    if form in ("power", "power-mean"):
        powers = powers_of(down, right, channels)
        return weight * ops.sum(powers) if form == "power" else weight * channels * ops.mean(powers)
    if form == "l1":
        return weight * (ops.mean(ops.abs(right)) + ops.mean(ops.abs(down)))
    if form == "l2-mean":
        return weight * (ops.mean(ops.square(right)) + ops.mean(ops.square(down)))
    return weight * (ops.sum(ops.square(right)) + ops.sum(ops.square(down)))


def powers_of(down: Any, right: Any, channels: int) -> Any:
    """(dx²+dy²)^1.25 where an image has both neighbours, from its :func:`differences`."""
    return _to_the_five_fourths(ops.square(down[:, :-channels]) + ops.square(right[:-1]))


@ops.custom_gradient  # type: ignore[untyped-decorator]
def differences(image: Any) -> tuple[Any, Any]:
    """What the neighbours in an image (H, W, 3) differ by.

    Long rows are cut several times faster than pixels. The gradient is put together from pieces: that of four
    slices would be four pictures filled up with zeros.

    Returns:
        Below minus above (H-1, W·3), and right minus left (H, (W-1)·3).
    """
    channels, size = image.shape[-1], ops.shape(image)
    rows = ops.reshape(image, (size[0], -1))

    def gradient(*arguments: Any, upstream: Any = None) -> Any:
        down, right = upstream_of(arguments, upstream)
        by_rows = ops.concatenate([-down[:1], down[:-1] - down[1:], down[-1:]], axis=0)
        inner = right[:, :-channels] - right[:, channels:]
        by_columns = ops.concatenate([-right[:, :channels], inner, right[:, -channels:]], axis=1)
        return ops.reshape(by_rows + by_columns, size)

    return (rows[1:] - rows[:-1], rows[:, channels:] - rows[:, :-channels]), gradient


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


@ops.custom_gradient  # type: ignore[untyped-decorator]
def _product_with_itself(flat: Any) -> tuple[Any, Any]:
    """FᵀF of F (M, N). Its gradient F(D+Dᵀ) is one product; differentiating the two factors costs two."""

    def gradient(*arguments: Any, upstream: Any = None) -> Any:
        above = upstream_of(arguments, upstream)  # (N, N)
        return ops.matmul(flat, ops.cast(above + ops.transpose(above), flat.dtype))

    return _product(ops.cast(flat, "float32")), gradient


def _product(flat: Any) -> Any:
    return ops.matmul(ops.transpose(flat), flat)


def _product_of_readouts(flat: Any, readout: Any) -> Any:
    """FᵀF of F = XK + b, with X ``flat`` (M, n), K ``readout`` but its last row, and that row b.

    It is Kᵀ(XᵀX)K + (1ᵀXK)ᵀb + bᵀ(1ᵀXK) + M·bᵀb. With S the upstream gradient plus its transpose, the
    gradient is FSKᵀ = X(KSKᵀ) + bSKᵀ.
    """
    kernel, offset = readout[:-1], readout[-1:]  # (n, N), (1, N)

    @ops.custom_gradient  # type: ignore[untyped-decorator]
    def product(flat: Any) -> tuple[Any, Any]:
        exact = ops.cast(flat, "float32")
        sums = ops.matmul(ops.sum(exact, axis=0, keepdims=True), kernel)  # (1, N)
        half = ops.matmul(ops.transpose(sums), offset)
        ones = ops.cast(ops.shape(flat)[0], "float32") * ops.matmul(ops.transpose(offset), offset)

        def gradient(*arguments: Any, upstream: Any = None) -> Any:
            above = upstream_of(arguments, upstream)
            back = ops.matmul(above + ops.transpose(above), ops.transpose(kernel))  # SKᵀ (N, n)
            slope = ops.cast(ops.matmul(kernel, back), flat.dtype)
            return ops.matmul(flat, slope) + ops.cast(ops.matmul(offset, back), flat.dtype)

        inner = ops.matmul(ops.transpose(kernel), ops.matmul(_product(exact), kernel))
        return inner + half + ops.transpose(half) + ones, gradient

    return product(flat)


@ops.custom_gradient  # type: ignore[untyped-decorator]
def _to_the_five_fourths(squares: Any) -> tuple[Any, Any]:
    """s^1.25 by roots: several times faster than a power. Its gradient at 0 is 0, not infinity times 0."""
    root = ops.sqrt(ops.sqrt(squares))

    def gradient(*arguments: Any, upstream: Any = None) -> Any:
        return 1.25 * root * upstream_of(arguments, upstream)

    return squares * root, gradient
