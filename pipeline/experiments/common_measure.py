"""One measure for pastiches of unlike objectives: relative distances from style and content.

style: the mean over block1_conv1 … block5_conv1 of |G - A|² / |A|², where G and A are the Gram matrices of
the pastiche and the style, each over its own positions. 0 is the style itself.
content: |F - P|² / |P|² at block4_conv2; 0 is the photograph.

They are the ``relative`` forms of :mod:`pipeline.core.losses`, unweighted, of the weights in use with max
pooling: values of one extractor cannot be compared with those of another.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from pipeline.base.arrays import FloatArray
from pipeline.base.resizing import resize
from pipeline.core import loading
from pipeline.extractor.weights import Weights
from pipeline.settings.settings import DEFAULT_STYLE_LAYERS, Settings

if TYPE_CHECKING:
    from pipeline.core.stylizer import Stylizer  # loads TensorFlow

STYLE_LAYERS = DEFAULT_STYLE_LAYERS
CONTENT_LAYER = "block4_conv2"

LARGEST = 384
"""Longest side, in pixels, at which pastiches are measured; larger ones are shrunk."""

SMALLEST_SQUARE = 1e-12
"""In place of 0 where a target responds nowhere."""


class CommonMeasure:
    """Measures pastiches of one content in one style."""

    def __init__(
        self,
        content: FloatArray,
        style: FloatArray,
        weights: Weights,
        device: str,
        like: "CommonMeasure | None" = None,
    ) -> None:
        """Hold the targets.

        Args:
            content: (H, W, 3), 0..255, at the size at which pastiches are compared.
            style: (h, w, 3), 0..255.
            device: the setting.
            like: a measure of the same weights and device, whose compiled graphs are used.

        Raises:
            WeightsError: the weights lack a layer.
        """
        layers = {"content_layers": {CONTENT_LAYER: 1.0}, "style_layers": dict.fromkeys(STYLE_LAYERS, 1.0)}
        settings = Settings(device=device, **layers)
        self._stylizer: Stylizer = loading.stylizer_class()(
            settings, [style], weights=weights, like=like._stylizer if like else None
        )
        self._size = content.shape[:2]
        self._content, self._grams = self._features(content)[0], self._features(style)[1]

    def of(self, pastiche: FloatArray) -> dict[str, float]:
        """``style`` and ``content`` of a pastiche (H, W, 3), 0..255, of any size: it is resized."""
        content, grams = self._features(resize(pastiche, self._size))
        gaps = [_relative(grams[layer], gram) for layer, gram in self._grams.items()]
        return {"style": float(np.mean(gaps)), "content": _relative(content, self._content)}

    def _features(self, pixels: FloatArray) -> tuple[FloatArray, Mapping[str, FloatArray]]:
        """Activations of the content layer (h, w, N), and A/M (N, N) of each style layer."""
        graphs = self._stylizer.graphs
        contents, grams = graphs.content_targets(pixels), graphs.style_targets(pixels)
        return np.asarray(contents[CONTENT_LAYER]), {name: np.asarray(gram) for name, gram in grams.items()}


def _relative(own: FloatArray, target: FloatArray) -> float:
    """Σ (own - target)² / Σ target²."""
    squares = np.square(target, dtype=np.float64).sum()
    return float(np.square(own.astype(np.float64) - target).sum() / max(squares, SMALLEST_SQUARE))
