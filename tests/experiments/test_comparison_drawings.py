"""The table and the curves of a comparison, of results made by hand."""

import csv

import numpy as np
import pytest

from pipeline.experiments import comparison_plot, comparison_table
from pipeline.experiments.cell_results import CellResult


def result(label: str, *losses: float, objective: int = 0, common: float = 0.5) -> CellResult:
    """A row for each total, two seconds apart, half of it content."""
    rows = [
        {
            "step": step,
            "scale": 1,
            "seconds": 2.0 * step,
            "total": loss,
            "content": loss / 2,
            "style": loss / 2,
            "tv": 0,
        }
        for step, loss in enumerate(losses)
    ]
    common_rows = [{**row, "style": common, "content": common} for row in rows]
    measured = {"style": common, "content": common}
    return CellResult(
        label, "adam", {"o": objective}, rows, common_rows, len(rows), 3.0, min(losses), measured
    )


RIVALS = [result("slow", 9, 8, 7, 6, 5), result("fast", 9, 5, 3), result("other", 1, 0.5, objective=1)]


def test_the_time_to_reach_another_s_final_loss_is_told_where_the_objective_is_the_same() -> None:
    slow, fast, other = csv.DictReader(comparison_table.as_csv(RIVALS).splitlines())
    assert "seconds to other" not in slow
    assert (slow["seconds to slow"], slow["seconds to fast"]) == ("8.000", "")
    assert (fast["seconds to slow"], fast["seconds to fast"]) == ("2.000", "4.000")
    assert (other["seconds to slow"], other["seconds to fast"]) == ("", "")
    assert (fast["loss"], fast["content"], fast["common_style"], fast["seconds"]) == (
        "3",
        "1.5",
        "0.5",
        "4.000",
    )


def test_the_printed_table_has_aligned_columns_and_names_the_weights() -> None:
    first, second, note = comparison_table.as_text(RIVALS, "imagenet").split("\n\n")
    lines = first.splitlines()
    assert len(set(map(len, lines))) == 1
    assert lines[2].split() == ["fast", "adam", "3", "3", "4", "3", "1.5", "1.5", "0", "0.5", "0.5"]
    assert [line.split()[-2:] for line in second.splitlines()[1:]] == [["8.0", "-"], ["2.0", "4.0"]]
    assert "of the imagenet weights" in note


def test_each_objective_has_a_table_of_times_of_its_own() -> None:
    results = [*RIVALS, result("another", 2, 1, objective=1)]
    _, one, other, _ = comparison_table.as_text(results, "tiny").split("\n\n")
    assert [line.split()[0] for line in one.splitlines()] == ["seconds", "slow", "fast"]
    assert other.splitlines()[1].split() == ["other", "2.0", "0.0"]
    assert other.splitlines()[2].split() == ["another", "-", "2.0"]


def test_there_is_no_second_table_where_no_objective_is_shared() -> None:
    assert "final loss of" not in comparison_table.as_text(RIVALS[1:], "tiny")


def test_terms_are_drawn_where_they_compare_and_shares_where_not() -> None:
    same, unlike = comparison_plot.panels(RIVALS[:2]), comparison_plot.panels(RIVALS)
    common = ["common style", "common content"]
    assert list(same) == ["total loss", "content loss", "style loss", *common]  # no tv: it is 0
    assert list(unlike) == ["own loss / its first", *common]
    assert [value for _, value in same["total loss"][1]] == [9, 5, 3]
    assert [value for _, value in unlike["own loss / its first"][2]] == [1, 0.5]
    assert [value for _, value in same["common style"][0]] == [0.5] * 5


def test_each_panel_is_drawn_against_steps_and_seconds() -> None:
    figure = comparison_plot.figure(RIVALS)
    assert len(figure.axes) == 3 * 2
    by_step, by_second = (axes.get_lines()[0] for axes in figure.axes[:2])
    np.testing.assert_array_equal(by_step.get_xdata(), [0, 1, 2, 3, 4])
    np.testing.assert_array_equal(by_second.get_xdata(), [0, 2, 4, 6, 8])
    np.testing.assert_allclose(by_second.get_ydata(), np.array([9, 8, 7, 6, 5]) / 9)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["slow", "fast", "other"]


@pytest.mark.parametrize("label", ["$\\nothing$", "名", "_hidden"])
def test_any_label_can_be_drawn(label: str) -> None:
    results = [result(label, 1, 0), CellResult("lost", "adam", {}, (), (), 3, 0.0, 1.0)]
    pixels = comparison_plot.pixels(results)
    assert pixels.ndim == 3 and pixels.dtype == np.float32
    assert pixels.min() < 50 < 250 < pixels.max()
