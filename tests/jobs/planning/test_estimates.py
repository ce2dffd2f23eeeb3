"""Estimates: the memory of a step, and the check that refuses a picture that does not fit."""

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


def test_several_workers_need_memory_each(monkeypatch: pytest.MonkeyPatch) -> None:
    size = (512, 512)
    need = estimates.memory_of_step(SETTINGS, size, QUARTER_WIDTHS)
    monkeypatch.setattr(estimates, "free_memory", lambda: int(2.5 * need))
    estimates.check_memory("in.mp4", SETTINGS, size, QUARTER_WIDTHS, processes=2)
    with pytest.raises(TooLargeError, match="in.mp4: 512x512 .* try fewer --workers or --size"):
        estimates.check_memory("in.mp4", SETTINGS, size, QUARTER_WIDTHS, processes=3)
