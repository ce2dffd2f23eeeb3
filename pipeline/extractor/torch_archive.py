"""Read an old-style torch archive of plain tensors, without torch and without running what is in it.

The layout is that of ``torch.save`` before its zip format: pickles of a magic number, of the version of the
protocol and of facts about the system that wrote it; a pickle of the object, in which each tensor refers to a
storage by its key; a pickle of the list of keys; then for each key the number of values (int64) and these.

A pickle can name any function, and loading it calls that function. This reader knows the tensors of a plain
dictionary and two types of storage. It refuses every other name, and every number that the bytes contradict.
"""

import io
import math
import pickle
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from pipeline.base.arrays import AnyArray
from pipeline.base.messages import quoted

MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
PROTOCOL = 1001

DTYPES = {"ByteStorage": "u1", "FloatStorage": "<f4"}
"""The types of storage that are read."""


class _Storage(NamedTuple):
    dtype: str
    key: str
    length: int  # values


class _Tensor(NamedTuple):
    storage: _Storage
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]  # in values


def read(data: bytes) -> dict[str, AnyArray]:
    """The arrays of an archive whose object is a dictionary of tensors.

    Returns:
        For each name its array: uint8 or float32, of any shape, not writable.

    Raises:
        ValueError: the archive is damaged or crafted, or holds anything else.
    """
    try:
        file = io.BytesIO(data)
        _check_header(*(_load(file) for _ in range(3)))
        tensors = _checked_tensors(_load(file))
        storages = _read_storages(file, _load(file), _storages_of(tensors))
        return {name: _array(name, tensor, storages[tensor.storage.key]) for name, tensor in tensors.items()}
    except ValueError:
        raise
    except Exception as error:  # a damaged pickle raises nearly any
        raise ValueError(f"not a torch archive of plain tensors: {error or type(error).__name__}") from error


class _Unpickler(pickle.Unpickler):
    """Loads numbers, texts, lists, dictionaries and tensors; calls nothing but the methods of this class."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return self._tensor
        if (module, name) == ("collections", "OrderedDict"):  # each tensor has an empty one
            return dict
        if module == "torch" and name in DTYPES:
            return DTYPES[name]
        raise ValueError(f"the archive names {module}.{name}, which is not read")

    def persistent_load(self, pid: Any) -> _Storage:
        kind, dtype, key, _, length, _ = pid
        if kind != "storage" or dtype not in DTYPES.values() or (type(key), type(length)) != (str, int):
            raise ValueError(f"the archive refers to {quoted(pid)}, which is not a storage")
        return _Storage(dtype, key, length)

    @staticmethod
    def _tensor(storage: Any, offset: Any, size: Any, stride: Any, *_: Any) -> _Tensor:
        return _Tensor(storage, offset, size, stride)


def _load(file: io.BytesIO) -> Any:
    return _Unpickler(file).load()


def _check_header(magic_number: Any, protocol: Any, system: Any) -> None:
    if magic_number != MAGIC_NUMBER or protocol != PROTOCOL:
        raise ValueError("not an old-style torch archive")
    if system.get("little_endian") is not True:
        raise ValueError("the archive was not written on a little-endian machine")


def _checked_tensors(tensors: Any) -> Mapping[str, _Tensor]:
    if type(tensors) is not dict or not all(map(_is_named_tensor, tensors.items())):
        raise ValueError("the archive is not a dictionary of plain tensors")
    return tensors


def _is_named_tensor(item: tuple[Any, Any]) -> bool:
    """Whether the fields of a tensor have the types that they should have, and no number is negative."""
    name, tensor = item
    if type(name) is not str or type(tensor) is not _Tensor:
        return False
    lists = type(tensor.size) is tuple and type(tensor.stride) is tuple
    if not lists or len(tensor.size) != len(tensor.stride) or type(tensor.storage) is not _Storage:
        return False
    numbers = (tensor.offset, *tensor.size, *tensor.stride)
    return all(type(number) is int and number >= 0 for number in numbers)


def _storages_of(tensors: Mapping[str, _Tensor]) -> dict[str, _Storage]:
    storages: dict[str, _Storage] = {}
    for name, tensor in tensors.items():
        if storages.setdefault(tensor.storage.key, tensor.storage) != tensor.storage:
            raise ValueError(f"{name} refers to a storage of another type or length than another tensor does")
    return storages


def _read_storages(file: io.BytesIO, keys: Any, storages: Mapping[str, _Storage]) -> dict[str, AnyArray]:
    """The values of each storage, in the order of ``keys``; they have to fill the rest of the file."""
    if type(keys) is not list or sorted(keys) != sorted(storages):
        raise ValueError("the archive lists other storages than its tensors refer to")
    arrays = {}
    for key in keys:
        dtype, count = np.dtype(storages[key].dtype), storages[key].length
        if int.from_bytes(file.read(8), "little", signed=True) != count:
            raise ValueError(f"storage {key} has another number of values than its tensor says")
        values = file.read(count * dtype.itemsize) if count >= 0 else b""
        if len(values) != count * dtype.itemsize:
            raise ValueError("the archive is cut off")
        arrays[key] = np.frombuffer(values, dtype)
    if file.read(1):
        raise ValueError("the archive goes on after its last storage")
    return arrays


def _array(name: str, tensor: _Tensor, values: AnyArray) -> AnyArray:
    """The view of ``values`` that the tensor is."""
    last = tensor.offset + sum((n - 1) * stride for n, stride in zip(tensor.size, tensor.stride, strict=True))
    # Strides of 0 could make more values than the storage has: a small file would fill the memory.
    if 0 in tensor.size or last >= values.size or math.prod(tensor.size) > values.size:
        raise ValueError(f"{name} is empty, or reaches outside its storage")
    strides = [stride * values.itemsize for stride in tensor.stride]
    return np.lib.stride_tricks.as_strided(values[tensor.offset :], tensor.size, strides, writeable=False)
