"""Check what the headers of a weights file claim before any array is read: they can claim terabytes."""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

MAX_CHANNELS = 1024
"""Of one layer; the published network has 512."""

MAX_VALUES = 3 * 3 * MAX_CHANNELS**2
"""Of one array."""

MAX_ITEM_BYTES = 16
"""Of one value; numbers have 8 at most."""

MAX_RATIO = 100
"""Most bytes of arrays for each byte of the file. Weights hardly compress: those of 8 bits, to a fifth."""


class Claim(NamedTuple):
    """What a header says about one array."""

    name: str
    shape: tuple[int, ...]
    dtype: "np.dtype[Any]"


def check(path: Path, claims: Iterable[Claim]) -> None:
    """Check that the arrays of the file ``path`` are no more than a VGG19 and the file can have.

    Raises:
        ValueError: they are not; the message names the array.
    """
    size, total = path.stat().st_size, 0
    for name, shape, dtype in claims:
        if dtype.hasobject or dtype.itemsize > MAX_ITEM_BYTES:
            raise ValueError(f"{name} has {dtype} values, not numbers")
        if len(shape) > 4 or math.prod(shape) > MAX_VALUES:
            raise ValueError(f"{name} claims to be of shape {shape}, larger than any layer of a VGG19")
        total += math.prod(shape) * dtype.itemsize
        if total > MAX_RATIO * size:
            raise ValueError(f"its arrays claim more than {MAX_RATIO} times the {size} bytes of the file")


def claimed_in_npz(archive: Any, name: str) -> Claim:
    """What an array of an open ``.npz`` (NumPy's ``NpzFile``) claims to be; its values are not read.

    Raises:
        ValueError: its header cannot be read, or claims more values than it has bytes.
    """
    stored = archive.zip.getinfo(f"{name}.npy")
    if stored.file_size > MAX_VALUES * 8 + 2**16:  # the header alone could be of any length
        raise ValueError(f"{name} claims {stored.file_size} bytes, more than any layer of a VGG19")
    with archive.zip.open(stored) as file:
        version = np.lib.format.read_magic(file)
        read_header = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }.get(version)
        if read_header is None:
            raise ValueError(f"{name} is of version {version} of the format, which weights need not be")
        shape, _, dtype = read_header(file)
    if math.prod(shape) * dtype.itemsize > stored.file_size:
        raise ValueError(f"{name} claims to be of shape {shape}, with {stored.file_size} bytes in the file")
    return Claim(name, shape, dtype)


def claimed_in_h5(dataset: Any) -> Claim:
    """What an HDF5 dataset claims to be; its values are not read.

    Raises:
        ValueError: its values lie in other files, or it is stored in pieces larger than itself can be.
    """
    if dataset.external or dataset.is_virtual:
        raise ValueError(f"{dataset.name} lies in another file")
    if dataset.shape is None:
        raise ValueError(f"{dataset.name} is empty")
    if math.prod(dataset.chunks or ()) > MAX_VALUES:
        raise ValueError(
            f"{dataset.name} is stored in pieces of {dataset.chunks}, larger than any layer of a VGG19"
        )
    return Claim(dataset.name, dataset.shape, dataset.dtype)


def own_child(group: Any, name: str) -> Any:
    """A group or dataset of the same HDF5 file; None where there is none, or it is a link to another file."""
    import h5py

    is_external = isinstance(group.get(name, getlink=True), h5py.ExternalLink)
    return None if is_external else group.get(name)
