"""Weights files of the layouts that exist."""

import h5py
import numpy as np

from tests.support.tiny_weights import tiny_weights

KERNELS = tiny_weights().kernels


def write_published(path, kernels=KERNELS):
    """The published file's layout: groups by layer, arrays ``…_W_1:0`` and ``…_b_1:0``, empty poolings."""
    names = ["input_1"]
    for layer in kernels:
        names.append(layer)
        if layer in {"block1_conv2", "block2_conv2", "block3_conv4", "block4_conv4", "block5_conv4"}:
            names.append(f"{layer[:6]}_pool")
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = np.array(names, dtype="S")
        for name in names:
            group = file.create_group(name)
            arrays = zip((f"{name}_W_1:0", f"{name}_b_1:0"), kernels.get(name, ()), strict=False)
            stored = [(key, array) for key, array in arrays]
            group.attrs["weight_names"] = np.array([key for key, _ in stored], dtype="S")
            for key, array in stored:
                group[key] = array
    return path


def write_npz(path, kernels=KERNELS, **extra):
    arrays = {}
    for name, (kernel, bias) in kernels.items():
        arrays[f"{name}/kernel"], arrays[f"{name}/bias"] = kernel, bias
    np.savez(path, **arrays, **extra)
    return path
