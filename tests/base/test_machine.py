"""The machine: which versions are installed, and BLAS on one thread."""

import importlib.metadata
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import scipy.linalg  # noqa: F401 - its BLAS has to be there before and after
import threadpoolctl

from pipeline.base import machine
from tests.support import ROOT


@pytest.mark.parametrize(
    ("text", "multiplies"),
    [
        ("processor\t: 0\nflags\t\t: fpu sse2 avx512_bf16 rdpid\n\nprocessor\t: 1\n", True),
        ("flags\t\t: fpu amx_bf16\n", True),
        ("flags\t\t: fpu avx512f bf16x avx512_bf16_\n", False),
        ("model name\t: avx512_bf16\nflags\t\t: fpu\n", False),
        ("Features\t: fp asimd\n", False),
        (None, False),
    ],
)
def test_the_processor_says_whether_it_multiplies_bfloat16(
    text: str | None, multiplies: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "CPU_INFO", tmp_path / "cpuinfo")
    if text is not None:
        (tmp_path / "cpuinfo").write_text(text)
    assert machine.multiplies_bfloat16() is multiplies


def test_versions_are_those_of_the_libraries_that_change_pixels() -> None:
    versions = machine.library_versions()
    assert list(versions) == [
        "tensorflow",
        "keras",
        "numpy",
        "scipy",
        "opencv-python-headless",
        "pillow",
        "av",
    ]
    assert (versions["numpy"], versions["keras"]) == (np.__version__, keras.__version__)


def test_versions_are_read_without_an_import() -> None:
    code = (
        "import sys; from pipeline.base.machine import library_versions; library_versions();"
        "print({'tensorflow', 'keras', 'numpy', 'scipy', 'cv2', 'PIL', 'av'} & {*sys.modules})"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ended.stdout == "set()\n", ended.stderr


def test_a_library_that_is_not_installed_has_no_version(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        if name == "tensorflow":
            raise importlib.metadata.PackageNotFoundError(name)
        return "1"

    monkeypatch.setattr(importlib.metadata, "version", version)
    assert "tensorflow" not in machine.library_versions()
    assert machine.library_versions()["numpy"] == "1"


def test_blas_has_one_thread_inside_and_as_many_as_before_outside() -> None:
    def threads() -> list[int]:
        return [pool["num_threads"] for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"]

    before = threads()
    with machine.one_blas_thread():
        assert set(threads()) == {1}
    assert threads() == before
