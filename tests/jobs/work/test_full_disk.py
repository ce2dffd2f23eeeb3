"""A disk that fills: one line and exit code 12; with more space the same line ends in the same bytes.

The disk is a small file system in memory, which root alone may mount; ``test_every_call.py`` tries ``ENOSPC``
at single calls everywhere.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.support.clips import write_clip
from tests.support.faulty_calls import Runs
from tests.support.media import picture
from tests.support.pictures import noise

pytestmark = pytest.mark.slow

SIZE = (120, 160)
LINE = ["video", "in.mp4", "s.jpg", "--keep-frames", "-q", "--size", "160", "--scales", "1", "--steps", "1"]
LINE += ["--optimizer", "adam"]

AMPLE = 2000

PLACES = {
    8: ".in_s.mp4.nstpipe/log.txt: cannot be written",
    24: ".in_s.mp4.nstpipe: the disk is full",
    84: ".in_s.mp4.nstpipe/frames: the disk is full",
    156: ".in_s.mp4.nstpipe: the disk is full",
    240: "nstpipe: .: the disk is full",
}
"""Where the disk fills, by the kilobytes that are free: a frame has 53, the video 45, a commit at most 28."""


class Disk:
    """A small file system."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def lay_out(self) -> Path:
        """Remove everything; write the inputs of the job, and return their folder."""
        folder = self.folder / "job"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        write_clip(folder / "in.mp4", size=SIZE, frames=3, picture=noisy)
        picture(folder / "s.jpg", 9)
        return folder

    def leave(self, kilobytes: int) -> None:
        """Make the disk so large that this much is free."""
        state = os.statvfs(self.folder)
        used = (state.f_blocks - state.f_bfree) * state.f_frsize // 1024
        assert mounts("-o", f"remount,size={used + kilobytes}k", str(self.folder))


def noisy(index: int, size: tuple[int, int]) -> np.ndarray:
    return noise(*size, seed=index)


def mounts(*arguments: str) -> bool:
    """Whether this could be mounted."""
    return subprocess.run(["mount", *arguments], capture_output=True).returncode == 0


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    folder = tmp_path / "disk"
    folder.mkdir()
    if shutil.which("mount") is None or not mounts("-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)):
        pytest.skip("no file system can be mounted here")
    yield Disk(folder)
    subprocess.run(["umount", "-l", folder], check=True)


def made(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / "in_s.mp4", *folder.rglob("0*.png"))}


def test_a_disk_that_fills_costs_no_work(disk: Disk, runs: Runs) -> None:
    folder = disk.lay_out()
    assert runs.run(LINE, folder).code == 0
    desired = made(folder)
    for kilobytes, place in PLACES.items():
        disk.leave(AMPLE)
        disk.lay_out()
        disk.leave(kilobytes)
        run = runs.run(LINE, folder)
        assert run.code == 12 and place in run.complaints, (kilobytes, run)
        assert run.complaints.endswith(": the disk is full; free some space and type the same line again\n")
        done = len(list(folder.rglob("0*.png")))
        disk.leave(AMPLE)
        resumed = runs.run(LINE, folder)
        assert (resumed.code, resumed.complaints) == (0, "")
        assert made(folder) == desired
        assert done == (kilobytes > 150) * 2 + (kilobytes > 200)
        assert list(folder.rglob(".nstpipe-partial-*")) == []
