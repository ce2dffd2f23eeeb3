"""The published network as a user gets it from the package index: it is fetched, and it is a trained VGG19.

Whether it names what is in a photograph cannot be asked, since its dense layers are not in the file. Shown
are its activations, its kernels, and that it recognises a picture again that was mirrored, turned and faded.
"""

import os
import subprocess
import sys
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest

from pipeline.extractor import eight_bit, weights
from pipeline.extractor.layers import LAYERS, up_to_deepest
from pipeline.extractor.vgg import Extractor
from pipeline.pictures import images
from tests.support import ROOT, torch_archives
from tests.support.extracting import compared
from tests.support.reference import Network

pytestmark = pytest.mark.index

DEEPEST = "block5_conv2"
"""The deepest layer that a preset uses."""

MEANS = {
    "block1_conv1": 19.69,
    "block2_conv1": 118.6,
    "block3_conv1": 129.5,
    "block4_conv1": 503.4,
    "block4_conv2": 346.2,
    "block5_conv1": 52.36,
    "block5_conv2": 20.88,
}
"""Of the activations on ``samples/hillside.jpg`` at 128 pixels, as measured."""


@pytest.fixture(scope="module")
def fetched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file, by the command that a user types, with the machine's own configuration of `pip`."""
    folder = tmp_path_factory.mktemp("user")
    environ = os.environ | {"PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(folder / "cache")}
    done = subprocess.run(
        [sys.executable, "-m", "cli", "weights", "fetch", "--from", "index"],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    path = Path(done.stdout.rstrip("\n"))
    assert path == folder / "cache" / "nstpipe" / eight_bit.FILE_NAME
    assert sorted(file.name for file in path.parent.iterdir()) == [path.name, f"{path.name}.lock"]
    return path


@pytest.fixture
def network(fetched: Path, monkeypatch: pytest.MonkeyPatch) -> weights.Weights:
    monkeypatch.setenv("XDG_CACHE_HOME", str(fetched.parent.parent))

    def warn(message: str) -> None:
        raise AssertionError(message)

    return weights.obtain("auto", warn)


def picture(name: str) -> np.ndarray:
    return images.read(ROOT / "samples" / f"{name}.jpg", 128).pixels


def test_it_is_what_auto_takes(fetched: Path, network: weights.Weights) -> None:
    assert (network.kind, network.origin) == ("imagenet-8bit", str(fetched))
    assert network.widths == (64, 128, 256, 512, 512)
    assert tuple(network.kernels) == LAYERS


def test_activations_are_those_of_an_independent_pass(fetched: Path, network: weights.Weights) -> None:
    """Read by another reader, computed by NumPy in double precision."""
    arrays = torch_archives.read_verified(fetched.read_bytes())
    kernels = {}
    for layer in up_to_deepest([DEEPEST]):
        kernel = arrays[f"{layer}_W_table"][arrays[f"{layer}_W_q"]]
        kernels[layer] = (np.ascontiguousarray(kernel.transpose(2, 3, 1, 0)), arrays[f"{layer}_b"])
    desired = Network(kernels, "max").forward(picture("hillside"))
    actual = compared(Extractor(network, layers=kernels), picture("hillside"))
    assert actual.keys() == desired.keys()
    for layer, activations in desired.items():
        error = np.linalg.norm(np.asarray(actual[layer]) - activations) / np.linalg.norm(activations)
        assert error < 1e-4, layer  # 1e-6 where this was written
    for layer, mean in MEANS.items():
        assert desired[layer].mean() == pytest.approx(mean, rel=1e-3), layer


def test_kernels_are_smooth_as_only_trained_ones_are(network: weights.Weights) -> None:
    """Neighbouring weights correlate by 0.48 to 0.80 in every layer; the same weights shuffled by 0.01."""
    generator = np.random.default_rng(0)
    for layer, (kernel, _) in network.kernels.items():
        assert neighbour_correlation(kernel) > 0.4, layer
        assert abs(neighbour_correlation(generator.permutation(kernel.ravel()).reshape(kernel.shape))) < 0.05


def neighbour_correlation(kernel: np.ndarray) -> float:
    """Between weights that lie side by side or one above the other; ``kernel`` is (3, 3, in, out)."""
    first = np.concatenate([kernel[:-1].ravel(), kernel[:, :-1].ravel()])
    second = np.concatenate([kernel[1:].ravel(), kernel[:, 1:].ravel()])
    return float(np.corrcoef(first, second)[0, 1])


def test_each_sample_is_recognised_again(network: weights.Weights) -> None:
    """Mirrored, turned by a quarter and faded, each is still the nearest to itself by the means of block 5.

    With the same weights shuffled, one of the six is: its features hardly depend on the picture.
    """
    names = [path.stem for path in sorted((ROOT / "samples").glob("*.jpg"))]
    assert len(names) == 6
    extractor = Extractor(network, layers=["block5_conv1"])

    def features(pixels: np.ndarray) -> np.ndarray:
        channels = np.asarray(compared(extractor, pixels)["block5_conv1"]).mean((0, 1))
        return channels / np.linalg.norm(channels)

    originals = np.array([features(picture(name)) for name in names])
    changed = np.array([features(np.rot90(picture(name)[:, ::-1]) * 0.6 + 40) for name in names])
    centre = originals.mean(0)
    similarity = (changed - centre) @ (originals - centre).T / np.linalg.norm(originals - centre, axis=1)
    assert list(similarity.argmax(1)) == list(range(6))


@pytest.mark.parametrize("layer", [*(f"block{block}_conv1" for block in range(1, 6)), "block4_conv2"])
def test_the_builtin_extractor_predicts_its_distances(network: weights.Weights, layer: str) -> None:
    """Between any two samples, of Gram matrices: relative, as the presets' style loss is."""
    published, predicted = (_gram_distances(of, layer) for of in (network, weights.builtin()))
    assert np.corrcoef(np.log(published), np.log(predicted))[0, 1] > 0.95
    assert 0.6 < np.median(predicted / published) < 1.2


def _gram_distances(of: weights.Weights, layer: str) -> np.ndarray:
    """|G - A|² / |A|² of each ordered pair of samples."""
    extractor, grams = Extractor(of, layers=[layer]), []
    for path in sorted((ROOT / "samples").glob("*.jpg")):
        features = np.asarray(compared(extractor, images.read(path, 128).pixels)[layer])
        rows = features.reshape(-1, features.shape[-1])
        grams.append(rows.T @ rows / len(rows))
    return np.array(
        [np.square(one - two).sum() / np.square(two).sum() for one, two in permutations(grams, 2)]
    )
