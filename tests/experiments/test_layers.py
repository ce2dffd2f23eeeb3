"""The pictures of all layers of a picture, on tiny weights."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import InputError, JobDiffersError, OutputError
from pipeline.experiments import layer_pictures, layers
from pipeline.extractor import weights
from pipeline.extractor.layers import LAYERS
from pipeline.extractor.weights import Weights
from pipeline.jobs.work.runs import Outcome
from pipeline.pictures import images, writing
from tests.support import reference
from tests.support.media import picture
from tests.support.observers import RecordingObserver
from tests.support.tiny_weights import tiny_weights

FOLDER = Path("photo_layers")


def shallow(seed: int, *, deepest: int) -> Weights:
    """The first ``deepest`` layers of tiny weights: the less there is to trace, the faster."""
    full = tiny_weights(seed)
    kernels = {layer: full.kernels[layer] for layer in LAYERS[:deepest]}
    return Weights("random", kernels, {}, f"{seed} {deepest}", "tiny")


@pytest.fixture(autouse=True)
def photo() -> Path:
    weights.write_npz(Path("tiny.npz"), shallow(0, deepest=3))
    return picture("photo.png", 1, 24, 32)


def run(folder=None, force=False, **flags: object) -> Outcome:
    settings = {"size": 32, "weights": "tiny.npz", "device": "cpu", **flags}
    return layers.run(Path("photo.png"), folder, settings, RecordingObserver(), force=force)


def files() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in FOLDER.iterdir()}


@pytest.mark.parametrize("pooling", ["max", "avg"])
def test_the_pictures_show_the_activations_and_grams_of_their_layers(pooling: str) -> None:
    run(pooling=pooling)
    network = reference.Network(shallow(0, deepest=3).kernels, pooling)
    activations = network.forward(images.read(Path("photo.png")).pixels.astype(float))
    for layer in LAYERS[:3]:
        own = activations[layer].astype(np.float32)
        gram = (reference.gram(own) / (own.shape[0] * own.shape[1])).astype(np.float32)
        for name, desired in {
            "channels": layer_pictures.of_channels(layer, own, gram, (24, 32)),
            "gram": layer_pictures.of_gram(layer, gram),
        }.items():
            actual = images.read(FOLDER / f"{layer}_{name}.png").pixels
            np.testing.assert_allclose(actual, desired, atol=2)


def test_two_pictures_a_layer_and_two_sheets() -> None:
    outcome = run()
    names = {
        f"block{block}_{kind}.png"
        for block in ("1_conv1", "1_conv2", "2_conv1")
        for kind in ("channels", "gram")
    }
    assert set(files()) == names | {"channels.png", "grams.png"}
    assert (outcome.output, outcome.done, outcome.stylized) == (FOLDER, 8, 8)
    for sheet in ("channels", "gram"):
        pictures = {layer: images.read(FOLDER / f"{layer}_{sheet}.png").pixels for layer in LAYERS[:3]}
        name = "grams.png" if sheet == "gram" else "channels.png"
        np.testing.assert_array_equal(images.read(FOLDER / name).pixels, layer_pictures.by_block(pictures))


def test_what_is_missing_is_made_again_and_no_more() -> None:
    run()
    before = files()
    assert run().stylized == 0
    (FOLDER / "grams.png").unlink()
    (FOLDER / "block1_conv2_gram.png").write_bytes(before["block1_conv2_gram.png"][:-100])
    assert run().stylized == 2
    assert files() == before


def test_files_of_others_and_of_other_settings_are_kept_unless_forced() -> None:
    FOLDER.mkdir()
    writing.write(FOLDER / "grams.png", np.zeros((20, 20, 3), np.float32))
    before = files()
    with pytest.raises(OutputError, match="grams.png: already exists and was not made by nstpipe; --force"):
        run()
    assert files() == before
    run(force=True)
    before = files()
    for change in ({"size": 24}, {"pooling": "avg"}):
        with pytest.raises(JobDiffersError, match="was made with other settings.*--force"):
            run(**change)
    assert files() == before
    assert run(force=True, size=24).stylized == 8


def test_settings_of_a_project_that_have_no_effect_change_nothing() -> None:
    run()
    Path("nstpipe.toml").write_text('steps = 5\nstyle_weight = 0\ninit = "noise"\n')
    assert run().stylized == 0


def test_a_picture_that_cannot_be_read_makes_no_folder() -> None:
    Path("photo.png").write_bytes(b"no picture")
    with pytest.raises(InputError, match="photo.png"):
        run()
    assert not FOLDER.exists()
