"""What a cell's curves say: passes at full size, times without measuring, when a loss was reached."""

import time

import pytest

from pipeline.core.style_transfer import StepInfo
from pipeline.experiments import cell_results, outputs
from pipeline.experiments.cell_results import CellResult, passes_at_full_size
from pipeline.experiments.stylising import Pastiche
from pipeline.jobs.record import loss_curves
from pipeline.settings.settings import Settings
from tests.support.media import picture, scene


def rows(*losses: float, scale: float = 1, first: int = 1) -> list[dict[str, float]]:
    """A row for each total, a second apart; a quarter of it is content."""
    return [
        {"step": step, "scale": scale, "seconds": step - 1.0, "total": loss, "content": loss / 4}
        for step, loss in enumerate(losses, first)
    ]


def cell(curve, loss: float, label: str = "a", **objective) -> CellResult:
    return CellResult(label, "adam", objective, curve, (), len(curve), 0.0, loss)


def test_a_pass_at_half_the_sides_counts_a_quarter() -> None:
    settings = Settings(size=64, scales=2)
    curve = rows(9, 8, 7, 6) + rows(5, 4, scale=2, first=5)
    assert passes_at_full_size(curve, (32, 64), settings) == 4 / 4 + 2
    thinned = [curve[0], curve[3], curve[5]]
    assert passes_at_full_size(thinned, (32, 64), settings) == 4 / 4 + 2
    assert passes_at_full_size((), (32, 64), settings) == 0


def test_a_loss_is_reached_at_its_first_row_of_full_size() -> None:
    one = cell(rows(9, 3) + rows(8, 6, 5, 5.5, scale=2, first=3), loss=5)
    assert [one.seconds_to(loss) for loss in (8, 7, 5, 4.9)] == [2, 3, 4, None]
    assert one.seconds_to(5 / (1 + 1e-7)) == 4  # rows have seven digits
    assert cell((), 5).seconds_to(9) is None
    assert (one.seconds, cell((), 5).seconds) == (5, None)


def test_the_final_terms_are_those_of_the_picture_that_is_kept() -> None:
    """L-BFGS keeps its best step, which need not be the last; a coarser scale's loss is another."""
    one = cell(rows(5) + rows(8, 5, 7, scale=2, first=2), loss=5)
    assert (one.final_terms["content"], one.final_terms["step"]) == (5 / 4, 3)
    assert cell((), 5).final_terms == {}


def test_seconds_leave_out_the_first_step_and_the_time_of_measuring(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 4 steps of a second, of which the first, third and last are measured in 10 seconds each."""
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)

    def measure(pixels) -> dict[str, float]:
        nonlocal now
        now += 10
        return {"style": 3.0, "content": 4.0}

    monkeypatch.setattr(cell_results, "POINTS", 2)
    image = picture("photo.png", 1, 32, 32)
    settings = Settings(size=32, steps=4)
    output = outputs.output(image, image.with_name("out") / "cell.png", {})
    pastiche = Pastiche("cell", settings, image, "", output)
    own = loss_curves.path_of(cell_results._folder(pastiche), "cell.png")
    with loss_curves.LossCurve(own) as curve, cell_results.measuring(pastiche, measure) as on_step:
        for step in range(1, 5):
            now += 1
            losses = {"total": 9.0 - step, "content": 1.0}
            info = StepInfo(step, 4, 1, 1, losses, now - 100, lambda: scene(1))
            curve.add(step, 1, info.seconds, losses)
            on_step(info)
    output.maker.write(output.item, scene(1, 32, 32), loss=5.0)
    result = cell_results.result(pastiche, (32, 32), lambda pixels: {"style": 1.0, "content": 2.0})
    assert result is not None
    assert [row["seconds"] for row in result.rows] == [0, 1, 2, 3]
    common = [(row["step"], row["seconds"], row["style"]) for row in result.common_rows]
    assert common == [(1, 0, 3), (3, 2, 3), (4, 3, 1)]  # the last is of the written picture
    assert (result.loss, result.passes, result.common["content"]) == (5, 4, 2)


def test_a_picture_that_is_missing_has_no_result() -> None:
    image = picture("photo.png", 1, 32, 32)
    output = outputs.output(image, image.with_name("cell.png"), {})
    pastiche = Pastiche("cell", Settings(), image, "", output)
    assert cell_results.result(pastiche, (32, 32), lambda pixels: {}) is None
