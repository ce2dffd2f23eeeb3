"""Estimates: the operations of VGG19, and the check that refuses a picture that does not fit."""

import os
import subprocess
import sys

import psutil
import pytest

from pipeline.errors import TooLargeError
from pipeline.extractor.layers import IMAGENET_WIDTHS, QUARTER_WIDTHS
from pipeline.jobs.planning import estimates
from pipeline.settings.settings import Settings
from tests.support import ROOT

SETTINGS = Settings(content_layers="block5_conv2", scales=3, steps=[120, 100, 60])


def test_operations_of_vgg19_at_224_pixels_are_the_published_ones() -> None:
    """Its sixteen convolutions take 19.5 billion multiply-adds at 224x224 (Simonyan and Zisserman 2014)."""
    whole = Settings(content_layers="block5_conv4")
    forward = estimates.operations_of_step(whole, (224, 224), IMAGENET_WIDTHS) / 2
    assert forward / 2 == pytest.approx(19.5e9, rel=0.01)


def test_a_quarter_of_the_width_takes_about_a_sixteenth_of_the_operations() -> None:
    full = estimates.operations_of_step(SETTINGS, (512, 512), IMAGENET_WIDTHS)
    quarter = estimates.operations_of_step(SETTINGS, (512, 512), QUARTER_WIDTHS)
    assert 12 < full / quarter < 16


def test_coarse_scales_cost_a_quarter_each() -> None:
    size, widths, speed = (512, 512), QUARTER_WIDTHS, 1e11
    adam = SETTINGS.model_copy(update={"optimizer": "adam"})
    step = estimates.operations_of_step(adam, size, widths) / speed
    actual = estimates.seconds_of_picture(adam, size, widths, speed)
    assert actual == pytest.approx(step * (120 / 16 + 100 / 4 + 60))
    following = estimates.seconds_of_picture(adam, size, widths, speed, following=True)
    assert following == pytest.approx(step * (60 / 16 + 50 / 4 + 30))
    alone = adam.model_copy(update={"temporal": "init"})
    assert estimates.seconds_of_picture(alone, size, widths, speed, following=True) == pytest.approx(
        step * 30
    )
    assert estimates.seconds_of_picture(SETTINGS, size, widths, speed) > actual


def test_memory_grows_with_the_picture() -> None:
    sizes = [(16, 16), (512, 512), (1024, 1024)]
    needs = [estimates.memory_of_step(SETTINGS, size, IMAGENET_WIDTHS) for size in sizes]
    assert needs[0] < needs[1] < needs[2]
    assert (needs[2] - needs[0]) / (needs[1] - needs[0]) == pytest.approx(4, rel=0.01)


def test_a_picture_that_does_not_fit_is_refused_with_a_size_that_does() -> None:
    huge = Settings(size=32768)
    sides = 9000
    with pytest.raises(
        TooLargeError, match=r"photo.jpg: 9000x9000 pixels need about .* try --size (\d+)"
    ) as caught:
        estimates.check_memory("photo.jpg", huge, (sides, sides), IMAGENET_WIDTHS)
    fitting = int(str(caught.value).rsplit(" ", 1)[1])
    needed = estimates.memory_of_step(huge, (fitting, fitting), IMAGENET_WIDTHS)
    assert needed < psutil.virtual_memory().total


def test_the_speed_of_this_machine_is_plausible() -> None:
    assert estimates.operations_per_second() > 1e8


MEASURED = """
import resource, sys
import numpy as np
from pipeline import Settings, Stylizer
from pipeline.extractor import weights
pictures = np.random.default_rng(0).uniform(0, 255, (2, 512, 512, 3)).astype(np.float32)
settings = Settings(size=512, steps=9, optimizer=sys.argv[1], content_layers="block5_conv2")
Stylizer(settings, [pictures[0]], weights=weights.builtin()).stylize(pictures[1])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


def measured(optimizer: str) -> int:
    """Bytes at the peak of a process of its own. Nine steps: L-BFGS-B's history of seven is full by then."""
    environ = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, optimizer], env=environ, capture_output=True, text=True, check=True
    )
    return int(done.stdout)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the peak is measured in Linux's units")
@pytest.mark.parametrize("optimizer", ["adam", "lbfgs", "projected-lbfgs"])
def test_the_estimated_memory_is_that_of_a_process(optimizer: str) -> None:
    """The allocator's own share varies by 150 MB from run to run."""
    settings = Settings(size=512, optimizer=optimizer, content_layers="block5_conv2")
    estimate = estimates.memory_of_step(settings, (512, 512), QUARTER_WIDTHS)
    assert 0.8 < estimate / measured(optimizer) < 1.3


def test_the_optimizers_history_is_counted() -> None:
    """Seven pairs of differences and twelve more vectors, each of float64, for three channels."""
    size, settings = (512, 512), Settings(content_layers="block5_conv2", optimizer="adam")
    adam, lbfgs = (
        estimates.memory_of_step(settings.model_copy(update={"optimizer": name}), size, QUARTER_WIDTHS)
        for name in ("adam", "lbfgs")
    )
    assert lbfgs - adam > 512 * 512 * 3 * 8 * 2 * 7


def test_scales_that_are_left_out_as_too_small_cost_nothing() -> None:
    adam = SETTINGS.model_copy(update={"optimizer": "adam"})
    whole = estimates.seconds_of_picture(adam, (40, 40), QUARTER_WIDTHS, 1e11)
    step = estimates.operations_of_step(adam, (40, 40), QUARTER_WIDTHS) / 1e11
    assert whole == pytest.approx(step * (100 / 4 + 60))  # 10 pixels are too few


def test_several_workers_need_memory_each(monkeypatch: pytest.MonkeyPatch) -> None:
    size = (512, 512)
    need = estimates.memory_of_step(SETTINGS, size, QUARTER_WIDTHS)
    monkeypatch.setattr(estimates, "free_memory", lambda: int(2.5 * need))
    estimates.check_memory("in.mp4", SETTINGS, size, QUARTER_WIDTHS, processes=2)
    with pytest.raises(TooLargeError, match="in.mp4: 512x512 .* try fewer --workers or --size"):
        estimates.check_memory("in.mp4", SETTINGS, size, QUARTER_WIDTHS, processes=3)
