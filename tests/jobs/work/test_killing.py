"""kill -9 at random moments, then the same line again: the same bytes, and no done item is computed twice.

``benchmarks/kill_twenty.py`` does the same with twenty kills of each.
"""

import os
import pty
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from pipeline import Rules, stylize_video
from pipeline.jobs.record.journal import Journal
from tests.support import ROOT
from tests.support.killing import digests, killed, run, uninterrupted, workers_of
from tests.support.media import FLAGS, TINY, clip, picture

KILLS = 3
SMOOTHED = ["--steps", "30", "--smooth-every", "20"]
"""The first frame is smoothed after step 20, the others at their start."""

LBFGS = ["--optimizer", "lbfgs", "--steps", "30"]


def test_a_killed_video_ends_in_the_same_bytes(tmp_path: Path) -> None:
    clip("in.mp4", frames=8)
    picture("starry.jpg", 2)
    arguments = ["video", "in.mp4", "starry.jpg", "-o", "out/a.mp4", "--keep-frames", "-q", *FLAGS, *SMOOTHED]
    frames = Path("out/.a.mp4.nstpipe/frames")
    output, log = Path("out/a.mp4"), Path("out/.a.mp4.nstpipe/log.txt")
    calm = uninterrupted(arguments, tmp_path, output, log)
    desired = {**calm.files, **digests(tmp_path / frames)}
    shutil.rmtree("out")
    actual = killed(arguments, tmp_path, output, log, kills=KILLS, calm=calm, seed=1)
    assert actual.kills
    assert {**actual.files, **digests(tmp_path / frames)} == desired
    assert actual.again_after_done == []
    assert sum(actual.began.values()) <= 8 + actual.kills


@pytest.mark.slow
def test_killed_workers_end_in_the_same_bytes_and_workers_end_with_their_parent(tmp_path: Path) -> None:
    clip("in.mp4", frames=12)
    picture("starry.jpg", 2)
    Path("shots.txt").write_text("1\n6\n9\n")
    arguments = ["video", "in.mp4", "starry.jpg", "-o", "out/a.mp4", "--keep-frames", "-q", *FLAGS, *SMOOTHED]
    arguments += ["--shots", "shots.txt"]
    frames = Path("out/.a.mp4.nstpipe/frames")
    output, log = Path("out/a.mp4"), Path("out/.a.mp4.nstpipe/log.txt")
    calm = uninterrupted(arguments, tmp_path, output, log)
    desired = {**calm.files, **digests(tmp_path / frames)}
    shutil.rmtree("out")
    arguments += ["--workers", "2"]
    assert kill_with_workers(arguments, frames, 3) == 2
    assert run(arguments, tmp_path) == 0
    assert {**digests(output), **digests(frames)} == desired


def kill_with_workers(arguments: list[str], frames: Path, done: int) -> int:
    """Run a job, kill -9 its main process once ``done`` frames are done; return the number of its workers.

    They must end by themselves.
    """
    environ = os.environ | {"PYTHONPATH": str(ROOT)}
    workers: list[psutil.Process] = []
    with subprocess.Popen([sys.executable, "-m", "cli", *arguments], env=environ) as process:
        while len(workers) < 2 or len(list(frames.glob("*.png"))) < done:
            assert process.poll() is None
            time.sleep(0.01)
            workers = workers_of(process.pid)
        process.kill()
    _, alive = psutil.wait_procs(workers, timeout=15)
    assert alive == []
    return len(workers)


@pytest.mark.slow
def test_a_killed_batch_ends_in_the_same_bytes(tmp_path: Path) -> None:
    for number in range(6):
        picture(f"photos/{number}.jpg", number)
    picture("starry.jpg", 9)
    arguments = ["batch", "photos", "starry.jpg", "-q", *FLAGS, *LBFGS]
    output, log = Path("photos_starry"), Path(".photos_starry.nstpipe/log.txt")
    calm = uninterrupted(arguments, tmp_path, output, log)
    shutil.rmtree(output)
    shutil.rmtree(log.parent)
    actual = killed(arguments, tmp_path, output, log, kills=KILLS, calm=calm, seed=2)
    assert actual.kills
    assert actual.files == calm.files
    assert actual.again_after_done == []
    assert sum(actual.began.values()) <= 6 + actual.kills


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_job_says_how_to_resume_and_exits_130(tmp_path: Path, signal_number: int) -> None:
    clip("in.mp4", frames=40)
    picture("starry.jpg", 2)
    arguments = ["video", "in.mp4", "starry.jpg", *FLAGS]
    environ = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "cli", *arguments]
    with subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, text=True) as process:
        frames = Path(".in_starry.mp4.nstpipe/frames")
        while not (frames.is_dir() and any(frames.iterdir())):
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal_number)
        _, complaints = process.communicate(timeout=60)
    assert process.returncode == 130
    assert f"to resume: nstpipe {' '.join(arguments)}" in complaints
    assert run(arguments, tmp_path) == 0
    assert Path("in_starry.mp4").exists()


