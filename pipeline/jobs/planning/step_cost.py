"""The processor time of a step, from the sizes of the network's layers.

A step's passes cost what its multiplications cost, and what it costs to read and write activations and
kernels: the narrower the layers, the more of its time is the latter. ``benchmarks.step_cost`` measures the
constants.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from pipeline.base.arrays import Size
from pipeline.base.speed import REFERENCE, Speed
from pipeline.core import step_memory
from pipeline.errors import TooLargeError
from pipeline.extractor import layers
from pipeline.extractor.layers import Architecture
from pipeline.settings.settings import Settings

BYTES_OF_FLOAT = 4

FIXED_SECONDS = 0.0041
"""Of a step whatever the picture's size: calls of TensorFlow, of the optimizer and of callbacks."""

LAYER_SECONDS = 0.00023
"""Of a step for each layer, whatever its size."""

OPTIMIZER_TRAFFIC = {"lbfgs": 8000.0, "projected-lbfgs": 800.0}
"""Bytes that an optimizer itself reads and writes in a step, for each value of the picture, on one core."""

OTHER_OPTIMIZERS_TRAFFIC = 120.0
"""The same of the others."""


@dataclass(frozen=True)
class Rates:
    """How the passes compare with the measurements of :class:`~pipeline.base.speed.Speed`.

    Attributes:
        products: operations a second, as a multiple of those of a matrix product in float32.
        activations: bytes of traffic for each byte of an activation. Convolutions, biases, ReLUs, casts and
            poolings pass over it forward and backward, and the memory is new each time.
        kernels: the same for a byte of a kernel.
    """

    products: float
    activations: float
    kernels: float


RATES = {"float32": Rates(1.08, 14.7, 22.9), "bfloat16": Rates(2.39, 24.6, 26.8)}
"""Of the precisions; those of bfloat16 on a processor with AVX512-BF16. With AMX its products are faster."""


@dataclass(frozen=True)
class CoreSeconds:
    """Processor time.

    Attributes:
        shared: of work that every core takes part in, all of them together.
        alone: of work on one core, while which the others have nothing to do.
    """

    shared: float = 0.0
    alone: float = 0.0

    def __add__(self, other: "CoreSeconds") -> "CoreSeconds":
        return CoreSeconds(self.shared + other.shared, self.alone + other.alone)

    def __mul__(self, times: float) -> "CoreSeconds":
        return CoreSeconds(times * self.shared, times * self.alone)

    @property
    def total(self) -> float:
        """Of all cores."""
        return self.shared + self.alone

    def lasting(self, cores: int, workers: int = 1) -> float:
        """Seconds from start to end; the work on one core runs side by side in as many ``workers``."""
        return self.shared / cores + self.alone / min(workers, cores)


@dataclass(frozen=True)
class PassesCost:
    """What a forward and a backward pass do, with the losses.

    Attributes:
        operations: floating-point operations with numbers of the precision.
        exact_operations: those of float32 whatever the precision: of the first layer forward, of the readouts
            of the content's layers, and of FᵀF.
        activations: bytes in float32 of what every layer reads and gives.
        kernels: bytes in float32.
        layers: convolutions, readouts among them.
    """

    operations: float = 0
    exact_operations: float = 0
    activations: float = 0
    kernels: float = 0
    layers: int = 0

    @classmethod
    def of(cls, settings: Settings, size: Size, network: Architecture) -> "PassesCost":
        """For a picture of ``size`` (height, width), its rim included; layers that it lacks cost nothing."""
        used = {*settings.content_layers, *settings.style_layers} & network.channels.keys()
        parts = list(_convolutions(used, size, network))
        read_out = used & settings.content_layers.keys() & network.readouts.keys()
        parts += [_readout(layer, size, network) for layer in read_out]
        parts += [_gram_matrix(layer, size, network) for layer in used & settings.style_layers.keys()]
        return sum(parts, cls())

    def __add__(self, other: "PassesCost") -> "PassesCost":
        return PassesCost(
            self.operations + other.operations,
            self.exact_operations + other.exact_operations,
            self.activations + other.activations,
            self.kernels + other.kernels,
            self.layers + other.layers,
        )


def _convolutions(used: Collection[str], size: Size, network: Architecture) -> Iterator[PassesCost]:
    """Forward, and backward by the activations alone: the kernels stay."""
    before = 3
    for layer in layers.up_to_deepest(used) if used else ():
        if layer in network.channels:
            positions, channels = _positions(size, layer), network.channels[layer]
            operations = 2 * 2 * 9 * positions * before * channels
            exact = operations // 2 if layer == layers.LAYERS[0] else 0
            activations = BYTES_OF_FLOAT * positions * (before + channels)
            kernel = BYTES_OF_FLOAT * 9 * before * channels
            yield PassesCost(operations - exact, exact, activations, kernel, 1)
            before = channels


def _readout(layer: str, size: Size, network: Architecture) -> PassesCost:
    operations = 2 * 2 * _positions(size, layer) * network.channels[layer] * network.readouts[layer]
    return PassesCost(exact_operations=operations, layers=1)


def _gram_matrix(layer: str, size: Size, network: Architecture) -> PassesCost:
    """FᵀF in float32, and the product of its gradient. A readout is multiplied by it, which takes no time."""
    positions, channels = _positions(size, layer), network.channels[layer]
    operations = 2 * positions * channels**2
    return PassesCost(operations, operations, BYTES_OF_FLOAT * positions * channels)


def _positions(size: Size, layer: str) -> int:
    """Where the layer has activations: each pooling drops an odd last row or column."""
    halvings = layers.block_of(layer) - 1
    return (size[0] >> halvings) * (size[1] >> halvings)


def of_passes(settings: Settings, size: Size, network: Architecture, speed: Speed) -> float:
    """Core seconds of the passes and losses of one step, without what does not depend on the size.

    Args:
        settings: with a precision that is not ``auto``.
        size: (height, width) of the picture, its rim included.
    """
    seconds = _seconds(PassesCost.of(settings, size, network), RATES[settings.precision], speed)
    return seconds * _work_of_tiles(settings, size, network)


def of_step(settings: Settings, size: Size, network: Architecture, speed: Speed) -> CoreSeconds:
    """One step; see :func:`of_passes`."""
    layers_used = PassesCost.of(settings, size, network).layers
    traffic = OPTIMIZER_TRAFFIC.get(settings.optimizer, OTHER_OPTIMIZERS_TRAFFIC)
    optimizer = traffic * 3 * size[0] * size[1] / speed.traffic
    fixed = serial(FIXED_SECONDS + LAYER_SECONDS * layers_used, speed)
    return CoreSeconds(of_passes(settings, size, network, speed), fixed + optimizer)


def _work_of_tiles(settings: Settings, size: Size, network: Architecture) -> float:
    """How many times the passes of a picture they take where it is stylised in tiles."""
    if settings.memory is None:
        return 1.0
    try:
        return step_memory.step_plan(settings, size, network.widths).work(size)
    except TooLargeError:  # it will fail, and takes no time
        return 1.0


def _seconds(cost: PassesCost, rates: Rates, speed: Speed) -> float:
    products = cost.operations / rates.products + cost.exact_operations / RATES["float32"].products
    traffic = cost.activations * rates.activations + cost.kernels * rates.kernels
    return products / speed.products + traffic / speed.traffic


def serial(seconds: float, speed: Speed) -> float:
    """Seconds of Python's own work here, which takes ``seconds`` on the machine of the constants."""
    return seconds * REFERENCE.functions / speed.functions
