"""The extractor in the package: small, with its provenance, and able to tell textures apart."""

import zipfile

import numpy as np
import pytest

from pipeline.core import losses
from pipeline.core.stylizer import Stylizer
from pipeline.extractor import weights
from pipeline.extractor.layers import LAYERS
from pipeline.extractor.vgg import Extractor
from pipeline.pictures import images
from pipeline.settings.choice import Choice
from tests.support import ROOT
from tests.support.extracting import compared
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


def test_it_is_a_complete_vgg19_in_less_than_3_megabytes():
    builtin = weights.builtin()
    assert tuple(builtin.kernels) == LAYERS == tuple(builtin.readouts)
    assert builtin.widths == (16, 48, 96, 128, 192)
    assert weights.BUILTIN.stat().st_size < 3_000_000
    names = zipfile.ZipFile(weights.BUILTIN).namelist()
    with np.load(weights.BUILTIN) as archive:
        kinds = {archive[name[:-4]].dtype for name in names if name != "provenance.npy"}
    assert kinds == {np.dtype(np.float16)}


def test_the_file_holds_its_provenance():
    origin = provenance(weights.BUILTIN)
    flags = [f"--{name} {origin[name]}" for name in ("seed", "classes", "pastiches", "steps")]
    assert origin["command"] == " ".join(["python -m tools.train_builtin", *flags])
    assert {"python", "tensorflow", "keras", "numpy", "cv2"} == set(origin["versions"])
    for word in ("Karen Simonyan", "Andrew Zisserman", "CC BY 4.0", "Daniel Steinberg"):
        assert word in origin["teacher"]
    last = origin["errors"][-1]
    assert last["step"] == origin["steps"]
    assert last["block4_conv1"] < 0.3 and last["block4_conv1 gram"] < 0.3
    assert "| step | block1_conv1 |" in "\n".join(lines(origin))


@pytest.mark.parametrize("layer", ["block3_conv1", "block4_conv1"])
def test_it_separates_new_textures_better_than_random_filters_do(unseen, layer):
    trained, untrained = (_recognised(unseen, kind(), layer) for kind in (weights.builtin, weights.random))
    assert trained > max(0.6, untrained + 0.05)


def _recognised(unseen: np.ndarray, of: weights.Weights, layer: str) -> float:
    """The share of pictures whose nearest other one, by Gram matrix, is of the same class."""
    extractor = Extractor(of, layers=[layer])
    grams = [
        np.asarray(losses.style_target(compared(extractor, picture)[layer])).ravel()
        for pictures in unseen
        for picture in pictures
    ]
    unit = np.stack(
        [root / np.linalg.norm(root) for root in (np.sign(gram) * np.sqrt(np.abs(gram)) for gram in grams)]
    )
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
