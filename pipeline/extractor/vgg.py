"""The extractor: VGG19 (Simonyan and Zisserman 2014), cut after the deepest layer that is used."""

from collections.abc import Callable, Iterable
from typing import Any

from keras import ops

from pipeline.base.gradients import upstream_of
from pipeline.errors import WeightsError
from pipeline.extractor import layers as names
from pipeline.extractor.activations import Activations
from pipeline.extractor.weights import Weights

CHANNEL_MEANS_BGR = (103.939, 116.779, 123.68)
"""ImageNet's mean of each channel in units of 0..255, as subtracted when VGG19 was trained."""


class Extractor:
    """Maps an image to named activations, those of a distilled network with their readouts.

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
            precision: ``float32`` or ``bfloat16``, of kernels and activations. The first layer is computed in
                float32 and rounded then: pixels have eight bits and bfloat16 as many, and it takes little
                time.

        Raises:
            SettingsError: no such layer.
            WeightsError: ``weights`` has not every layer up to the deepest.
        """
        selected = {names.check(layer) for layer in (weights.kernels if layers is None else layers)}
        self.layers = tuple(layer for layer in names.LAYERS if layer in selected)
        self._pooling = pooling
        computed = names.up_to_deepest(self.layers) if self.layers else ()
        tensors = {layer: _tensors(weights, layer) for layer in computed}
        self._convolutions = {
            layer: _first_convolution(*pair, precision)
            if layer == names.LAYERS[0]
            else _convolution(*pair, precision)
            for layer, pair in tensors.items()
        }
        self._readouts = {
            layer: ops.convert_to_tensor(weights.readouts[layer])
            for layer in self.layers
            if layer in weights.readouts
        }
        self._means = ops.convert_to_tensor(CHANNEL_MEANS_BGR[::-1], dtype="float32")

    def activations(self, image: Any) -> dict[str, Activations]:
        """The activations of an image after the ReLU, h and w halved (rounded down) by each pooling.

        Args:
            image: (H, W, 3) RGB, 0..255, array or tensor; at least 16x16 for the layers of block 5.
        """
        activations = ops.expand_dims(ops.cast(image, "float32") - self._means, 0)  # (1, H, W, 3)
        found = {}
        block = 1
        for layer, convolution in self._convolutions.items():
            if names.block_of(layer) > block:
                block, activations = names.block_of(layer), self._pool(activations)
            activations = ops.relu(convolution(activations))
            if layer in self.layers:
                found[layer] = Activations(ops.squeeze(activations, 0), self._readouts.get(layer))
        return found

    def _pool(self, activations: Any) -> Any:
        """Halve (1, h, w, channels); an odd last row or column is dropped."""
        pool = ops.max_pool if self._pooling == "max" else ops.average_pool
        return pool(activations, 2, strides=2, padding="valid", data_format="channels_last")


def _tensors(weights: Weights, layer: str) -> tuple[Any, Any]:
    """The kernel (3, 3, channels in, N) and the bias (N,) of a layer."""
    if layer not in weights.kernels:
        raise WeightsError(f"the weights ({weights.origin}) have no {layer}; give others with --weights")
    kernel, bias = weights.kernels[layer]
    return ops.convert_to_tensor(kernel), ops.convert_to_tensor(bias)


def _convolved(activations: Any, kernel: Any) -> Any:
    return ops.conv(activations, kernel, padding="same", data_format="channels_last")


def _convolution(kernel: Any, bias: Any, precision: str) -> Callable[[Any], Any]:
    """A layer before its ReLU."""
    kernel, bias = ops.cast(kernel, precision), ops.cast(bias, precision)
    return lambda activations: _convolved(activations, kernel) + bias


def _first_convolution(kernel: Any, bias: Any, precision: str) -> Callable[[Any], Any]:
    """The first layer before its ReLU: computed in float32, its result and its gradient in ``precision``.

    The network was trained on BGR: turning its kernel around spares turning every image. The gradient of a
    convolution with stride 1 is the convolution with the kernel turned by half and its channels exchanged.
    """
    kernel = ops.flip(kernel, axis=2)
    backward = ops.cast(ops.transpose(ops.flip(kernel, axis=(0, 1)), (0, 1, 3, 2)), precision)

    @ops.custom_gradient  # type: ignore[untyped-decorator]
    def first(image: Any) -> tuple[Any, Any]:
        def gradient(*arguments: Any, upstream: Any = None) -> Any:
            return ops.cast(_convolved(upstream_of(arguments, upstream), backward), "float32")

        return ops.cast(_convolved(image, kernel) + bias, precision), gradient

    return first
