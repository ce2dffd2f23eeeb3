"""Archives of plain tensors are read; what else an archive can hold is refused, and nothing of it is run."""

import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from pipeline.extractor import torch_archive
from tests.support import torch_archives as written
from tests.support.torch_archives import Call, Global, Storage, archive, of_arrays, tensor

ARRAYS = {
    "bytes": np.arange(24, dtype=np.uint8).reshape(2, 3, 4),
    "floats": np.linspace(-1, 1, 6, dtype="f4"),
    "one": np.float32([7]),
}


def test_arrays_are_read_back():
    arrays = torch_archive.read(of_arrays(ARRAYS))
    assert arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(arrays[name], array, strict=True)


def test_strides_and_offsets_are_those_of_the_archive():
    """A transposed tensor, and a part of a storage that it shares with another."""
    store = Storage("0", np.arange(12, dtype="f4"))
    tensors = {
        "columns": tensor(store, (4, 3), (1, 4)),
        "part": tensor(store, (2, 2), (4, 1), offset=5),
        "scalar": tensor(store, (), (), offset=11),
    }
    arrays = torch_archive.read(archive(tensors, [store]))
    np.testing.assert_array_equal(arrays["columns"], np.arange(12).reshape(3, 4).T)
    np.testing.assert_array_equal(arrays["part"], [[5, 6], [9, 10]])
    assert arrays["scalar"] == 11


def test_arrays_are_not_writable():
    arrays = torch_archive.read(of_arrays(ARRAYS))
    assert not any(array.flags.writeable for array in arrays.values())


@pytest.mark.parametrize("end", [*range(0, len(of_arrays(ARRAYS)), 7), -1])
def test_an_archive_that_is_cut_off_is_refused(end):
    with pytest.raises(ValueError):
        torch_archive.read(of_arrays(ARRAYS)[:end])


def test_bytes_after_the_end_are_refused():
    with pytest.raises(ValueError, match="goes on after"):
        torch_archive.read(of_arrays(ARRAYS) + b"\0")


EVIL = {
    "os.system": Call(Global("os", "system"), "touch evil"),
    "posix.system": Call(Global("posix", "system"), "touch evil"),
    "builtins.eval": Call(Global("builtins", "eval"), "open('evil', 'w')"),
    "torch._utils.system": Call(Global("torch._utils", "system"), "touch evil"),
    "os.FloatStorage": Call(Global("os", "FloatStorage")),
    "torch.load": Call(Global("torch", "load"), "x"),
    "torch.HalfStorage": Global("torch", "HalfStorage"),
    "builtins.getattr": Call(Global("builtins", "getattr"), "x", "upper"),
}


@pytest.mark.parametrize("name", EVIL)
@pytest.mark.parametrize("place", ["magic", "system", "tensors", "keys"])
def test_every_other_name_is_refused_and_nothing_is_run(name, place, tmp_path):
    parts = {"tensors": {"a": EVIL[name]}} if place == "tensors" else {place: EVIL[name]}
    data = archive(parts.pop("tensors", {}), [], **parts)
    with pytest.raises(ValueError, match=f"names {name}, which is not read"):
        torch_archive.read(data)
    assert os.listdir(tmp_path) == []


def test_the_evil_archive_would_do_harm_to_a_plain_unpickler(tmp_path):
    """The test above can fail: pickle itself runs what these archives name."""
    pickle.loads(written.dumps(EVIL["posix.system"]))
    assert Path("evil").exists()


def store(**fields):
    return Storage("0", np.arange(12, dtype="f4"), **fields)


def of(one, storage=None, **others):
    return archive({"a": one}, [storage or store()], **others)


CRAFTED = {
    "a longer storage than there is": of(tensor(store(length=13)), store(length=13)),
    "a count that differs": of(tensor(store()), counts=[11]),
    "a count beyond the file": of(tensor(store(length=2**40)), counts=[2**40]),
    "a count below 0": of(tensor(store(length=-1)), counts=[-1]),
    "a size beyond the storage": of(tensor(store(), (13,), (1,))),
    "an offset beyond the storage": of(tensor(store(), (1,), (1,), offset=12)),
    "an offset below 0": of(tensor(store(), (1,), (1,), offset=-1)),
    "strides beyond the storage": of(tensor(store(), (3, 4), (5, 1))),
    "strides below 0": of(tensor(store(), (2,), (-1,), offset=1)),
    "strides of 0 that fill the memory": of(tensor(store(), (2**40,), (0,))),
    "a size of 1 with an endless stride": of(tensor(store(), (1,), (2**80,))),
    "no values": of(tensor(store(), (0,), (1,))),
    "fewer strides than sides": of(tensor(store(), (3, 4), (1,))),
    "a size that is a list": of(tensor(store(), [12], (1,))),
    "a size that is a text": of(tensor(store(), ("12",), (1,))),
    "a storage that is none": of(Call(written.REBUILD, 5, 0, (1,), (1,), False, None)),
    "a value that is no tensor": of(7),
    "no dictionary": archive([tensor(store())], [store()]),
    "a name that is a number": archive({1: tensor(store())}, [store()]),
    "a persistent id of another kind": of(tensor(store(name="module"))),
    "a key that is a number": of(tensor(store(key=0)), keys=[0]),
    "an extra storage": archive({"a": tensor(store())}, [store(), Storage("1", np.zeros(1, "f4"))]),
    "a missing storage": archive({"a": tensor(store())}, []),
    "a storage twice": archive({"a": tensor(store())}, [store(), store()]),
    "two types of one storage": archive(
        {"a": tensor(store()), "b": tensor(store(kind=Global("torch", "ByteStorage")))}, [store()]
    ),
    "another magic number": of(tensor(store()), magic=7),
    "another protocol": of(tensor(store()), protocol=1002),
    "a big-endian machine": of(tensor(store()), system={"little_endian": False}),
    "no facts of the system": of(tensor(store()), system=[]),
    "a zip archive": b"PK\x03\x04" + bytes(100),
    "text": b"<html>Sign in to this network</html>",
    "nothing": b"",
}


@pytest.mark.parametrize("fault", CRAFTED)
def test_what_the_bytes_contradict_is_refused(fault):
    with pytest.raises(ValueError) as caught:
        torch_archive.read(CRAFTED[fault])
    assert "\n" not in str(caught.value)