def test_a_second_signal_stops_at_once(tmp_path: Path) -> None:
    picture("photo.jpg", 1, 360, 480)
    picture("starry.jpg", 2, 360, 480)
    arguments = [
        "image",
        "photo.jpg",
        "starry.jpg",
        "--weights",
        "builtin",
        "--steps",
        "5000",
        "--snapshot-every",
        "1",
    ]
    environ = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "cli", *arguments]
    with subprocess.Popen(command, env=environ, stderr=subprocess.DEVNULL) as process:
        while not Path("photo_starry_snapshots").is_dir():
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 130
    assert not Path("photo_starry.png").exists()


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGHUP])
def test_workers_ignore_signals_and_their_parent_handles_them(tmp_path: Path, signal_number: int) -> None:
    """A terminal sends them to the whole process group. A worker that handled one would die."""
    clip("in.mp4", frames=40)
    picture("starry.jpg", 2)
    Path("shots.txt").write_text("1\n21\n")
    arguments = ["video", "in.mp4", "starry.jpg", "--shots", "shots.txt", "--workers", "2", *FLAGS]
    environ = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "cli", *arguments]
    with subprocess.Popen(
        command, env=environ, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        frames = Path(".in_starry.mp4.nstpipe/frames")
        while not (frames.is_dir() and any(frames.glob("0*.png"))):
            assert process.poll() is None
            time.sleep(0.01)
        os.killpg(process.pid, signal_number)
        _, complaints = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in complaints and "died" not in complaints
    assert f"to resume: nstpipe {' '.join(arguments)}" in complaints


def test_a_closed_terminal_stops_a_job_after_its_step(tmp_path: Path) -> None:
    """Nothing can be printed any more; the log says how it ended, and the same line goes on."""
    for number in range(30):
        picture(f"photos/{number:02}.jpg", number)
    picture("s.jpg", 99)
    arguments = ["batch", "photos", "s.jpg", "-o", "out", *FLAGS]
    environ = os.environ | {"PYTHONPATH": str(ROOT)}
    reads, writes = pty.openpty()
    command = [sys.executable, "-m", "cli", *arguments]
    with subprocess.Popen(
        command, env=environ, stderr=writes, stdout=writes, start_new_session=True
    ) as process:
        os.close(writes)
        while not (Path("out").is_dir() and any(Path("out").glob("0*.png"))):
            assert process.poll() is None
            time.sleep(0.01)
        os.close(reads)
        for _ in range(2):
            process.send_signal(signal.SIGHUP)
        assert process.wait(timeout=60) == 130
    assert (
        Path(".out.nstpipe/log.txt")
        .read_text()
        .endswith("ended by StoppedError: stopped; what is finished is kept\n")
    )
    with Journal(Path(".out.nstpipe")) as journal:
        assert {entry.state for entry in journal.entries().values()} == {"done"}
        assert set(journal.entries()) == {path.name for path in Path("out").iterdir()}


MUXING = """
import os, signal
from pipeline import Observer, Rules, stylize_video
from tests.support.media import TINY

class Kills(Observer):
    def assembling(self, frame, frames):
        if frame == 3:
            os.kill(os.getpid(), signal.SIGKILL)

if __name__ == "__main__":
    stylize_video("in.mp4", ["s.jpg"], rules=Rules(keep_frames=True), observer=Kills(), **TINY)
"""


def test_a_video_that_is_killed_while_it_is_muxed_is_muxed_again(tmp_path: Path) -> None:
    source, style, output = clip("in.mp4", frames=6), picture("s.jpg", 2), Path("in_s.mp4")
    rules = Rules(keep_frames=True)
    stylize_video(source, [style], rules=rules, **TINY)
    desired = output.read_bytes()
    output.unlink()
    environ = os.environ | {"PYTHONPATH": str(ROOT)}
    assert subprocess.run([sys.executable, "-c", MUXING], env=environ).returncode == -9
    assert not output.exists() and len(list(tmp_path.glob(".nstpipe-partial-*"))) == 1
    assert stylize_video(source, [style], rules=rules, **TINY).stylized == 0
    assert output.read_bytes() == desired
    assert list(tmp_path.glob(".nstpipe-partial-*")) == []
