"""Processors that can do this or that."""

from pathlib import Path

import pytest

from pipeline.base import machine


def with_flags(flags: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the processor say that it has these ``flags``, as Linux would."""
    (folder / "cpuinfo").write_text(f"flags\t\t: {flags}\n")
    monkeypatch.setattr(machine, "CPU_INFO", folder / "cpuinfo")
