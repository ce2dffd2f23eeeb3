"""Loss -> compiled (terms, gradient). The only module that knows which Keras backend runs: TensorFlow."""

import contextlib
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy.typing as npt
import tensorflow as tf

from pipeline.base import machine
from pipeline.errors import SettingsError, TooLargeError

BFLOAT16_CAPABILITY = (8, 0)
"""CUDA's compute capability from which on GPUs multiply bfloat16."""

Shapes = Any
"""The shape of a float32 tensor as a tuple, ``None`` for a side that varies, or a dict of such."""


def choose_device(device: str) -> str:
    """TensorFlow's name of the device for ``auto``, ``cpu``, ``gpu`` or ``gpu:N``.

    The first call also makes the results of this process repeatable to the byte, and lets TensorFlow take a
    GPU's memory as it needs it instead of all at once.

    Raises:
        SettingsError: there is no such GPU.
    """
    gpus = _configure()
    kind, _, number = device.partition(":")
    if kind == "cpu" or (kind == "auto" and not gpus):
        return "/CPU:0"
    if int(number or 0) >= gpus:
        raise SettingsError(f"no device {device}: TensorFlow sees {gpus or 'none'}; use --device cpu or auto")
    return f"/GPU:{int(number or 0)}"


def multiplies_bfloat16(device: str) -> bool:
    """Whether ``device``, as :func:`choose_device` takes it, multiplies bfloat16 numbers in hardware.

    Raises:
        SettingsError: there is no such GPU.
    """
    _, kind, number = choose_device(device).replace("/", ":").split(":")
    if kind == "CPU":
        return machine.multiplies_bfloat16()
    gpu = tf.config.list_physical_devices("GPU")[int(number)]
    capability = tf.config.experimental.get_device_details(gpu).get("compute_capability", (0, 0))
    return bool(capability >= BFLOAT16_CAPABILITY)


@functools.cache
def _configure() -> int:
    """Set up TensorFlow, once, and count the GPUs. Memory growth has to be set before the first is used."""
    tf.config.experimental.enable_op_determinism()
    # The network is a chain, so operations side by side gain nothing, and each thread that runs any
    # would keep its own copy of what oneDNN prepares for each size. Fails if TensorFlow has run before.
    with contextlib.suppress(RuntimeError):
        tf.config.threading.set_inter_op_parallelism_threads(1)
    gpus = tf.config.list_physical_devices("GPU")
    with contextlib.suppress(RuntimeError):  # fails if the caller has used a GPU before
        for gpu in gpus:
            tf.config.experimental.set_memory_growth(gpu, True)
    return len(gpus)


class Compiled:
    """A function of tensors, traced once for pictures of every size.

    TensorFlow never frees a graph. One trace with open sizes is as fast as one for each size.

    Attributes:
        traces: how many times the function was traced.
    """

    def __init__(self, function: Callable[..., Any], *shapes: Shapes, device: str) -> None:
        """Compile ``function`` for arguments of ``shapes``, to run on ``device``."""
        self.traces = 0

        def traced(*arguments: Any) -> Any:
            self.traces += 1
            with tf.device(device):
                return function(*arguments)

        signature = [_specification(shape) for shape in shapes]
        # TensorFlow counts the traces of all functions with the same code together, and warns of many; a
        # partial object has no code and is counted by itself.
        self._run = tf.function(functools.partial(traced), input_signature=signature, autograph=False)

    def __call__(self, *arguments: Any) -> Any:
        """Run it.

        Raises:
            TooLargeError: the device has too little memory for it.
        """
        try:
            return self._run(*arguments)
        except tf.errors.ResourceExhaustedError as error:
            raise TooLargeError(
                "the device's memory is too small for this size; use a smaller --size"
            ) from error


class CompiledGradient:
    """The terms of a loss and the gradient of their sum, in one forward and one backward pass."""

    def __init__(
        self, terms: Callable[..., Sequence[Any]], x_shape: Shapes, *shapes: Shapes, device: str
    ) -> None:
        """Compile ``terms(x, *others) -> scalars`` for x of ``x_shape`` and others of ``shapes``."""

        def terms_and_gradient(x: Any, *others: Any) -> tuple[Any, Any]:
            with tf.GradientTape() as tape:
                tape.watch(x)
                values = list(terms(x, *others))
                total = tf.add_n(values)
            return tf.stack(values), tape.gradient(total, x)

        self._compiled = Compiled(terms_and_gradient, x_shape, *shapes, device=device)

    @property
    def traces(self) -> int:
        """How many times it was traced."""
        return self._compiled.traces

    def __call__(self, x: Any, *others: Any) -> tuple[Any, Any]:
        """The values of the terms (n,), and the gradient of their sum (the shape of ``x``), as tensors.

        Raises:
            TooLargeError: the device has too little memory for it.
        """
        values, gradient = self._compiled(x, *others)
        return values, gradient


def on_device(device: str) -> Any:
    """A context in which tensors are made on ``device``."""
    return tf.device(device)


def tensor(values: npt.ArrayLike, device: str) -> Any:
    """A float32 tensor on ``device``."""
    with tf.device(device):
        return tf.constant(values, tf.float32)


def _specification(shape: Shapes) -> Any:
    if isinstance(shape, Mapping):
        return {name: _specification(inner) for name, inner in shape.items()}
    return tf.TensorSpec(shape, tf.float32)
