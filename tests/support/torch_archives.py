"""Old-style torch archives, good and bad, written without torch."""

import io
import pickle

import numpy as np

MAGIC_NUMBER, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
SYSTEM = {
    "protocol_version": PROTOCOL,
    "little_endian": True,
    "type_sizes": {"short": 2, "int": 4, "long": 4},
}


class Global:
    """Is pickled as the name of a function or class: ``torch.ByteStorage``."""

    def __init__(self, module, name):
        self.module, self.name = module, name


REBUILD = Global("torch._utils", "_rebuild_tensor_v2")
STORAGES = {"u1": Global("torch", "ByteStorage"), "f4": Global("torch", "FloatStorage")}


class Storage:
    """Is pickled as a persistent id, whose fields a test can falsify."""

    def __init__(self, key, array, /, **fields):
        self.key, self.array = key, array
        kind = STORAGES[array.dtype.str[1:]]
        self.fields = {"name": "storage", "kind": kind, "key": key, "device": "cpu", "length": array.size}
        self.fields |= fields

    @property
    def persistent_id(self):
        return (*self.fields.values(), None)


class Call:
    """Is pickled as the call of a function."""

    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments


class Pickler(pickle._Pickler):
    """The pickler in Python, whose opcodes can be written by hand."""

    def persistent_id(self, obj):
        return obj.persistent_id if isinstance(obj, Storage) else None

    def save(self, obj, save_persistent_id=True):
        if isinstance(obj, Global):
            self.write(pickle.GLOBAL + f"{obj.module}\n{obj.name}\n".encode())
        elif isinstance(obj, Call):
            self.save(obj.function)
            self.save(obj.arguments)
            self.write(pickle.REDUCE)
        else:
            super().save(obj, save_persistent_id)


def dumps(obj):
    file = io.BytesIO()
    Pickler(file, protocol=2).dump(obj)
    return file.getvalue()


def tensor(storage, size=None, stride=None, offset=0):
    """A reference to all of a storage, as its array is laid out, or as the arguments say."""
    array = storage.array
    size = array.shape if size is None else size
    stride = tuple(step // array.itemsize for step in array.strides) if stride is None else stride
    return Call(REBUILD, storage, offset, size, stride, False, Call(Global("collections", "OrderedDict")))


def archive(
    tensors, storages, *, magic=MAGIC_NUMBER, protocol=PROTOCOL, system=SYSTEM, keys=None, counts=None
):
    """The bytes of an archive; ``counts`` replaces the number of values before each storage."""
    parts = [dumps(part) for part in (magic, protocol, system, tensors)]
    parts.append(dumps([storage.key for storage in storages] if keys is None else keys))
    for index, storage in enumerate(storages):
        count = storage.array.size if counts is None else counts[index]
        parts += [count.to_bytes(8, "little", signed=True), storage.array.tobytes("K")]
    return b"".join(parts)


def of_arrays(arrays):
    """The archive of a dictionary of arrays, each with a storage of its own."""
    storages = {name: Storage(str(number), array) for number, (name, array) in enumerate(arrays.items())}
    tensors = {name: tensor(storage) for name, storage in storages.items()}
    return archive(tensors, list(reversed(storages.values())))


def eight_bit_arrays(kernels, seed=0):
    """The layout of the published 8-bit file, with the shapes of ``kernels`` and random levels."""
    rng = np.random.default_rng(seed)
    arrays = {}
    for layer, (kernel, bias) in kernels.items():
        channels_in, channels_out = kernel.shape[2:]
        arrays[f"{layer}_W_q"] = rng.integers(0, 256, (channels_out, channels_in, 3, 3), dtype=np.uint8)
        arrays[f"{layer}_W_table"] = rng.normal(0, 0.1, 256).astype("f4")
        arrays[f"{layer}_b"] = bias.astype("f4")
    return arrays


class _Names(pickle.Unpickler):
    """Gives the name of whatever is named; a tensor is the tuple of the arguments of its rebuilding."""

    def find_class(self, module, name):
        return {"_rebuild_tensor_v2": lambda *arguments: arguments, "OrderedDict": dict}.get(name, name)

    def persistent_load(self, pid):
        return pid


def read_verified(data):
    """The arrays of a file whose hash was verified: a second reader, which trusts the file."""
    file = io.BytesIO(data)
    *_, tensors, keys = (_Names(file).load() for _ in range(5))
    dtypes = {pid[2]: {"ByteStorage": "u1", "FloatStorage": "<f4"}[pid[1]] for pid, *_ in tensors.values()}
    storages = {}
    for key in keys:
        (count,) = np.frombuffer(file.read(8), "<i8")
        storages[key] = np.frombuffer(file.read(int(count) * np.dtype(dtypes[key]).itemsize), dtypes[key])
    arrays = {}
    for name, (pid, offset, size, stride, *_) in tensors.items():
        positions = offset + sum(axis * step for axis, step in zip(np.indices(size), stride, strict=True))
        arrays[name] = storages[pid[2]][positions]
    return arrays
