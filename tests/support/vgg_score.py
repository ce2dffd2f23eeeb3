"""How far a pastiche is from its style and its content by VGG19, computed in NumPy alone.

style: the mean over block1..5_conv1 of |G - A|² / |A|², where G and A are the Gram matrices of the pastiche
and of the style, each over its own positions; divided, layer by layer, by the content's own value. 1 is the
untouched photograph, 0 the style itself.
content: |F - P|² / |P|² at block4_conv2; 0 is the photograph.

Both are ratios of activations of one layer, so a factor on a layer of the network does not change them.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from tests.support.numpy_vgg import Array, Kernels, activations

SIZE = 384
"""Longest side, in pixels, at which the pictures are compared; smaller ones are enlarged."""

STYLE_LAYERS = tuple(f"block{block}_conv1" for block in range(1, 6))
CONTENT_LAYER = "block4_conv2"


@dataclass(frozen=True)
class VggScore:
    """The two measures of the module's docstring; ``by_layer`` has the style's, shallow to deep."""

    by_layer: tuple[float, ...]
    content: float

    @property
    def style(self) -> float:
        """The mean of the layers."""
        return float(np.mean(self.by_layer))


@dataclass(frozen=True, eq=False)
class Features:
    """What is compared of a picture.

    Attributes:
        grams: by style layer (channels, channels): the mean over the positions of f fᵀ.
        content: activations of the content layer, (H', W', channels).
        size: (width, height) in pixels at which they were computed.
    """

    grams: dict[str, Array]
    content: Array
    size: tuple[int, int]


def features(kernels: Kernels, picture: Array, size: tuple[int, int] | None = None) -> Features:
    """Of a picture (H, W, 3), RGB, 0..255, resized to ``size``; by default to a longest side of ``SIZE``.

    Give a pastiche the content's size. One that is smaller is enlarged linearly, and so loses by it: compare
    pastiches of one size.
    """
    enlarging = size is None and max(picture.shape[:2]) < SIZE
    size = size or size_to_compare(picture)
    levels = np.clip(np.round(picture), 0, 255).astype(np.uint8)  # as a picture file holds them
    resized = cv2.resize(levels, size, interpolation=cv2.INTER_CUBIC if enlarging else cv2.INTER_AREA)
    by_layer = activations(kernels, resized.astype(np.float32), deepest=STYLE_LAYERS[-1])
    grams = {layer: _gram(by_layer[layer]) for layer in STYLE_LAYERS}
    return Features(grams, by_layer[CONTENT_LAYER], size)


def score(content: Features, style: Features, pastiche: Features) -> VggScore:
    """The measures of a pastiche, whose features must be those at the content's size."""
    untouched = _distances(content, style)
    gap = np.square(pastiche.content - content.content).sum() / np.square(content.content).sum()
    return VggScore(tuple(map(float, _distances(pastiche, style) / untouched)), float(gap))


def size_to_compare(picture: Array) -> tuple[int, int]:
    """Width and height of the picture with a longest side of ``SIZE``."""
    height, width = picture.shape[:2]
    scale = SIZE / max(height, width)
    return round(width * scale), round(height * scale)


def _gram(features: Array) -> Array:
    flat = features.reshape(-1, features.shape[-1])
    return flat.T @ flat / len(flat)


def _distances(picture: Features, style: Features) -> Array:
    """|G - A|² / |A|² of each style layer."""
    pairs = [(picture.grams[layer], style.grams[layer]) for layer in STYLE_LAYERS]
    return np.array([np.square(gram - target).sum() / np.square(target).sum() for gram, target in pairs])
