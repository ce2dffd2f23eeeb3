"""Weights files that claim more than they hold are refused before memory is taken."""

import io
import struct
import tracemalloc
import zipfile

import h5py
import numpy as np
import pytest

from pipeline.errors import WeightsError
from pipeline.extractor import weight_files
from tests.support.weight_files import KERNELS, write_npz, write_published

KERNEL = "block1_conv1/kernel"


def npy(shape, descr="'<f4'", version=(1, 0), data=bytes(1000)):
    """A .npy whose header claims ``shape``."""
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    length = struct.pack("<H" if version == (1, 0) else "<I", len(header))
    return b"\x93NUMPY" + bytes(version) + length + header + data


def with_kernel(path, member):
    """The tiny network, but for the first kernel: the bytes ``member``, compressed."""
    rest = write_npz(path.with_name("rest.npz"))
    with zipfile.ZipFile(rest) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(name, member if name == f"{KERNEL}.npy" else source.read(name))
    return path


def refusal(path):
    """The message; reading must not take more than 60 MB."""
    tracemalloc.start()
    try:
        with pytest.raises(WeightsError) as caught:
            weight_files.read(path)
        assert tracemalloc.get_traced_memory()[1] < 60e6
    finally:
        tracemalloc.stop()
    message = str(caught.value)
    assert len(message.splitlines()) == 1 and path.name in message
    return message


@pytest.mark.parametrize(
    ("member", "part"),
    [
        (npy("(3, 3, 3, 10000000000)"), "claims to be of shape"),
        (npy("(3, 3, 1000000, 1000000)", version=(2, 0)), "claims to be of shape"),
        (npy("(1000, 1000)", descr="'|V1000000'"), "claims to be of shape"),
        (npy("(250,)", descr="'|S4'"), "values, not numbers"),
        (npy("(3, 3, 1000, 1000)", data=bytes(36_000_000)), "100 times"),
        (npy("(4,)", data=bytes(90_000_000)), "claims 90000"),
        (npy("(4,)")[:6] + b"\x02\x00" + struct.pack("<I", 2**31), "not a readable .npz"),
        (npy("(4,)")[:6] + b"\x09\x00", "not a readable .npz"),
    ],
)
def test_an_array_of_an_npz_that_claims_too_much_is_refused(tmp_path, member, part):
    assert part in refusal(with_kernel(tmp_path / "a.npz", member))


def test_a_wide_network_is_within_the_limits(tmp_path):
    rng = np.random.default_rng(0)
    kernels = {
        "block1_conv1": (rng.normal(size=(3, 3, 3, 1024)).astype(np.float32), np.zeros(1024, np.float32))
    }
    assert weight_files.read(write_npz(tmp_path / "a.npz", kernels))[0]["block1_conv1"][0].shape[3] == 1024


def published(path, change):
    """The tiny network in the published layout; ``change`` gets the group of its first layer."""
    write_published(path)
    with h5py.File(path, "a") as file:
        group = file["block1_conv1"]
        del group["block1_conv1_W_1:0"]
        change(group)
    return path


NAME = "block1_conv1_W_1:0"
SHAPE = KERNELS["block1_conv1"][0].shape


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (lambda group: group.create_dataset(NAME, (3, 3, 3, 10**12), "f4"), "claims to be of shape"),
        (
            lambda group: group.create_dataset(NAME, (3, 3, 10**5, 10**5), "f4", chunks=(3, 3, 9, 9)),
            "claims to be of shape",
        ),
        (lambda group: group.create_dataset(NAME, (3, 3, 1000, 1000), "f4"), "100 times"),
        (
            lambda group: group.create_dataset(
                NAME, data=np.zeros((3, 3, 900, 900), "f4"), chunks=True, compression=9
            ),
            "100 times",
        ),
        (
            lambda group: group.create_dataset(
                NAME, SHAPE, "f4", maxshape=(None,) * 4, chunks=(300, 300, 300, 30)
            ),
            "stored in pieces",
        ),
        (lambda group: group.create_dataset(NAME, SHAPE, h5py.string_dtype()), "values, not numbers"),
        (lambda group: group.create_dataset(NAME, data=h5py.Empty("f4")), "is empty"),
    ],
)
def test_an_array_of_an_h5_that_claims_too_much_is_refused(tmp_path, change, part):
    assert part in refusal(published(tmp_path / "a.h5", change))


def test_an_h5_reads_no_other_file(tmp_path):
    other = tmp_path / "other.bin"
    other.write_bytes(bytes(4 * int(np.prod(SHAPE))))
    write_published(tmp_path / "whole.h5")

    def external(group):
        group.create_dataset(NAME, SHAPE, "f4", external=[(str(other), 0, h5py.h5f.UNLIMITED)])

    def virtual(group):
        layout = h5py.VirtualLayout(SHAPE, "f4")
        layout[...] = h5py.VirtualSource(str(tmp_path / "whole.h5"), f"block1_conv1/{NAME}", SHAPE)
        group.create_virtual_dataset(NAME, layout)

    assert "lies in another file" in refusal(published(tmp_path / "a.h5", external))
    assert "lies in another file" in refusal(published(tmp_path / "b.h5", virtual))

    with h5py.File(write_published(tmp_path / "c.h5"), "a") as file:
        del file["block1_conv1"]
        file["block1_conv1"] = h5py.ExternalLink("whole.h5", "/block1_conv1")
    assert "it has no block1_conv1" in refusal(tmp_path / "c.h5")


def test_the_limit_does_not_hit_what_compresses_well(tmp_path):
    """A kernel of 8-bit levels, compressed, is a fifth of its floats; one of a few values a twentieth."""
    rng = np.random.default_rng(0)
    levels = rng.choice(np.linspace(-1, 1, 4, dtype=np.float32), (3, 3, 3, 512))
    file = io.BytesIO()
    np.savez_compressed(file, **{KERNEL: levels, "block1_conv1/bias": np.zeros(512, np.float32)})
    (tmp_path / "a.npz").write_bytes(file.getvalue())
    np.testing.assert_array_equal(weight_files.read(tmp_path / "a.npz")[0]["block1_conv1"][0], levels)
