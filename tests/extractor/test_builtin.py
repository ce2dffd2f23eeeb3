"""The extractor in the package: small, with its provenance, and able to tell textures and forms apart."""

import zipfile

import numpy as np
import pytest

from pipeline.core import losses
from pipeline.core.stylizer import Stylizer
from pipeline.extractor import weights
from pipeline.extractor.layers import LAYERS, QUARTER_WIDTHS
from pipeline.extractor.random_filters import LEVELS
from pipeline.extractor.vgg import Extractor
from pipeline.pictures import images
from pipeline.settings.choice import Choice
from tests.support import ROOT
from tests.support.style_score import score
from tools.show_training import lines, provenance
from tools.training import gallery

UNSEEN = 12345
"""A seed of textures that the extractor was not trained on."""


@pytest.fixture(scope="module")
def unseen() -> np.ndarray:
    """Pictures of classes that training never drew: (classes, copies, 48, 48, 3)."""
    drawn = [gallery.pictures_of((UNSEEN, number)) for number in range(40)]
    return np.stack(drawn)[:, :, :48, :48].astype(np.float32)


def test_it_is_a_complete_vgg19_of_quarter_width_in_less_than_3_megabytes():
    builtin = weights.builtin()
    assert tuple(builtin.kernels) == LAYERS
    assert builtin.widths == QUARTER_WIDTHS
    assert weights.BUILTIN.stat().st_size < 3_000_000
    names = zipfile.ZipFile(weights.BUILTIN).namelist()
    with np.load(weights.BUILTIN) as archive:
        kinds = {archive[name[:-4]].dtype for name in names if name.endswith(("kernel.npy", "bias.npy"))}
    assert kinds == {np.dtype(np.float16)}


def test_the_file_holds_its_provenance():
    origin = provenance(weights.BUILTIN)
    flags = [f"--{name} {origin[name]}" for name in ("seed", "classes", "steps")]
    assert origin["command"] == " ".join(["python -m tools.train_builtin", *flags])
    assert {"python", "tensorflow", "keras", "numpy", "cv2"} == set(origin["versions"])
    last = origin["accuracy"][-1]
    assert last["step"] == origin["steps"]
    assert last["block4_conv1"] > 0.5 > 100 / origin["classes"]
    assert "| step | loss | block1_conv1 |" in "\n".join(lines(origin))


def test_layers_are_at_the_level_that_presets_expect(unseen):
    builtin = weights.builtin()
    extractor = Extractor(builtin, "avg")
    features = [extractor.activations(picture) for picture in unseen[:, 0]]
    for layer, level in LEVELS.items():
        assert np.mean([np.mean(one[layer]) for one in features]) == pytest.approx(level, rel=0.5), layer


@pytest.mark.parametrize("layer", ["block3_conv1", "block4_conv1"])
def test_it_separates_new_textures_better_than_random_filters_do(unseen, layer):
    trained, untrained = (_recognised(unseen, kind(), layer) for kind in (weights.builtin, weights.random))
    assert trained > max(0.6, untrained + 0.05)


def _recognised(unseen: np.ndarray, of: weights.Weights, layer: str) -> float:
    """The share of pictures whose nearest other one, by Gram matrix, is of the same class."""
    extractor = Extractor(of, "avg", [layer])
    grams = [
        np.asarray(losses.style_target(extractor.activations(picture)[layer])).ravel()
        for pictures in unseen
        for picture in pictures
    ]
    unit = np.stack([np.sqrt(gram) / np.linalg.norm(np.sqrt(gram)) for gram in grams])
    likeness = unit @ unit.T - 2 * np.eye(len(unit))
    classes = np.repeat(np.arange(len(unseen)), unseen.shape[1])
    return float((classes[likeness.argmax(1)] == classes).mean())


def test_a_small_pastiche_has_the_style_and_keeps_the_content():
    """By the independent score, at the size and cost of a test."""
    content = images.read(ROOT / "samples/harbour.jpg", longest_side=160).pixels
    style = images.read(ROOT / "samples/starry.jpg").pixels
    flags = {"size": 160, "steps": "60,20", "scales": 2}
    settings = Choice("balanced", flags=flags, environ={}).resolve().settings
    pastiche = Stylizer(settings, [style], weights=weights.builtin()).stylize(content).pixels
    result = score(content, style, pastiche)
    assert result.style < 0.3 and result.content > 0.35 and 0.1 < result.noise < 1.5
