"""What the machine, control groups and resource limits leave of the memory."""

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from pipeline.base import memory
from pipeline.errors import TooLargeError
from tests.support import ROOT
from tests.support.media import clip, picture

MB = 2**20
NO_LIMIT_1 = 9223372036854771712
"""What version 1 writes where there is no limit."""


def group(folder: Path, **files: str | int) -> None:
    """A folder of a control group; two underscores in a name stand for a dot."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in files.items():
        (folder / name.replace("__", ".")).write_text(f"{value}\n")


def left(tmp_path: Path, own: str) -> list[int]:
    (tmp_path / "own").write_text(own)
    return memory.left_in_cgroups(tmp_path / "own", tmp_path / "mount")


def test_version_2_every_group_up_to_the_mount_counts(tmp_path: Path) -> None:
    mount = tmp_path / "mount"
    group(mount / "a/b", memory__max=900 * MB, memory__current=500 * MB, memory__high="max")
    group(mount / "a", memory__max="max", memory__high=800 * MB, memory__current=700 * MB)
    group(mount, memory__max=3000 * MB, memory__current=1000 * MB)
    group(tmp_path, memory__max=1, memory__current=1)  # above the mount: no group

    assert sorted(left(tmp_path, "0::/a/b\n")) == [100 * MB, 400 * MB, 2000 * MB]


def test_version_2_cached_files_are_free(tmp_path: Path) -> None:
    group(
        tmp_path / "mount/a",
        memory__max=900 * MB,
        memory__current=800 * MB,
        memory__stat=f"anon 7\nfile 9\ninactive_file {200 * MB}\nactive_file {50 * MB}\nslab 5",
    )
    assert left(tmp_path, "0::/a\n") == [350 * MB]


def test_version_1_the_controller_of_memory_counts(tmp_path: Path) -> None:
    mount = tmp_path / "mount"
    group(mount / "memory/a", memory__limit_in_bytes=600 * MB, memory__usage_in_bytes=450 * MB)
    group(
        mount / "memory/a",
        memory__stat=f"inactive_file 1\ntotal_inactive_file {20 * MB}\ntotal_active_file {30 * MB}",
    )
    group(mount / "memory", memory__limit_in_bytes=NO_LIMIT_1, memory__usage_in_bytes=9)
    group(mount / "cpu/b", memory__limit_in_bytes=1, memory__usage_in_bytes=1)
    group(mount, memory__max=5, memory__current=1)

    assert left(tmp_path, "9:name=systemd:/a\n4:hugetlb,memory:/a\n1:cpu:/b\n") == [200 * MB]


def test_version_1_inside_a_container_the_mount_itself_is_the_group(tmp_path: Path) -> None:
    group(tmp_path / "mount/memory", memory__limit_in_bytes=512 * MB, memory__usage_in_bytes=12 * MB)
    assert left(tmp_path, "4:memory:/docker/0123456789ab\n") == [500 * MB]


@pytest.mark.parametrize("own", ["", "0::/\n", "0::/gone\n", "4:memory:/\n", "0::/../..\n", "1:cpu:/a:b\n"])
def test_no_limits_are_no_error(tmp_path: Path, own: str) -> None:
    group(tmp_path / "mount", memory__max="max", memory__current=5)
    assert left(tmp_path, own) == []


def test_no_control_groups_are_no_error(tmp_path: Path) -> None:
    assert memory.left_in_cgroups(tmp_path / "gone", tmp_path / "none") == []


def test_the_least_of_all_limits_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "left_in_cgroups", lambda: [7 * MB, 5 * MB])
    monkeypatch.setattr(memory.sys, "platform", "linux")
    assert memory.free_memory() == 5 * MB
    monkeypatch.setattr(memory, "left_in_cgroups", lambda: [-1])
    assert memory.free_memory() == 0


def free_in_a_process(limit: str, size: int) -> int:
    code = (
        f"import resource; resource.setrlimit(resource.{limit}, ({size}, {size}))\n"
        "from pipeline.base.memory import free_memory; print(free_memory())"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return int(ended.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux enforces these limits")
@pytest.mark.parametrize("limit", ["RLIMIT_AS", "RLIMIT_DATA"])
def test_a_limit_of_the_process_counts_less_what_it_uses(limit: str) -> None:
    free = free_in_a_process(limit, 400 * MB)
    assert 200 * MB < free < 398 * MB


def test_without_a_limit_the_machines_free_memory_counts() -> None:
    assert 0 < memory.free_memory() <= psutil.virtual_memory().total


def run_limited(limit: str, size: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    code = f"import resource; resource.setrlimit(resource.{limit}, ({size}, {size}))\n"
    code += f"from cli import main; main({list(arguments)!r})"
    environ = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=False
    )


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux enforces these limits")
@pytest.mark.parametrize(
    ("limit", "megabytes", "command", "remedy"),
    [
        *(("RLIMIT_AS", size, "image", "ulimit -v unlimited") for size in (200, 500, 1200, 2500)),
        *(("RLIMIT_AS", size, "shots", "ulimit -v unlimited") for size in (200, 500)),
        *(("RLIMIT_DATA", size, "image", "ulimit -d unlimited") for size in (100, 500)),
    ],
)
def test_a_limit_too_low_for_the_libraries_is_one_line(
    limit: str, megabytes: int, command: str, remedy: str
) -> None:
    """Without the check it dies by SIGSEGV, or with an ImportError, somewhere while they are loaded."""
    inputs = [picture("a.png"), picture("s.png")] if command == "image" else [clip("a.mp4")]
    ended = run_limited(limit, megabytes * MB, command, *map(str, inputs))
    assert ended.returncode == TooLargeError.exit_code
    assert len(ended.stderr.splitlines()) == 1
    assert remedy in ended.stderr
    assert ended.stdout == ""
