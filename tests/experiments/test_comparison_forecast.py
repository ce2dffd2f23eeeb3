"""What a dry run of a comparison says: cells, costs, refusals; and that it leaves everything as it is."""

import re
from pathlib import Path

import pytest

from pipeline.base import atomic, speed
from pipeline.base.atomic import PARTIAL_PREFIX
from pipeline.base.messages import duration
from pipeline.base.speed import REFERENCE, Speed
from pipeline.core import step_memory
from pipeline.errors import InputError, JobDiffersError, OutputError
from pipeline.experiments import cells, comparison, comparison_forecast, comparison_plot, outputs
from pipeline.extractor import weights
from pipeline.jobs.planning import item_cost, memory_estimates
from pipeline.settings.choice import Choice
from pipeline.settings.settings import Settings
from tests.support.media import picture, scene
from tests.support.tiny_weights import WIDTHS, tiny_weights

SPEED = Speed(REFERENCE.products / 100, REFERENCE.traffic / 100, REFERENCE.functions / 100, cores=1)
"""Of a slow processor: cells take seconds."""

FOLDER = Path("photo_compared")
FLAGS = {"size": "32", "scales": "1", "steps": "3", "weights": "tiny.npz", "precision": "float32"}


@pytest.fixture(autouse=True)
def inputs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture, two styles, weights, and a processor of known speed."""
    picture("photo.png", 1, 24, 32)
    picture("style.png", 2, 32, 32)
    picture("starry.png", 3, 32, 32)
    weights.write_npz(Path("tiny.npz"), tiny_weights())
    monkeypatch.setattr(speed, "measured", lambda: SPEED)


def lines(
    *sweeps: str, styles=("style.png",), force: bool = False, workers: int = 1, **flags: str
) -> list[str]:
    swept = [sweep.partition("=")[0] for sweep in sweeps]
    given = {name: value for name, value in (FLAGS | flags).items() if name not in swept}
    grid = cells.grid(list(map(Path, styles)), None, sweeps, given)
    return comparison_forecast.lines(Path("photo.png"), grid, None, force=force, workers=workers)


def make(number: int) -> None:
    """Write the first pictures of the sweep of seeds, as a run would."""
    seeds = ",".join(map(str, range(number)))
    grid = cells.grid([Path("style.png")], None, [f"seed={seeds}"], FLAGS)
    compared = comparison.Comparison(Path("photo.png"), grid, FOLDER, weights.load(Path("tiny.npz"), "file"))
    for pastiche in compared.pastiches:
        pastiche.output.maker.write(pastiche.output.item, scene(1, 24, 32))


def files() -> dict[Path, tuple[bytes, int]]:
    paths = (path for path in Path().rglob("*") if path.is_file())
    return {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in paths}


def cells_in(printed: list[str]) -> list[str]:
    return [line for line in printed if line.startswith("  ")]


def test_every_cell_has_its_size_steps_and_time() -> None:
    printed = lines("size=16,32", "steps=3;9", optimizer="adam")
    head, listed = printed[:7], cells_in(printed)
    network = weights.load(Path("tiny.npz"), "file").architecture
    assert head[:4] == [
        "compare: photo.png -> photo_compared",
        "styles: style.png",
        "weights: file",
        "cells: 4, 0 of them done; 0.00 megapixels to make",
    ]
    assert [line.partition(":")[0] for line in head[4:]] == ["memory", "disk", "time"]
    for size, steps, line in zip((16, 16, 32, 32), (3, 9, 3, 9), listed, strict=True):
        pixels = (16, 21) if size == 16 else (24, 32)
        flags = FLAGS | {"size": str(size), "steps": str(steps), "optimizer": "adam"}
        settings = Choice(None, flags).resolve().settings
        cost = item_cost.of_picture(settings, pixels, (24, 32), network, SPEED).whole.total
        assert line == (
            f"  size={size} steps={steps}: {pixels[1]}x{pixels[0]} pixels, adam in float32, scales: 1, "
            f"steps: {steps}, about {duration(cost)}"
        )
    assert len({line.partition("about")[2] for line in listed}) > 1  # more steps take longer


def test_cells_that_are_done_cost_nothing_unless_forced() -> None:
    make(2)
    printed = lines("seed=0,1,2")
    assert "cells: 3, 2 of them done; 0.00 megapixels to make" in printed
    assert [line.partition(":")[0] for line in cells_in(printed)] == ["  seed=2"]
    assert len(cells_in(lines("seed=0,1,2", force=True))) == 3


def test_workers_need_memory_each() -> None:
    (one,), (two,) = (
        [line for line in lines("seed=0,1,2", workers=workers) if line.startswith("memory:")]
        for workers in (1, 2)
    )
    gigabytes = [float(re.search(r"about (\S+) GB", line)[1]) for line in (one, two)]
    assert gigabytes[1] == pytest.approx(2 * gigabytes[0], abs=0.11)
    assert two.endswith("at the peak, 2 workers")


def test_nothing_is_written_or_removed() -> None:
    make(2)
    (FOLDER / f"{PARTIAL_PREFIX}{atomic._host()}-99999999-seed=1.png").write_text("of a killed run")
    before = files()
    lines("seed=0,1,2", "style_weight=1,2", styles=["style.png"])
    lines("seed=0,1,2")
    assert files() == before
    outputs.sweep(FOLDER)  # as a run would
    assert len(files()) == len(before) - 1


def test_weights_that_must_be_fetched_are_not_and_every_cell_is_listed() -> None:
    make(2)
    before = files()
    printed = lines("seed=0,1,2", weights="imagenet")
    assert "weights: imagenet" in printed
    assert f"cells: 3, {comparison_forecast.UNKNOWN}; 0.00 megapixels to make" in printed
    assert len(cells_in(printed)) == 3
    assert files() == before


def test_what_will_fail_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    need = step_memory.memory_of_step(Settings(optimizer="adam"), (16, 21), WIDTHS)
    monkeypatch.setattr(memory_estimates, "free_memory", lambda: need)
    monkeypatch.setattr(memory_estimates, "_own_memory", lambda: 0)
    printed = lines("size=16,32", optimizer="adam")
    assert [line for line in printed if line.startswith("  size=32")] == ["  size=32: will fail"]
    (problem,) = [line for line in printed if line.startswith("will fail")]
    assert "photo.png: 32x24 pixels need about" in problem
    monkeypatch.setattr(comparison_plot, "is_possible", lambda: False)
    assert f"note: {comparison.INSTALL}" in lines("size=16,32")


def test_a_style_that_cannot_be_read_is_named_and_costs_nothing() -> None:
    Path("text.png").write_text("no picture")
    printed = lines("seed=0,1", styles=["text.png", "style.png"])
    listed = cells_in(printed)
    assert [line.partition(": ")[2] for line in listed[:2]] == ["will fail"] * 2
    assert [("about" in line) for line in listed] == [False, False, True, True]
    (problem,) = [line for line in printed if line.startswith("will fail")]
    assert "text.png: " in problem


def test_it_ends_with_the_error_that_the_run_would_end_with() -> None:
    make(1)
    with pytest.raises(JobDiffersError, match=r"seed=0.png: was made with other settings"):
        lines("seed=0,1", steps="7")
    (FOLDER / "sheet.png").write_text("mine")
    with pytest.raises(OutputError, match=r"sheet.png: already exists and was not made by nstpipe"):
        lines("seed=0,1")
    picture("dot.png", 3, 8, 8)
    with pytest.raises(InputError, match=r"dot.png: is too small"):
        lines("seed=5,6", styles=["dot.png"], force=True)
    with pytest.raises(InputError, match=r"none.png: no such file"):
        lines("seed=0,1", styles=["style.png", "none.png"])
