"""Read and write the files that hold an extractor's weights: ``.h5`` and ``.npz``. Pure NumPy, no tensors."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.base import atomic
from pipeline.base.arrays import AnyArray, FloatArray
from pipeline.base.messages import LONGEST_VALUE, cut, one_line, shown
from pipeline.errors import WeightsError
from pipeline.extractor import weight_sizes
from pipeline.extractor.layers import LAYERS

Kernels = Mapping[str, tuple[FloatArray, FloatArray]]
"""For each layer its kernel (3, 3, channels in, channels out) and bias (channels out,)."""

Readouts = Mapping[str, FloatArray]
"""For layers of a distilled network a matrix (channels + 1, k).

The activations with a 1 appended, times it, are what losses compare. Their distances, and those of their Gram
matrices, are the distances in VGG19 as the network predicts them.
"""

EXTENSIONS = (".h5", ".npz")


def read(path: Path) -> tuple[Kernels, Readouts]:
    """The kernels of a weights file, and the readouts of the layers that have one.

    The layers of the file must be the first of :data:`LAYERS`, without a gap; the deepest may be missing.
    Layers that are not convolutions of VGG19 are ignored.

    Raises:
        WeightsError: the file is missing, damaged, of another format or layout, or has wrong shapes or values
            that are not finite.
    """
    reader = _reader_of(path)
    if not path.is_file():
        raise WeightsError(f"{shown(path)}: no such weights file; check the path given to --weights")
    try:
        layers = reader(path)
    except MemoryError as error:
        raise WeightsError(f"{shown(path)}: reading it needs more memory than is free") from error
    except WeightsError:
        raise
    except Exception as error:  # h5py, NumPy and zipfile raise nearly anything for a damaged file
        reason = one_line(cut(" ".join(str(error).split()), LONGEST_VALUE)) or type(error).__name__
        raise WeightsError(
            f"{shown(path)}: not a readable {path.suffix.lower()} weights file ({reason}); download it again"
        ) from error
    return validate(path, layers)


def write(path: Path, kernels: Kernels, readouts: Readouts, *, dtype: npt.DTypeLike, provenance: str) -> None:
    """Write ``LAYER/kernel``, ``LAYER/bias`` and ``LAYER/readout`` as ``.npz``, atomically.

    Args:
        path: ends in ``.npz``.
        kernels: arrays of each layer.
        readouts: of the layers that have one.
        dtype: of the stored arrays: float32, or float16 for half the size.
        provenance: text stored beside the arrays, without effect on them; "" for none.
    """
    arrays: dict[str, Any] = {}
    for layer, (kernel, bias) in kernels.items():
        arrays[f"{layer}/kernel"] = kernel.astype(dtype)
        arrays[f"{layer}/bias"] = bias.astype(dtype)
    arrays |= {f"{layer}/readout": readout.astype(dtype) for layer, readout in readouts.items()}
    if provenance:
        arrays["provenance"] = provenance
    with atomic.replacing(path) as partial:
        np.savez(partial, **arrays)


def fingerprint(kernels: Kernels, readouts: Readouts) -> str:
    """SHA-256 (hex) of names, shapes and values, shallow to deep. The file format has no effect."""
    digest = hashlib.sha256()
    for layer in (name for name in LAYERS if name in kernels):
        digest.update(f"{layer} 1.0\n".encode())  # 1.0: files had a scale for each layer once
        for array in (*kernels[layer], *([readouts[layer]] if layer in readouts else [])):
            digest.update(f"{array.shape}\n".encode())
            digest.update(np.ascontiguousarray(array, dtype="<f4").data)
    return digest.hexdigest()


LayerArrays = dict[str, dict[str, AnyArray]]
"""For each layer of a file its ``kernel``, ``bias`` and perhaps ``readout``, not yet validated."""


def _reader_of(path: Path) -> Callable[[Path], LayerArrays]:
    readers = {".h5": _read_h5, ".npz": _read_npz}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise WeightsError(f"{shown(path)}: weights are read from {' or '.join(EXTENSIONS)} files only")
    return reader


def _read_npz(path: Path) -> LayerArrays:
    # Opened here, since np.load does not close a damaged file that it opened itself.
    with path.open("rb") as file:
        archive = np.load(file, allow_pickle=False)
        if isinstance(archive, np.ndarray):
            raise ValueError("a single array, not an archive")
        names = {f"{layer}/{part}" for layer in LAYERS for part in ("kernel", "bias", "readout")}
        names.intersection_update(archive.files)
        weight_sizes.check(path, (weight_sizes.claimed_in_npz(archive, name) for name in sorted(names)))
        layers: LayerArrays = {}
        for name in names:
            layer, part = name.split("/")
            layers.setdefault(layer, {})[part] = archive[name]
        return layers


def _read_h5(path: Path) -> LayerArrays:
    import h5py

    with h5py.File(path, "r") as file:
        groups = _layer_groups(file)
        datasets = {layer: _datasets_below(groups[layer]) for layer in LAYERS if layer in groups}
        every = (dataset for below in datasets.values() for dataset in below)
        weight_sizes.check(path, map(weight_sizes.claimed_in_h5, every))
        return {layer: _by_part(below) for layer, below in datasets.items()}


def _layer_groups(file: Any) -> dict[str, Any]:
    """The HDF5 group of each layer by the layer's name, in the layouts of Keras.

    In Keras 2 (the published file) each layer has a group of its name; in a file of a whole model these are
    below ``model_weights``. Keras 3 names groups after classes; ``…/vars`` has the layer's name as attribute.
    """
    root = weight_sizes.own_child(file, "model_weights") or file
    if "layer_names" in root.attrs:
        return {name: child for name in LAYERS if (child := weight_sizes.own_child(root, name)) is not None}
    groups: dict[str, Any] = {}

    def collect(name: str, item: Any) -> None:
        parent, _, last = name.rpartition("/")
        if last == "vars":
            groups[str(item.attrs.get("name", parent.rpartition("/")[2]))] = item

    root.visititems(collect)
    return groups


def _datasets_below(group: Any) -> list[Any]:
    """The HDF5 datasets of a layer; links that lead out of the file are not followed."""
    datasets: list[Any] = []
    group.visititems(lambda _, item: datasets.append(item) if hasattr(item, "shape") else None)
    return datasets


def _by_part(datasets: Sequence[Any]) -> dict[str, AnyArray]:
    """The array of rank 4 as the kernel, that of rank 1 as the bias: their names differ between versions."""
    parts = {{4: "kernel", 1: "bias"}.get(data.ndim, f"rank {data.ndim}"): data[()] for data in datasets}
    if len(parts) != len(datasets):
        raise ValueError(f"{datasets[0].parent.name} holds more than one kernel and bias")
    return parts


def validate(path: Path, layers: LayerArrays) -> tuple[Kernels, Readouts]:
    """The kernels and readouts of a file, once names, shapes, numbers of channels and values are valid.

    Raises:
        WeightsError: one of them is not; the message names ``path``.
    """
    present = [layer for layer in LAYERS if layer in layers]
    missing = next((layer for layer in LAYERS if layer not in layers), None)
    if not present or present != list(LAYERS[: len(present)]):
        raise WeightsError(
            f"{shown(path)}: not a VGG19: it has no {missing}; see --weights for the files that can be read"
        )
    kernels: dict[str, tuple[FloatArray, FloatArray]] = {}
    readouts: dict[str, FloatArray] = {}
    channels = 3
    for layer in present:
        try:
            kernels[layer] = _kernel_and_bias(layers[layer], channels)
            channels = kernels[layer][1].size
            if "readout" in layers[layer]:
                readouts[layer] = _readout(layers[layer]["readout"], channels)
        except ValueError as error:
            raise WeightsError(f"{shown(path)}: {layer} {error}; download the file again") from error
    return kernels, readouts


def _kernel_and_bias(parts: Mapping[str, AnyArray], channels: int) -> tuple[FloatArray, FloatArray]:
    if not {"kernel", "bias"} <= parts.keys():
        raise ValueError("lacks its kernel (3, 3, in, out) or its bias (out,)")
    kernel, bias = _finite(parts["kernel"]), _finite(parts["bias"])
    if kernel.ndim != 4 or kernel.shape[:3] != (3, 3, channels) or kernel.size == 0:
        raise ValueError(f"has a kernel of shape {kernel.shape}, not (3, 3, {channels}, out)")
    if bias.shape != kernel.shape[3:]:
        raise ValueError(f"has a bias of shape {bias.shape}, not {kernel.shape[3:]}")
    return kernel, bias


def _finite(array: AnyArray) -> FloatArray:
    if array.dtype.kind not in "fiu":
        raise ValueError(f"has {array.dtype} values, not numbers")
    with np.errstate(over="ignore"):
        numbers = np.ascontiguousarray(array, dtype=np.float32)
    if not np.isfinite(numbers).all():
        raise ValueError("has values that are not finite")
    return numbers


def _readout(array: AnyArray, channels: int) -> FloatArray:
    readout = _finite(array)
    if readout.ndim != 2 or readout.shape[0] != channels + 1 or readout.size == 0:
        raise ValueError(f"has a readout of shape {readout.shape}, not ({channels + 1}, channels out)")
    return readout
