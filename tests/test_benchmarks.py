"""The benchmarks of videos run, on a few tiny frames, and print the tables that the documents hold."""

import runpy
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.pictures import images
from tests.support import ROOT
from tests.support.media import picture

Table = list[list[str]]


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Table]:
    """A function that runs a benchmark and returns the rows of its table, without the two head rows."""

    def run(name: str, *words: str) -> Table:
        monkeypatch.setattr(sys, "argv", ["benchmark", *words])
        runpy.run_path(str(ROOT / f"benchmarks/{name}.py"), run_name="__main__")
        lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("|")]
        rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
        assert {len(row) for row in rows} == {len(rows[0])} and set(rows[1]) == {"---"}
        return rows[2:]

    return run


def test_the_modes_of_a_drawn_clip(table) -> None:
    words = ("pan", str(picture("starry.jpg", 2)), "--frames", "7", "--size", "48", "--steps", "2")
    rows = table("steady_modes", *words, "--sheet", "sheet.png", "--shown", "0", "6", "99")
    assert [row[:2] for row in rows] == [["pan", mode] for mode in ("none", "init", "flow")]
    assert (rows[0][3], rows[1][4]) == ("1.00", "1.00")
    assert all(float(row[2]) > 0 and float(row[6]) > 0 for row in rows)
    assert images.read(Path("sheet.png")).pixels.shape[1] == 2 * 320


def test_what_drifts(table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NSTPIPE_STEPS", "2")
    words = (
        str(picture("photo.jpg", 1, 96, 128)),
        str(picture("starry.jpg", 2)),
        "--frames",
        "12",
        "--size",
        "96",
    )
    [[what, noise, colour, sharpness, jump]] = table("drift", *words, "--row", "along the flow, noisy")
    assert (what, noise) == ("along the flow, noisy", "3")
    assert float(colour) < 1 and abs(float(sharpness.split()[0])) < 5 and float(jump.split()[0]) < 5


def test_what_the_flow_costs(table) -> None:
    words = str(picture("starry.jpg", 2)), "--clips", "pan", "--frames", "1", "--size", "48"
    [[clip, following, stylising, share]] = table("flow_cost", *words)
    assert clip == "pan"
    assert float(share.split()[0]) == pytest.approx(
        100 * float(following.split()[0]) / float(stylising.split()[0]), rel=0.5
    )
