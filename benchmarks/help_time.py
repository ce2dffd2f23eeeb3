"""How long `nstpipe --help` takes, from a cold process to its exit.

python -m benchmarks.help_time [--runs 20]
"""

import argparse
import statistics
import subprocess
import sys
import time


def seconds() -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-m", "cli", "--help"], check=True, capture_output=True)
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=20)
    times = [seconds() for _ in range(parser.parse_args().runs)]
    print(f"nstpipe --help: median {statistics.median(times):.2f} s, slowest {max(times):.2f} s")


if __name__ == "__main__":
    main()
