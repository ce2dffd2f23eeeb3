"""An independent network, its losses and gradients: NumPy, float64, written from the formulas.

It shares only the layers' names with the package, so that a test passes only where both are right.
"""

from collections.abc import Mapping

import numpy as np

from pipeline.extractor import layers
from tests.support import numpy_vgg

Array = np.ndarray


def gram(features: Array) -> Array:
    """Σ over the positions of f fᵀ."""
    return np.einsum("hwi,hwj->ij", features, features)


def content(features: Array, target: Array, form: str) -> tuple[float, Array]:
    """Loss and gradient with respect to ``features``."""
    difference = features - target
    factor = {
        "mean": 1 / difference.size,
        "gatys": 0.5,
        "sum": 1.0,
        "relative": 1 / np.sum(target**2),
    }[form]
    return factor * np.sum(difference**2), 2 * factor * difference


def style(features: Array, style_gram: Array, form: str, pixels: int) -> tuple[float, Array]:
    """Loss and gradient with respect to ``features``; ``style_gram`` is already over its own positions."""
    height, width, channels = features.shape
    positions = height * width
    difference = gram(features) / positions - style_gram
    factor = {
        "mean": 1 / channels**2,
        "gatys": 1 / (4 * channels**2),
        "per-channel": 1 / channels**4,
        "keras": positions**2 / (4 * 9 * pixels**2),
        "relative": 1 / np.sum(style_gram**2),
    }[form]
    by_gram = 2 * factor * difference / positions
    return factor * np.sum(difference**2), features @ (by_gram + by_gram.T)


def total_variation(image: Array, form: str) -> tuple[float, Array]:
    """Loss and gradient with respect to ``image``."""
    down, right = np.diff(image, axis=0), np.diff(image, axis=1)
    if form == "l1":
        by_down, by_right = np.sign(down) / down.size, np.sign(right) / right.size
        return np.abs(down).mean() + np.abs(right).mean(), _undiff(by_down, by_right, image)
    if form == "l2":
        return np.sum(down**2) + np.sum(right**2), _undiff(2 * down, 2 * right, image)
    if form == "l2-mean":
        loss = np.mean(down**2) + np.mean(right**2)
        return loss, _undiff(2 * down / down.size, 2 * right / right.size, image)
    squares = down[:, :-1] ** 2 + right[:-1] ** 2
    factor = 1 / (squares.shape[0] * squares.shape[1]) if form == "power-mean" else 1.0
    slope = factor * 2.5 * squares**0.25
    by_down, by_right = np.zeros_like(down), np.zeros_like(right)
    by_down[:, :-1], by_right[:-1] = slope * down[:, :-1], slope * right[:-1]
    return factor * np.sum(squares**1.25), _undiff(by_down, by_right, image)


def temporal(image: Array, target: Array, weights: Array) -> tuple[float, Array]:
    """Loss and gradient with respect to ``image`` (H, W, 3); ``weights`` are (H, W)."""
    difference = image - target
    loss = np.einsum("hw,hwc->", weights, difference**2) / image.size
    return loss, 2 * np.einsum("hw,hwc->hwc", weights, difference) / image.size


def _undiff(by_down: Array, by_right: Array, image: Array) -> Array:
    gradient = np.zeros_like(image)
    gradient[1:] += by_down
    gradient[:-1] -= by_down
    gradient[:, 1:] += by_right
    gradient[:, :-1] -= by_right
    return gradient


class Network:
    """VGG19 of any width, forward and back."""

    def __init__(self, kernels: Mapping[str, tuple[Array, Array]], pooling: str) -> None:
        self.kernels = {
            layer: (k.astype(np.float64), b.astype(np.float64)) for layer, (k, b) in kernels.items()
        }
        self.pooling = pooling

    def forward(self, image: Array) -> dict[str, Array]:
        """Activations after the ReLU by layer; ``image`` is (H, W, 3) RGB 0..255."""
        self.activations = numpy_vgg.activations(self.kernels, image.astype(np.float64), self.pooling)
        return self.activations

    def backward(self, by_activations: Mapping[str, Array]) -> Array:
        """Gradient with respect to the image from those with respect to some activations."""
        features: Array | float = 0.0
        for layer in reversed(layers.LAYERS):
            features = features + by_activations.get(layer, 0.0)
            features = features * (self.activations[layer] > 0)
            features = _convolve_back(features, self.kernels[layer][0])
            if layer.endswith("conv1") and layer != "block1_conv1":
                before = layers.LAYERS[layers.LAYERS.index(layer) - 1]
                features = self._pool_back(features, self.activations[before])
        return features[..., ::-1]

    def _pool_back(self, by_pooled: Array, before: Array) -> Array:
        squares = numpy_vgg.squares(before)
        if self.pooling == "max":
            share = (squares == squares.max((1, 3), keepdims=True)).astype(float)
        else:
            share = np.full_like(squares, 0.25)
        spread = share * by_pooled[:, None, :, None]
        gradient = np.zeros_like(before)
        height, width = 2 * squares.shape[0], 2 * squares.shape[2]
        gradient[:height, :width] = spread.reshape(height, width, -1)
        return gradient


def _convolve_back(by_output: Array, kernel: Array) -> Array:
    height, width, _ = by_output.shape
    padded = np.zeros((height + 2, width + 2, kernel.shape[2]))
    for y in range(3):
        for x in range(3):
            padded[y : y + height, x : x + width] += by_output @ kernel[y, x].T
    return padded[1:-1, 1:-1]
