"""Reading, checking and writing weights files, in every layout that Keras has written."""

import shutil
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import WeightsError
from pipeline.extractor import weight_files
from pipeline.extractor.layers import LAYERS
from tests.support.tiny_weights import readout
from tests.support.weight_files import KERNELS, write_npz, write_published


def write_keras2_as_keras3_writes_it(path, kernels=KERNELS, root=""):
    """The legacy layout today: ``LAYER/LAYER/kernel``; under ``model_weights`` in a whole saved model."""
    with h5py.File(path, "w") as file:
        top = file.create_group(root) if root else file
        top.attrs["layer_names"] = np.array([*kernels], dtype="S")
        top.create_group("top_level_model_weights")
        for name, (kernel, bias) in kernels.items():
            group = top.create_group(f"{name}/{name}")
            group["kernel"], group["bias"] = kernel, bias
    return path


def write_keras3(path, kernels=KERNELS):
    """``model.save_weights("….weights.h5")`` of Keras 3: groups by class, the layer's name as attribute."""
    with h5py.File(path, "w") as file:
        file.create_group("vars").attrs["name"] = "vgg19"
        pooling = file.create_group("layers/max_pooling2d/vars")
        pooling.attrs["name"] = "block1_pool"
        for number, (name, (kernel, bias)) in enumerate(kernels.items()):
            group = file.create_group(f"layers/conv2d{f'_{number}' if number else ''}/vars")
            group.attrs["name"] = name
            group["0"], group["1"] = kernel, bias
    return path


def write_keras3_by_names(path, kernels=KERNELS):
    """The same of early Keras 3, where the groups bear the layers' names."""
    with h5py.File(path, "w") as file:
        for name, (kernel, bias) in kernels.items():
            file[f"layers/{name}/vars/0"], file[f"layers/{name}/vars/1"] = kernel, bias
    return path


def write_saved_model(path, kernels=KERNELS):
    return write_keras2_as_keras3_writes_it(path, kernels, root="model_weights")


WRITERS = {
    "published.h5": write_published,
    "legacy.h5": write_keras2_as_keras3_writes_it,
    "model.h5": write_saved_model,
    "three.weights.h5": write_keras3,
    "early.weights.h5": write_keras3_by_names,
    "plain.npz": write_npz,
    "UPPER.NPZ.npz": write_npz,
}


@pytest.mark.parametrize("name", WRITERS)
def test_every_layout_gives_the_same_arrays_and_fingerprint(name, tmp_path):
    kernels, readouts = weight_files.read(WRITERS[name](tmp_path / name))
    assert tuple(kernels) == LAYERS
    for layer in LAYERS:
        for actual, desired in zip(kernels[layer], KERNELS[layer], strict=True):
            np.testing.assert_array_equal(actual, desired)
            assert actual.dtype == np.float32
    assert readouts == {}
    assert weight_files.fingerprint(kernels, readouts) == weight_files.fingerprint(KERNELS, {})


@pytest.mark.parametrize("name", WRITERS)
def test_a_file_may_stop_early(name, tmp_path):
    first = {layer: KERNELS[layer] for layer in LAYERS[:14]}
    kernels, _ = weight_files.read(WRITERS[name](tmp_path / name, first))
    assert tuple(kernels) == LAYERS[:14]


# Keras 3 with NumPy 2 warns so whenever it reads a variable.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_a_file_that_keras_writes_is_read(tmp_path):
    import keras

    model = keras.Sequential([keras.Input((None, None, 3))])
    for layer in LAYERS[:3]:
        model.add(keras.layers.Conv2D(4, 3, name=layer))
    model.save_weights(tmp_path / "own.weights.h5")
    kernels, _ = weight_files.read(tmp_path / "own.weights.h5")
    desired = model.get_layer("block2_conv1").get_weights()
    np.testing.assert_array_equal(kernels["block2_conv1"][0], desired[0])
    np.testing.assert_array_equal(kernels["block2_conv1"][1], desired[1])


def test_what_is_written_is_read_back(tmp_path):
    readouts = {"block1_conv1": readout(4, 3), "block5_conv4": readout(6, 9)}
    path = tmp_path / "own.npz"
    weight_files.write(path, KERNELS, readouts, dtype=np.float32, provenance='{"seed": 1}')
    kernels, actual = weight_files.read(path)
    assert actual.keys() == readouts.keys()
    for layer, matrix in readouts.items():
        np.testing.assert_array_equal(actual[layer], matrix)
    assert weight_files.fingerprint(kernels, actual) == weight_files.fingerprint(KERNELS, readouts)
    assert [entry.name for entry in tmp_path.iterdir()] == ["own.npz"]


