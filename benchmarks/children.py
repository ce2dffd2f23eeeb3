"""What a command costs, measured in a process of its own."""

import contextlib
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

KILOBYTE = 1 if sys.platform == "darwin" else 1024
"""Bytes in the unit of ``ru_maxrss``."""

WAITING = {"OMP_WAIT_POLICY": "PASSIVE"}
"""For OpenMP, which PyTorch uses: threads that wait sleep. Beside other work on the machine they would spin,
and twice the CPU time was measured."""


@dataclass(frozen=True)
class Cost:
    """Of a process and of the processes that it waited for.

    Attributes:
        cpu_seconds: user and system time.
        peak_bytes: largest resident memory. Linux counts in what the process was started from, so a small
            command that is started by a large process seems as large as that.
        seconds: from start to end.
    """

    cpu_seconds: float
    peak_bytes: int
    seconds: float

    def save(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self)))

    @classmethod
    def load(cls, path: Path) -> "Cost":
        return cls(**json.loads(path.read_text()))


def run(command: Sequence[str], log: Path) -> Cost:
    """Run a command, both of its outputs in ``log``.

    Raises:
        SystemExit: it cannot be started, or fails; the message names the log.
    """
    began = time.monotonic()
    with log.open("wb") as outputs:
        try:
            process = subprocess.Popen(command, stdout=outputs, stderr=outputs, env=os.environ | WAITING)
        except OSError as error:
            raise SystemExit(f"cannot run {command[0]}: {error.strerror}") from None
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command[0]} failed with exit code {process.returncode}; see {log}")
    return _cost(usage, time.monotonic() - began)


def _cost(usage: resource.struct_rusage, seconds: float) -> Cost:
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss * KILOBYTE, seconds)


class Answering:
    """A command that answers each line with one of JSON; where one is asked, others wait."""

    def __init__(self, command: Sequence[str], log: Path) -> None:
        """Start it, with its standard error in ``log``.

        Raises:
            SystemExit: it cannot be started.
        """
        self._command, self._log = command[0], log
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        with log.open("wb") as errors:
            try:
                self._process = subprocess.Popen(command, stderr=errors, env=os.environ | WAITING, **pipes)
            except OSError as error:
                raise SystemExit(f"cannot run {command[0]}: {error.strerror}") from None

    def ask(self) -> Any:
        """Its next answer.

        Raises:
            SystemExit: it has ended; the message names the log.
        """
        with contextlib.suppress(BrokenPipeError):
            print(file=self._process.stdin, flush=True)
        answer = self._process.stdout.readline()
        if not answer:
            raise SystemExit(f"{self._command} ended too early; see {self._log}")
        return json.loads(answer)

    def end(self) -> int:
        """Close its input, wait for its end, and return its peak in bytes, as :class:`Cost` has it."""
        self._process.stdin.close()
        _, status, usage = os.wait4(self._process.pid, 0)
        self._process.returncode = os.waitstatus_to_exitcode(status)
        return usage.ru_maxrss * KILOBYTE

    def __enter__(self) -> "Answering":
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.returncode is None:
            self._process.kill()
            self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
