"""The extractor: VGG19 (Simonyan and Zisserman 2014), cut after the deepest layer that is used."""

from collections.abc import Iterable
from typing import Any

from keras import ops

from pipeline.base.arrays import FloatArray
from pipeline.errors import WeightsError
from pipeline.extractor import layers as names
from pipeline.extractor.weights import Weights

CHANNEL_MEANS_BGR = (103.939, 116.779, 123.68)
"""ImageNet's mean of each channel in units of 0..255, as subtracted when VGG19 was trained."""


class Extractor:
    """Maps an image to named activations, those of a distilled network read out as VGG19's.

    Attributes:
        layers: the layers whose activations :meth:`activations` returns, shallow to deep.
    """

    def __init__(
        self,
        weights: Weights,
        pooling: str = "max",
        layers: Iterable[str] | None = None,
        precision: str = "float32",
    ) -> None:
        """Hold the convolutions up to the deepest of ``layers`` (by default all of ``weights``).

        Args:
            pooling: ``max`` or ``avg``, between the blocks.
            precision: ``float32`` or ``bfloat16``, of kernels and activations from the second layer on. The
                first is float32: pixels have eight bits and bfloat16 as many, and it takes little time.

        Raises:
            SettingsError: no such layer.
            WeightsError: ``weights`` has not every layer up to the deepest.
        """
        selected = {names.check(layer) for layer in (weights.kernels if layers is None else layers)}
        self.layers = tuple(layer for layer in names.LAYERS if layer in selected)
        self._pooling = pooling
        computed = names.up_to_deepest(self.layers) if self.layers else ()
        self._convolutions = {
            layer: _convolution(weights, layer, "float32" if layer == names.LAYERS[0] else precision)
            for layer in computed
        }
        self._readouts = {
            layer: _as_convolution(weights.readouts[layer])
            for layer in self.layers
            if layer in weights.readouts
        }
        self._means = ops.convert_to_tensor(CHANNEL_MEANS_BGR, dtype="float32")

    def activations(self, image: Any) -> dict[str, Any]:
        """The activations of an image after the ReLU, through each layer's readout if it has one.

        Args:
            image: (H, W, 3) RGB, 0..255, array or tensor; at least 16x16 for the layers of block 5.

        Returns:
            {layer: (h, w, channels) float32 tensor}, h and w halved (rounded down) by each pooling.
        """
        image = ops.cast(image, "float32")
        activations = ops.expand_dims(ops.flip(image, axis=-1) - self._means, 0)  # (1, H, W, 3) BGR
        found = {}
        block = 1
        for layer, (kernel, bias) in self._convolutions.items():
            if names.block_of(layer) > block:
                block, activations = names.block_of(layer), self._pool(activations)
            activations = ops.cast(activations, kernel.dtype)
            activations = ops.relu(
                ops.conv(activations, kernel, padding="same", data_format="channels_last") + bias
            )
            if layer in self.layers:
                found[layer] = ops.squeeze(self._read_out(layer, ops.cast(activations, "float32")), 0)
        return found

    def _read_out(self, layer: str, activations: Any) -> Any:
        if layer not in self._readouts:
            return activations
        kernel, offset = self._readouts[layer]
        return ops.conv(activations, kernel, data_format="channels_last") + offset

    def _pool(self, activations: Any) -> Any:
        """Halve (1, h, w, channels); an odd last row or column is dropped."""
        pool = ops.max_pool if self._pooling == "max" else ops.average_pool
        return pool(activations, 2, strides=2, padding="valid", data_format="channels_last")


def _convolution(weights: Weights, layer: str, precision: str) -> tuple[Any, Any]:
    if layer not in weights.kernels:
        raise WeightsError(f"the weights ({weights.origin}) have no {layer}; give others with --weights")
    kernel, bias = weights.kernels[layer]
    return ops.convert_to_tensor(kernel, dtype=precision), ops.convert_to_tensor(bias, dtype=precision)


def _as_convolution(readout: FloatArray) -> tuple[Any, Any]:
    """The kernel (1, 1, channels, k) and the offset (k,) of a readout (channels + 1, k)."""
    return ops.convert_to_tensor(readout[None, None, :-1]), ops.convert_to_tensor(readout[-1])
