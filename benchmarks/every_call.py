"""Put a fault at every call of a small job that changes the disk, then type the same line again.

    python -m benchmarks.every_call [--jobs batch jpegs video] [--faults "kill before"] [--calls fsync]

A batch of two pictures (to PNG, to JPEG) and a video of three frames. A kill is SIGKILL just before or just
after the call; an error is the call's, which does nothing. Prints how many runs had the fault, and how many
of the runs after them ended in the bytes of an undisturbed run and left nothing over; the others are named.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.support.faulty_calls import Runs
from tests.support.sweep import ERRORS, JOBS, KILLS, Sweep


def rows(runs: Runs, folder: Path, options: argparse.Namespace) -> Iterator[tuple[str, str, int, int]]:
    """For each job and kind of fault: the faults, and the runs after them that ended as they must."""
    for name in options.jobs:
        sweep = Sweep(runs, JOBS[name], folder / name, name)
        for kind in options.faults:
            chosen = [fault for fault in sweep.faults(kind) if sweep.name_of(fault) in options.calls]
            faults = (chosen if options.calls else list(sweep.faults(kind)))[:: options.stride]
            problems = {fault: problem for fault in faults if (problem := sweep.problem(fault))}
            for fault, problem in problems.items():
                call = f"{sweep.name_of(fault)}, call {fault.number}"
                print(f"{name}: {kind} {call}: {problem}", file=sys.stderr, flush=True)
            yield name, kind, len(faults), len(faults) - len(problems)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--jobs", nargs="+", choices=list(JOBS), default=list(JOBS))
    parser.add_argument("--faults", nargs="+", default=[*KILLS, *ERRORS])
    parser.add_argument("--calls", nargs="+", default=[], help="names of calls; default: all")
    parser.add_argument("--stride", type=int, default=1, help="every so many calls")
    options = parser.parse_args()
    os.environ["NSTPIPE_WEIGHTS"] = "builtin"
    failed = 0
    print("| job | fault | runs with it | ended the same |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder, Runs() as runs:
        for name, kind, faults, ended in rows(runs, Path(folder), options):
            failed += faults - ended
            print(f"| {name} | {kind} | {faults} | {ended} |", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
