"""Kill a job at random moments, type the same line again each time, and see what is left in the end."""

import hashlib
import os
import re
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Survival:
    """What a job that was killed came to.

    Attributes:
        kills: how many times it was killed.
        files: SHA-256 of each file that it made, by name.
        began: how often each item was begun.
        again_after_done: items that were begun after the log had them done.
    """

    kills: int
    files: dict[str, str]
    began: Counter[str]
    again_after_done: list[str]


def run(arguments: list[str], folder: Path, seconds: float | None = None) -> int | None:
    """Run nstpipe in ``folder``; kill -9 it after ``seconds``. Its exit code, or None if it was killed."""
    environ = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "cli", *arguments]
    with subprocess.Popen(command, cwd=folder, env=environ, stderr=subprocess.PIPE, text=True) as process:
        try:
            _, complaints = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            return None
    if process.returncode:
        print(complaints)
    return process.returncode


def uninterrupted(arguments: list[str], folder: Path, made: Path) -> tuple[dict[str, str], float]:
    """The files of a job that nothing disturbs, and how many seconds it takes."""
    began = time.monotonic()
    assert run(arguments, folder) == 0
    return digests(folder / made), time.monotonic() - began


def killed(
    arguments: list[str], folder: Path, made: Path, log: Path, *, kills: int, seconds: float, seed: int
) -> Survival:
    """Run the job, killing it ``kills`` times, each at a random moment; at last let it end.

    Args:
        made: what the job makes, a file or a folder, below ``folder``.
        log: the job's log, below ``folder``.
        seconds: how long the job takes when nothing disturbs it; a kill comes within that time, or the
            job would end before it.
    """
    rng = np.random.default_rng(seed)
    done = 0
    while done < kills and run(arguments, folder, rng.uniform(0, 0.95 * seconds)) is None:
        done += 1
    assert run(arguments, folder) == 0
    lines = (folder / log).read_text().splitlines()
    return Survival(done, digests(folder / made), _began(lines), _again(lines))


def digests(made: Path) -> dict[str, str]:
    """SHA-256 of a file, or of every file below a folder."""
    files = [made] if made.is_file() else sorted(path for path in made.rglob("*") if path.is_file())
    return {
        path.relative_to(made.parent).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
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
