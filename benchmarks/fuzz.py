"""Damage files of every kind that is read, for minutes or hours.

    python -m benchmarks.fuzz --minutes 60 [--formats jpeg png mp4 journal toml npz h5] [--seed 0]

Each kind is read in a process of its own, with a limit on its memory. A wrong result, an exception that is
none of ours, a message that is too long or of several lines, a crash, a file that takes half a minute: each
ends that kind, and the file is kept in ``--keep``. Prints how many files were read and how many refused.
"""

import argparse
import contextlib
import multiprocessing
import resource
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from hypothesis import given, seed, settings
from hypothesis.errors import HypothesisException

from tests.support.fuzzing import FORMATS, Change, Format, changes, damaged

EXAMPLES = 200
"""Files made from one seed."""

SECONDS = 30.0
MEMORY_BYTES = 3 * 10**9


def fuzz(name: str, folder: Path, seconds: float, first_seed: int, results: Any) -> None:
    """Try files until the time is over; put how many were read and refused, and a fault, into ``results``."""
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))
    form, ends, tried = FORMATS[name], time.monotonic() + seconds, Counter[bool]()
    whole = form.whole(folder)
    number = first_seed
    try:
        while time.monotonic() < ends:
            _try_one_seed(form, whole, folder, number, tried, ends)
            number += 1
        results.put((tried[False], tried[True], number - first_seed, ""))
    except (Exception, HypothesisException) as error:
        text = f"seed {number}: {type(error).__name__}: {error}"
        results.put((tried[False], tried[True], number - first_seed, " ".join(text.split())[:1000]))


def _try_one_seed(
    form: Format, whole: bytes, folder: Path, number: int, tried: Counter[bool], ends: float
) -> None:
    @seed(number)
    @settings(max_examples=EXAMPLES, deadline=None, database=None)
    @given(changes(whole))
    def check(made: list[Change]) -> None:
        if time.monotonic() < ends:
            shutil.rmtree(folder)
            folder.mkdir()
            tried[form.try_damaged(damaged(whole, made), folder) is not None] += 1

    check()


def run(name: str, seconds: float, first_seed: int, keep: Path) -> tuple[int, int, int, str]:
    """Fuzz one kind of file in a process of its own, and watch it."""
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary, name)
        folder.mkdir()
        process = context.Process(target=fuzz, args=(name, folder, seconds, first_seed, results))
        process.start()
        fault = _watched(process, folder)
        result = (0, 0, 0, fault) if fault else results.get()
        if result[3]:
            with contextlib.suppress(OSError):
                shutil.copytree(folder, keep / name, dirs_exist_ok=True)
        return result


def _watched(process: Any, folder: Path) -> str:
    """Wait for the process; what is wrong if it crashed, or took too long with one file."""
    while process.is_alive():
        process.join(1)
        with contextlib.suppress(OSError):
            age = time.time() - folder.stat().st_mtime  # it is made anew for each file
            if age > SECONDS and process.is_alive():
                process.kill()
                process.join()
                return f"no end within {SECONDS:.0f} s"
    return f"the process crashed: exit code {process.exitcode}" if process.exitcode else ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60.0, help="for all kinds together")
    parser.add_argument("--formats", nargs="+", choices=list(FORMATS), default=list(FORMATS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, default=Path(tempfile.gettempdir(), "nstpipe-fuzz"))
    options = parser.parse_args()
    seconds = 60 * options.minutes / len(options.formats)
    faults = 0
    print("| format | files | read | refused | fault |\n|---|---|---|---|---|")
    for name in options.formats:
        read, refused, _, fault = run(name, seconds, options.seed, options.keep)
        faults += bool(fault)
        print(f"| {name} | {read + refused} | {read} | {refused} | {fault or 'none'} |", flush=True)
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
