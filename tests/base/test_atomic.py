import errno
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.base.atomic import PARTIAL_PREFIX, _own_prefix, replacing, sweep, write_bytes, writing
from pipeline.errors import DiskFullError, InputError, OutputError
from tests.support import ROOT


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_new_file_and_replaced_file(tmp_path: Path) -> None:
    write_bytes(tmp_path / "a.png", b"old")
    write_bytes(tmp_path / "a.png", b"new")
    assert (tmp_path / "a.png").read_bytes() == b"new"
    assert names(tmp_path) == ["a.png"]


def test_nothing_shows_before_the_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    with replacing(path) as partial:
        partial.write_bytes(b"new")
        assert not path.exists()
        assert partial.parent == tmp_path and partial.suffix == ".png"
    assert path.read_bytes() == b"new"


def test_block_that_raises_leaves_the_old_content(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"old")
    with pytest.raises(ZeroDivisionError), replacing(path) as partial:
        partial.write_bytes(b"half")
        raise ZeroDivisionError
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["a.png"]


def test_interrupt_leaves_the_old_content(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    with pytest.raises(KeyboardInterrupt), replacing(path) as partial:
        partial.write_bytes(b"half")
        raise KeyboardInterrupt
    assert names(tmp_path) == []


def test_our_own_errors_pass_as_they_are(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="^as it was$"), replacing(tmp_path / "a.png"):
        raise InputError("as it was")


def test_block_that_writes_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="a.png: cannot be written"), replacing(tmp_path / "a.png"):
        pass


def test_two_at_once_in_one_folder(tmp_path: Path) -> None:
    with replacing(tmp_path / "a.png") as one, replacing(tmp_path / "a.png") as two:
        one.write_bytes(b"one")
        two.write_bytes(b"two")
    assert (tmp_path / "a.png").read_bytes() == b"one"  # the outer block ends last
    assert names(tmp_path) == ["a.png"]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_full_disk_at_the_last_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    def full(descriptor: int) -> None:
        raise OSError(code, os.strerror(code))

    path = tmp_path / "a.png"
    path.write_bytes(b"old")
    with monkeypatch.context() as patch, pytest.raises(DiskFullError) as caught:
        patch.setattr(os, "fsync", full)
        write_bytes(path, b"new")
    assert str(caught.value) == f"{tmp_path}: the disk is full; free some space and type the same line again"
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["a.png"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_device_that_is_full() -> None:
    with (
        pytest.raises(DiskFullError),
        writing(Path("/dev/full")),
        open("/dev/full", "wb", buffering=0) as file,
    ):
        file.write(b"x")


def test_folder_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"gone/a.png: cannot be written \(No such file"):
        write_bytes(tmp_path / "gone" / "a.png", b"x")


def test_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"file/a.png: cannot be written \(Not a directory\)"):
        write_bytes(tmp_path / "file" / "a.png", b"x")


def test_folder_stands_in_its_place(tmp_path: Path) -> None:
    (tmp_path / "a.png").mkdir()
    with pytest.raises(OutputError, match=r"a.png: cannot be written \(Is a directory\)"):
        write_bytes(tmp_path / "a.png", b"x")
    assert names(tmp_path) == ["a.png"]


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="this system has no /proc")
def test_folder_that_takes_no_files() -> None:
    with pytest.raises(OutputError, match="/proc/self/a.png: cannot be written"):
        write_bytes(Path("/proc/self/a.png"), b"x")


def test_message_is_one_line_whatever_the_name(tmp_path: Path) -> None:
    with pytest.raises(OutputError) as caught:
        write_bytes(tmp_path / "two\nlines" / "a.png", b"x")
    assert "two\\nlines/a.png: cannot be written" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_longest_name_fits(tmp_path: Path) -> None:
    name = "x" * 251 + ".png"
    write_bytes(tmp_path / name, b"x")
    assert names(tmp_path) == [name]


KILLED_BEFORE_THE_RENAME = """
import os, signal, sys
from pathlib import Path
from pipeline.base.atomic import replacing
with replacing(Path(sys.argv[1])) as partial:
    partial.write_bytes(b"half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system cannot kill like that")
def test_killed_process_leaves_the_old_file_and_sweep_clears_up(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"old")
    ended = subprocess.run([sys.executable, "-c", KILLED_BEFORE_THE_RENAME, str(path)], check=False, cwd=ROOT)
    assert ended.returncode == -signal.SIGKILL
    assert path.read_bytes() == b"old"
    assert len(names(tmp_path)) == 2 and names(tmp_path)[0].startswith(PARTIAL_PREFIX)
    sweep(tmp_path)
    assert names(tmp_path) == ["a.png"]


def test_sweep_leaves_all_else_alone(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    for name in ("a.png", ".hidden", f"sub/{PARTIAL_PREFIX}1-1.png"):
        (tmp_path / name).touch()
    sweep(tmp_path)
    assert names(tmp_path) == [".hidden", "a.png", "sub"]
    assert len(names(tmp_path / "sub")) == 1


def test_sweep_leaves_what_a_living_process_writes(tmp_path: Path) -> None:
    with replacing(tmp_path / "a.png") as partial:
        partial.write_bytes(b"new")
        sweep(tmp_path)
    assert names(tmp_path) == ["a.png"]


def test_two_processes_of_one_number_on_two_machines_do_not_meet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with replacing(tmp_path / "a.png") as here:
        here.write_bytes(b"here")
        monkeypatch.setattr(socket, "gethostname", lambda: "elsewhere")
        with replacing(tmp_path / "a.png") as there:
            there.write_bytes(b"there")
            tags = [partial.name.removeprefix(PARTIAL_PREFIX).split("-")[0] for partial in (here, there)]
    assert tags[0] != tags[1]


@pytest.mark.parametrize(("hours", "stays"), [(0, True), (23, True), (25, False)])
def test_sweep_leaves_another_machines_file_for_a_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hours: int, stays: bool
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(socket, "gethostname", lambda: "elsewhere")
        partial = tmp_path / f"{_own_prefix(999999999)}0.png"  # no process here has this number
    partial.write_bytes(b"half")
    written = time.time() - hours * 3600
    os.utime(partial, (written, written))
    sweep(tmp_path)
    assert partial.exists() == stays


def test_sweep_passes_over_what_it_cannot_remove(tmp_path: Path) -> None:
    (tmp_path / f"{PARTIAL_PREFIX}old").mkdir()
    os.utime(tmp_path / f"{PARTIAL_PREFIX}old", (0, 0))
    sweep(tmp_path)
    assert names(tmp_path) == [f"{PARTIAL_PREFIX}old"]