def test_half_precision_halves_the_file_and_keeps_eleven_bits(tmp_path):
    for name, dtype in (("full.npz", np.float32), ("half.npz", np.float16)):
        weight_files.write(tmp_path / name, KERNELS, {}, dtype=dtype, provenance="")
    kernels, _ = weight_files.read(tmp_path / "half.npz")
    np.testing.assert_allclose(kernels["block3_conv2"][0], KERNELS["block3_conv2"][0], rtol=2**-11, atol=1e-7)
    assert (tmp_path / "half.npz").stat().st_size < (tmp_path / "full.npz").stat().st_size


def test_provenance_and_other_layers_have_no_effect(tmp_path):
    path = write_npz(tmp_path / "a.npz", provenance='{"by": "hand"}', **{"fc1/kernel": np.ones((2, 2))})
    assert weight_files.fingerprint(*weight_files.read(path)) == weight_files.fingerprint(KERNELS, {})


def changed(layer, part, array):
    kernel, bias = KERNELS[layer]
    return KERNELS | {layer: (array, bias) if part == "kernel" else (kernel, array)}


@pytest.mark.parametrize(
    "other",
    [
        changed("block1_conv1", "kernel", KERNELS["block1_conv1"][0] * np.float32(1.0000002)),
        changed("block5_conv4", "bias", KERNELS["block5_conv4"][1] + 1),
        {layer: KERNELS[layer] for layer in LAYERS[:-1]},
    ],
)
def test_other_arrays_have_another_fingerprint(other):
    assert weight_files.fingerprint(other, {}) != weight_files.fingerprint(KERNELS, {})


def test_the_fingerprint_depends_on_readouts_and_not_on_the_order():
    backwards = dict(reversed(KERNELS.items()))
    fingerprints = [weight_files.fingerprint(KERNELS, {})]
    for matrix in (readout(4, 3), readout(4, 3, seed=1)):
        fingerprints.append(weight_files.fingerprint(KERNELS, {"block1_conv1": matrix}))
    assert len(set(fingerprints)) == 3
    assert weight_files.fingerprint(backwards, {}) == fingerprints[0]


BAD_KERNELS = {
    "a gap": ({layer: KERNELS[layer] for layer in LAYERS if layer != "block3_conv2"}, "block3_conv2"),
    "no first": ({layer: KERNELS[layer] for layer in LAYERS[1:]}, "block1_conv1"),
    "nothing": ({}, "block1_conv1"),
    "5x5": (changed("block1_conv1", "kernel", np.zeros((5, 5, 3, 4), "f4")), "(5, 5, 3, 4)"),
    "broken chain": (changed("block2_conv1", "kernel", np.zeros((3, 3, 7, 4), "f4")), "(3, 3, 4, out)"),
    "wrong bias": (changed("block2_conv1", "bias", np.zeros(9, "f4")), "(9,)"),
    "no filters": (changed("block1_conv1", "kernel", np.zeros((3, 3, 3, 0), "f4")), "(3, 3, 3, 0)"),
    "NaN": (changed("block4_conv1", "kernel", KERNELS["block4_conv1"][0] * np.nan), "not finite"),
    "infinite bias": (changed("block4_conv1", "bias", np.full(6, np.inf, "f4")), "not finite"),
    "too large": (changed("block4_conv1", "bias", np.full(6, 1e300)), "not finite"),
    "complex": (changed("block4_conv1", "bias", np.zeros(6, complex)), "not numbers"),
}


@pytest.mark.parametrize("name", ["published.h5", "three.weights.h5", "plain.npz"])
@pytest.mark.parametrize("fault", BAD_KERNELS)
def test_wrong_contents_are_reported_in_one_line(fault, name, tmp_path):
    kernels, named = BAD_KERNELS[fault]
    assert_refused(WRITERS[name](tmp_path / name, kernels), named)


BAD_READOUTS = {
    "rows": (np.ones((4, 3)), "block2_conv2 has a readout of shape (4, 3), not (5, channels out)"),
    "rank": (np.ones(5), "(5,)"),
    "no channels": (np.ones((5, 0)), "(5, 0)"),
    "NaN": (np.full((5, 3), np.nan), "not finite"),
    "text": (np.array("big"), "not numbers"),
}


@pytest.mark.parametrize("fault", BAD_READOUTS)
def test_a_wrong_readout_is_reported_in_one_line(fault, tmp_path):
    matrix, named = BAD_READOUTS[fault]
    assert_refused(write_npz(tmp_path / "a.npz", **{"block2_conv2/readout": matrix}), named)


