"""A step of ours beside one of plain PyTorch: processor time and memory, on the same network and picture.

A step is one forward and one backward pass with the losses of ``balanced``, up to its loss and gradient.
Steps are taken in turns, each kind in a process of its own, and the shortest of each counts.
"""

import contextlib
import json
import math
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks import step_inputs
from benchmarks.children import Answering

KINDS = ("PyTorch", "float32", "bfloat16")
"""Plain PyTorch in float32, and ours in both precisions."""

TOLERANCE = {"float32": 1e-3, "bfloat16": 0.03}
"""How far the loss may be from PyTorch's; the gradient's norm may be five times as far."""


@dataclass(frozen=True)
class Step:
    """Of one of the ``KINDS``.

    Attributes:
        cpu_seconds: user and system time of the shortest step.
        seconds: from start to end of the shortest.
        peak_bytes: of its process, the libraries included.
        loss: at the picture.
        gradient: its Euclidean norm.
    """

    cpu_seconds: float
    seconds: float
    peak_bytes: int
    loss: float
    gradient: float


def measure(torch_python: str, side: int, width: str, steps: int, path: Path) -> None:
    """Take ``steps`` of each kind, after one that is not counted, and write them to ``path``.

    Args:
        torch_python: an interpreter that has torch.
        side: of the square picture, in pixels.
        width: of the network, one of :data:`.step_inputs.WIDTHS`.

    Raises:
        SystemExit: a process fails, or the losses differ.
    """
    answers: dict[str, list[dict[str, float]]] = {kind: [] for kind in KINDS}
    with tempfile.TemporaryDirectory() as inputs, contextlib.ExitStack() as stack:
        step_inputs.write(Path(inputs), side, width)
        children = {}
        for kind in KINDS:
            command, log = _command(kind, torch_python, inputs), path.with_suffix(f".{kind}.log")
            children[kind] = stack.enter_context(Answering(command, log))
        for number in range(steps + 1):
            print(f"step {number} of {steps} at {side} pixels", file=sys.stderr, flush=True)
            for kind, child in children.items():
                answers[kind].append(child.ask())
        peaks = {kind: child.end() for kind, child in children.items()}
    measured = {kind: _shortest(answers[kind][1:], peaks[kind]) for kind in KINDS}
    _check(measured)
    path.write_text(json.dumps({kind: asdict(step) for kind, step in measured.items()}))


def load(path: Path) -> dict[str, Step]:
    """What :func:`measure` wrote, of each of the ``KINDS``."""
    return {kind: Step(**step) for kind, step in json.loads(path.read_text()).items()}


def _command(kind: str, torch_python: str, inputs: str) -> list[str]:
    if kind == "PyTorch":
        return [torch_python, str(Path(__file__).with_name("torch_step.py")), inputs]
    return [sys.executable, "-m", "benchmarks.own_step", inputs, kind]


def _shortest(answers: Sequence[dict[str, float]], peak: int) -> Step:
    costs = {name: min(answer[name] for answer in answers) for name in ("cpu_seconds", "seconds")}
    return Step(**costs, peak_bytes=peak, loss=answers[0]["loss"], gradient=answers[0]["gradient"])


def _check(found: dict[str, Step]) -> None:
    other = found["PyTorch"]
    for kind, tolerance in TOLERANCE.items():
        ours = found[kind]
        close = math.isclose(ours.loss, other.loss, rel_tol=tolerance)
        if not (close and math.isclose(ours.gradient, other.gradient, rel_tol=5 * tolerance)):
            raise SystemExit(
                f"not the same step: loss {ours.loss} in {kind}, {other.loss} in PyTorch; "
                f"gradient {ours.gradient} and {other.gradient}"
            )
