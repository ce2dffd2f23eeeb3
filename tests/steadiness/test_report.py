"""`nstpipe steadiness`: its table, its JSON, its plot, and its messages for bad input."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import cli
from pipeline.steadiness import report, true_motion
from pipeline.steadiness.curves import Steadiness, measure
from pipeline.steadiness.plot import draw
from pipeline.video import clip
from tests.support import drawn_motion
from tests.support.clips import write_clip
from tests.support.media import picture

SIZE = 48, 64
COUNT = 8

CURVES = ("warping_error", "long_term_error", "drift", "departure", "flicker", "sharpness", "sharpness_jump")


@pytest.fixture
def nstpipe(capfd: pytest.CaptureFixture[str]):
    """Run `nstpipe steadiness` in this process: (exit code, standard output, standard error)."""

    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            cli.main(["steadiness", *arguments])
        return (int(ended.value.code or 0), *capfd.readouterr())

    return run


@pytest.fixture
def clips() -> None:
    """A drawn sprite, its motion, and a pastiche of it that darkens."""
    drawn_motion.write("sprite", Path("in.mp4"), COUNT, SIZE)
    drawn = [frame.astype(float) for frame in clip.frames(Path("in.mp4"))]
    write_clip(
        Path("in_dark.mp4"), frames=COUNT, picture=lambda t, _: (drawn[t] * (1 - t / 20)).astype(np.uint8)
    )
    write_clip(Path("short.mp4"), frames=COUNT - 1)
    write_clip(Path("one.mp4"), frames=1)


def expected(true: bool) -> Steadiness:
    source, pastiche = (clip.frames(Path(name)) for name in ("in.mp4", "in_dark.mp4"))
    return measure(source, pastiche, [0], true_motion.load(Path("in.motion.npz")) if true else None)


@pytest.mark.usefixtures("clips")
def test_the_table_has_a_line_for_each_measure(nstpipe) -> None:
    code, printed, said = nstpipe("in.mp4", "in_dark.mp4")
    assert (code, said) == (0, "")
    head, *lines = printed.splitlines()
    assert head == "in_dark.mp4: 8 frames, 1 shot, estimated motion"
    assert lines == report.table(expected(true=False))
    assert [line[:24].rstrip() for line in lines] == [one.label for one in report.MEASURES]
    drift = expected(true=False).largest_drift
    assert drift > 10
    assert lines[2].split()[:3] == ["drift", f"{drift:.3g}", "levels"]
    assert {line[24:33].strip() == line[24:33].lstrip() for line in lines} == {True}
    assert len({line.index(one.unit, 33) for line, one in zip(lines, report.MEASURES, strict=True)}) == 1


@pytest.mark.usefixtures("clips")
def test_json_holds_the_same_numbers(nstpipe) -> None:
    code, printed, _ = nstpipe("in.mp4", "in_dark.mp4", "--json", "--motion", "in.motion.npz")
    report_json, desired = json.loads(printed), expected(true=True)
    assert (code, report_json["frames"], report_json["shots"]) == (0, COUNT, [0])
    assert tuple(report_json["measures"]) == CURVES
    for name, measured in report_json["measures"].items():
        assert tuple(measured["curve"]) == getattr(desired, name)
    assert report_json["measures"]["drift"]["largest"] == desired.largest_drift
    assert report_json["measures"]["warping_error"]["mean"] == desired.mean_warping_error
    assert report_json["measures"]["warping_error"]["mean"] != expected(true=False).mean_warping_error


@pytest.mark.usefixtures("clips")
def test_the_plot_is_a_picture(nstpipe) -> None:
    Path("plot.png").write_text("an older one")
    code, printed, _ = nstpipe("in.mp4", "in_dark.mp4", "--plot", "plot.png")
    assert (code, len(printed.splitlines())) == (0, 8)
    with Image.open("plot.png") as plot:
        assert (plot.format, plot.size) == ("PNG", (1080, 960))
        colours = {colour for _, colour in plot.convert("RGB").getcolors(1 << 20)}
    assert {(0x1B, 0x6C, 0xA8), (0xD1, 0x60, 0x3D)} <= colours
    assert sorted(path.name for path in Path().glob("*.png")) == ["plot.png"]


@pytest.mark.filterwarnings("error")
def test_a_plot_of_a_clip_with_almost_no_values() -> None:
    """A shot of one frame, no still place, a name that is no formula, in letters without a font."""
    none = (None, None, None)
    draw(Steadiness((0, 2), none, none, none, none, none, (0.0, 0.0, 0.0)), Path("a.png"), "$x_ 蕉.mp4")
    with Image.open("a.png") as plot:
        assert (0x88, 0x88, 0x88) in {colour for _, colour in plot.convert("RGB").getcolors(1 << 20)}


def test_a_measure_without_a_value_is_a_dash() -> None:
    none = (None, None)
    lines = report.table(Steadiness((0,), none, none, none, none, none, (1.0, 1.0)))
    assert [line[24:33].strip() for line in lines] == ["-", "-", "-", "-", "-", "1", "0"]


@pytest.mark.usefixtures("clips")
def test_a_plot_without_matplotlib_says_what_to_install(nstpipe, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    code, printed, message = nstpipe("in.mp4", "in_dark.mp4", "--plot", "plot.png")
    assert (code, printed) == (2, "")
    assert "`pip install matplotlib`" in message
    assert len(message.splitlines()) == 1
    assert not Path("plot.png").exists()
    assert nstpipe("in.mp4", "in_dark.mp4")[0] == 0


@pytest.mark.usefixtures("clips")
@pytest.mark.parametrize(
    ("code", "message", "arguments"),
    [
        (10, "no.mp4: no such file", ["in.mp4", "no.mp4"]),
        (10, "p.png: is not a video", ["p.png", "in.mp4"]),
        (10, "in.mp4 has 8 frames, short.mp4 7; give a clip and its own", ["in.mp4", "short.mp4"]),
        (10, "the clip has no second frame", ["one.mp4", "one.mp4"]),
        (10, "the motion is of 8 frames, short.mp4 has 7", ["short.mp4"] * 2 + ["--motion", "in.motion.npz"]),
        (10, "p.png: holds no true motion", ["in.mp4", "in_dark.mp4", "--motion", "p.png"]),
        (10, "no.npz: cannot be read", ["in.mp4", "in_dark.mp4", "--motion", "no.npz"]),
        (1, "plot.svg: the plot is a PNG", ["in.mp4", "in_dark.mp4", "--plot", "plot.svg"]),
        (1, "link.png: is an input", ["in.mp4", "in_dark.mp4", "--plot", "link.png"]),
        (1, "no/plot.png: cannot be written", ["in.mp4", "in_dark.mp4", "--plot", "no/plot.png"]),
        (1, "folder.png: cannot be written", ["in.mp4", "in_dark.mp4", "--plot", "folder.png"]),
        (2, "PASTICHE", ["in.mp4"]),
    ],
)
def test_bad_input_gives_one_line(nstpipe, code: int, message: str, arguments: list[str]) -> None:
    picture("p.png")
    Path("folder.png").mkdir()
    Path("link.png").symlink_to("in_dark.mp4")
    before = Path("in_dark.mp4").read_bytes()
    ended, printed, said = nstpipe(*arguments)
    assert (ended, printed) == (code, "")
    assert message in said
    assert len(said.splitlines()) == 1
    assert Path("in_dark.mp4").read_bytes() == before


def test_a_clip_of_two_shots_says_so(nstpipe) -> None:
    drawn_motion.write("cut", Path("cut.mp4"), 40, (90, 160))
    code, printed, _ = nstpipe("cut.mp4", "cut.mp4", "--motion", "cut.motion.npz", "--json")
    report_json = json.loads(printed)
    assert (code, report_json["shots"]) == (0, [0, 20])
    assert report_json["measures"]["warping_error"]["curve"][20] is None
    # half a level of rounding, and what H.264's colours lose
    assert report_json["measures"]["warping_error"]["mean"] < (1.5 / 255) ** 2