def test_a_layer_without_bias_is_refused(tmp_path):
    with h5py.File(write_published(tmp_path / "a.h5"), "a") as file:
        del file["block1_conv2/block1_conv2_b_1:0"]
    assert_refused(tmp_path / "a.h5", "block1_conv2 lacks")


def test_two_kernels_in_one_layer_are_refused(tmp_path):
    with h5py.File(write_published(tmp_path / "a.h5"), "a") as file:
        file["block1_conv2/again"] = KERNELS["block1_conv2"][0]
    assert_refused(tmp_path / "a.h5", "more than one")


def test_the_name_of_a_group_does_not_reach_the_terminal(tmp_path):
    with h5py.File(write_keras3(tmp_path / "a.h5"), "a") as file:
        group = file.create_group("layers/last\x1b[31m\x9b0m/vars")
        group.attrs["name"] = "block1_conv1"
        group["0"], group["1"] = KERNELS["block1_conv1"][0], KERNELS["block1_conv1"][0]
    with pytest.raises(WeightsError) as caught:
        weight_files.read(tmp_path / "a.h5")
    assert r"layers/last\x1b[31m\x9b0m/vars holds more than one" in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("name", ["published.h5", "three.weights.h5", "plain.npz"])
@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99])
def test_a_truncated_file_is_refused(name, share, tmp_path):
    path = WRITERS[name](tmp_path / name)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    assert_refused(path, name)


@pytest.mark.parametrize("name", ["words.h5", "words.npz"])
def test_text_is_refused(name, tmp_path):
    (tmp_path / name).write_text("These are not the weights you are looking for.\n" * 40)
    assert_refused(tmp_path / name, "not a readable")


def test_pickles_and_single_arrays_named_npz_are_refused(tmp_path):
    with (tmp_path / "one.npz").open("wb") as file:
        np.save(file, np.zeros(3))
    assert_refused(tmp_path / "one.npz", "single array")
    write_npz(tmp_path / "pickle.npz", {}, **{"block1_conv1/kernel": np.array([{}], dtype=object)})
    assert_refused(tmp_path / "pickle.npz", "not a readable")


def test_a_missing_file_a_folder_and_an_unknown_extension_are_refused(tmp_path):
    assert_refused(tmp_path / "none.h5", "no such weights file")
    (tmp_path / "folder.npz").mkdir()
    assert_refused(tmp_path / "folder.npz", "no such weights file")
    (tmp_path / "weights.pth").write_bytes(b"")
    assert_refused(tmp_path / "weights.pth", ".h5 or .npz")


def test_a_newline_in_a_name_stays_on_one_line(tmp_path):
    assert_refused(tmp_path / "two\nlines.h5", r"two\nlines.h5")


@pytest.mark.parametrize(
    "header", [b"{'descr': " + b"'9', " * 600 + b"}", b"{" + b"9" * 3000, b"{\n 1\n2", b"(" * 3000]
)
def test_an_array_whose_header_is_no_header_is_refused_in_a_short_line(header, tmp_path):
    """NumPy reads it as Python, raises any error of Python's parser, and quotes the whole."""
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        magic = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little")
        archive.writestr("block1_conv1/kernel.npy", magic + header)
    assert_refused(tmp_path / "a.npz", "not a readable")
    with pytest.raises(WeightsError) as caught:
        weight_files.read(tmp_path / "a.npz")
    assert len(str(caught.value)) < 500


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(["published.h5", "plain.npz"]),
    place=st.floats(0, 1),
    garbage=st.binary(min_size=1, max_size=40),
)
def test_damaged_files_are_read_or_refused_and_raise_nothing_else(name, place, garbage, tmp_path_factory):
    folder = tmp_path_factory.mktemp("garbled")
    try:
        path = WRITERS[name](folder / name, {layer: KERNELS[layer] for layer in LAYERS[:2]})
        data = bytearray(path.read_bytes())
        start = int(place * (len(data) - len(garbage)))
        data[start : start + len(garbage)] = garbage
        path.write_bytes(data)
        kernels, _ = weight_files.read(path)
        assert all(np.isfinite(array).all() for pair in kernels.values() for array in pair)
    except WeightsError as error:
        assert "\n" not in str(error)
    finally:
        shutil.rmtree(folder)


def assert_refused(path: Path, named: str):
    with pytest.raises(WeightsError) as caught:
        weight_files.read(path)
    message = str(caught.value)
    assert named in message
    assert "\n" not in message
    assert path.name.replace("\n", r"\n") in message
