"""Kill a job at random moments, run the same command again each time, and compare the files at the end."""

import contextlib
import hashlib
import math
import os
import re
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import psutil

from tests.support import ROOT


@dataclass(frozen=True)
class Survival:
    """The result of a job that was killed.

    Attributes:
        kills: how many times it was killed.
        files: SHA-256 of each file that it made, by name.
        began: how often each item was begun.
        again_after_done: items that were begun again after the log called them done.
    """

    kills: int
    files: dict[str, str]
    began: Counter[str]
    again_after_done: list[str]


POLL_SECONDS = 0.002


@dataclass(frozen=True)
class Moment:
    """When a run is killed.

    A job's log begins to grow with its first item, however long the machine takes to come to that.

    Attributes:
        working: seconds after the log began to grow.
        starting: seconds after the start, if the log has not grown by then.
    """

    log: Path
    working: float = 0.0
    starting: float = math.inf

    def wait(self, process: "subprocess.Popen[str]") -> None:
        """Return at this moment, or when the process has ended."""
        size, end = _size(self.log), time.monotonic() + self.starting
        while _size(self.log) == size:
            if time.monotonic() >= end or process.poll() is not None:
                return
            time.sleep(POLL_SECONDS)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(self.working)


def run(arguments: list[str], folder: Path, moment: Moment | None = None) -> int | None:
    """Run nstpipe in ``folder``; kill -9 it at ``moment``. Its exit code, or None if it was killed."""
    environ = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "cli", *arguments]
    with subprocess.Popen(command, cwd=folder, env=environ, stderr=subprocess.PIPE, text=True) as process:
        if moment is not None:
            moment.wait(process)
            if process.poll() is None:
                process.kill()
                return None
        _, complaints = process.communicate()
    if process.returncode:
        print(complaints)
    return process.returncode


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


@dataclass(frozen=True)
class Calm:
    """A job that nothing disturbed: its files, seconds before the first item began, seconds from there on."""

    files: dict[str, str]
    before: float
    working: float


def uninterrupted(arguments: list[str], folder: Path, output: Path, log: Path) -> Calm:
    """Run the job without a kill. ``output`` (a file or folder) and ``log`` lie below ``folder``."""
    began = time.time()
    assert run(arguments, folder) == 0
    ended = time.time()
    first_line = (folder / log).read_text().partition("\n")[0]
    at_work = datetime.strptime(first_line[:23], "%Y-%m-%d %H:%M:%S,%f").timestamp()
    return Calm(digests(folder / output), at_work - began, ended - at_work)


def killed(
    arguments: list[str], folder: Path, output: Path, log: Path, *, kills: int, calm: Calm, seed: int
) -> Survival:
    """Run the job, killing it ``kills`` times, each at a random moment; at last let it end.

    A quarter of the runs are killed while they start, the others while they stylise: these work for at most
    1.2 / ``kills`` of the job's time each, so that most kills come before the job is done.
    """
    rng = np.random.default_rng(seed)
    share = calm.working / kills
    done = 0
    while done < kills:
        starting = rng.random() < 0.25
        early = Moment(folder / log, starting=rng.uniform(0, calm.before))
        late = Moment(folder / log, working=rng.uniform(0, 1.2 * share))
        if run(arguments, folder, early if starting else late) is not None:
            break
        done += 1
    assert run(arguments, folder) == 0
    lines = (folder / log).read_text().splitlines()
    return Survival(done, digests(folder / output), _began(lines), _again(lines))


def digests(output: Path) -> dict[str, str]:
    """SHA-256 of a file, or of every file below a folder."""
    files = [output] if output.is_file() else sorted(path for path in output.rglob("*") if path.is_file())
    return {
        path.relative_to(output.parent).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


def _began(lines: list[str]) -> Counter[str]:
    return Counter(line.partition("stylising ")[2] for line in lines if "INFO stylising " in line)


def _again(lines: list[str]) -> list[str]:
    done: set[str] = set()
    again = []
    for line in lines:
        if match := re.search(r"INFO stylising (.+)$", line):
            again += [match[1]] * (match[1] in done)
        elif match := re.search(r"INFO done (.+): loss", line):
            done.add(match[1])
    return again


def workers_of(process: int) -> list[psutil.Process]:
    """The living worker processes of a process; its decoders are no workers."""
    workers = []
    for child in psutil.Process(process).children():
        with contextlib.suppress(psutil.Error):  # it ended meanwhile
            if "spawn_main" in " ".join(child.cmdline()):
                workers.append(child)
    return workers
