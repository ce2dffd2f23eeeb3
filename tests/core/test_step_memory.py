"""The memory of a step: how it grows, and what a process takes."""

import os
import subprocess
import sys

import numpy as np
import pytest

from pipeline.core import projected_lbfgs, scipy_lbfgs, step_memory
from pipeline.core.tiles import Grid, Reach
from pipeline.errors import TooLargeError
from pipeline.extractor import weights
from pipeline.extractor.layers import IMAGENET_WIDTHS, QUARTER_WIDTHS
from pipeline.settings.settings import Settings
from tests.support import ROOT

SETTINGS = Settings(content_layers="block5_conv2", scales=3, steps=[120, 100, 60])


def test_memory_grows_with_the_picture() -> None:
    sizes = [(16, 16), (512, 512), (1024, 1024)]
    needs = [step_memory.memory_of_step(SETTINGS, size, IMAGENET_WIDTHS) for size in sizes]
    assert needs[0] < needs[1] < needs[2]
    assert (needs[2] - needs[0]) / (needs[1] - needs[0]) == pytest.approx(4, rel=0.01)


def test_the_optimizers_history_is_counted() -> None:
    """Seven pairs of differences and twelve more vectors, each of float64, for three channels."""
    size, settings = (512, 512), Settings(content_layers="block5_conv2", optimizer="adam")
    adam, lbfgs = (
        step_memory.memory_of_step(settings.model_copy(update={"optimizer": name}), size, QUARTER_WIDTHS)
        for name in ("adam", "lbfgs")
    )
    assert lbfgs - adam > 512 * 512 * 3 * 8 * 2 * 7


HUGE = Settings(
    size=3840,
    steps=(35,),
    optimizer="projected-lbfgs",
    content_layers="block4_conv2",
    style_layers=",".join(f"block{block}_conv1" for block in range(1, 6)),
)


def plan(size: tuple[int, int], memory: float | None, **changes: object) -> step_memory.StepPlan:
    values = {**changes, "memory": None if memory is None else int(memory)}
    return step_memory.step_plan(HUGE.model_copy(update=values), size, IMAGENET_WIDTHS)


def test_a_picture_that_fits_is_not_cut() -> None:
    whole = plan((1536, 2048), None)
    assert whole.grid is None and whole.pairs == 10 and whole.work((1536, 2048)) == 1
    assert plan((1536, 2048), whole.memory) == whole
    assert plan((1536, 2048), whole.memory - 1).grid is not None


def test_pictures_of_3840_pixels_fit_into_4_gigabytes_and_of_7680_into_8() -> None:
    for size, memory in (((2880, 3840), 4e9), ((5760, 7680), 8e9)):
        for precision in ("float32", "bfloat16"):
            cut = plan(size, memory, precision=precision)
            assert cut.grid is not None and cut.memory <= memory and cut.pairs >= 2
            assert cut.work(size) < 4


def test_less_memory_takes_more_work_and_a_shorter_history_in_the_end() -> None:
    plans = [plan((2880, 3840), memory) for memory in (8e9, 4e9, 3e9)]
    works = [each.work((2880, 3840)) for each in plans]
    assert works[0] < works[1]
    assert [each.pairs >= step_memory.ENOUGH_PAIRS for each in plans] == [True, True, False]


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_pairs_never_make_a_step_dear_where_fewer_would_do(precision: str) -> None:
    works = []
    for memory in np.arange(7.2e9, 12e9, 0.2e9):
        cut = plan((5760, 7680), memory, precision=precision)
        works.append(cut.work((5760, 7680)))
        assert works[-1] <= step_memory.GOOD_WORK or cut.pairs == step_memory.FEWEST_PAIRS
    assert min(works) < 3 < max(works)


def test_what_does_not_fit_even_in_tiles_is_refused_with_what_it_needs() -> None:
    with pytest.raises(TooLargeError, match="3840x2880 pixels need .* --memory allows 1.0") as caught:
        plan((2880, 3840), 1e9)
    needed = float(str(caught.value).split()[3])
    assert plan((2880, 3840), (needed + 0.1) * 1e9).grid is not None
    with pytest.raises(TooLargeError):
        plan((2880, 3840), (needed - 0.1) * 1e9)


def test_the_work_of_tiles_by_hand() -> None:
    """Two windows of half the picture and a halo each, and half as many passes again for the Grams."""
    cut = step_memory.StepPlan(0, 5, Grid(1, 2, Reach(16, 80)))
    assert cut.work((1600, 1600)) == pytest.approx(1.5 * 2 * (800 + 80) / 1600)


def test_a_large_style_is_cut_only_where_the_memory_is_given_and_too_small() -> None:
    style = (3000, 4000)
    assert step_memory.style_grid(HUGE, style, IMAGENET_WIDTHS) is None
    for memory, cut in ((4e9, True), (40e9, False)):
        limited = HUGE.model_copy(update={"memory": int(memory)})
        assert (step_memory.style_grid(limited, style, IMAGENET_WIDTHS) is not None) == cut


def test_the_histories_are_as_long_as_those_of_the_optimizers() -> None:
    lengths = {"lbfgs": scipy_lbfgs.CORRECTIONS, "projected-lbfgs": projected_lbfgs.PAIRS}
    assert lengths == step_memory.MOST_PAIRS


MEASURED = """
import resource, sys
import numpy as np
from pipeline import Settings, Stylizer
from pipeline.extractor import weights
settings = Settings.model_validate_json(sys.argv[1])
pictures = np.random.default_rng(0).uniform(0, 255, (2, settings.size, settings.size, 3)).astype(np.float32)
Stylizer(settings, [pictures[0, :512, :512]], weights=weights.builtin()).stylize(pictures[1])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


def measured(settings: Settings) -> int:
    """Bytes at the peak of a process of its own that stylises a square picture."""
    environ = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", MEASURED, settings.model_dump_json()]
    return int(subprocess.run(command, env=environ, capture_output=True, text=True, check=True).stdout)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the peak is measured in Linux's units")
@pytest.mark.parametrize("optimizer", ["adam", "lbfgs", "projected-lbfgs"])
def test_the_estimated_memory_is_that_of_a_process(optimizer: str) -> None:
    """Nine steps: SciPy's history of seven pairs is full by then."""
    settings = Settings(size=1024, steps=9, optimizer=optimizer, content_layers="block4_conv2")
    estimate = step_memory.memory_of_step(settings, (1024, 1024), weights.builtin().widths)
    assert 0.85 < estimate / measured(settings) < 1.15


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the peak is measured in Linux's units")
def test_a_picture_in_tiles_takes_the_memory_that_it_may() -> None:
    settings = HUGE.model_copy(update={"size": 1536, "steps": (7,), "memory": 1_600_000_000})
    cut = step_memory.step_plan(settings, (1536, 1536), weights.builtin().widths)
    assert cut.grid is not None
    assert 0.85 < cut.memory / measured(settings) < 1.15


def test_a_network_without_its_deep_blocks_takes_less() -> None:
    """A file of weights may end after the layers that are used."""
    shallow = Settings(content_layers="block2_conv2", style_layers="block1_conv1")
    whole, cut = (
        step_memory.memory_of_step(shallow, (64, 64), widths)
        for widths in (IMAGENET_WIDTHS, IMAGENET_WIDTHS[:2])
    )
    assert cut < whole
