import errno
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.base import atomic
from pipeline.base.atomic import PARTIAL_PREFIX, replacing, sweep, write_bytes, writing
from pipeline.errors import DiskFullError, InputError, NstpipeWarning, OutputError
from tests.support import ROOT


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_new_file_and_replaced_file(tmp_path: Path) -> None:
    write_bytes(tmp_path / "a.png", b"old")
    write_bytes(tmp_path / "a.png", b"new")
    assert (tmp_path / "a.png").read_bytes() == b"new"
    assert names(tmp_path) == ["a.png"]


def test_the_file_appears_when_the_block_ends(tmp_path: Path) -> None:
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


def test_errors_of_nstpipe_are_not_wrapped(tmp_path: Path) -> None:
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


def test_the_file_is_on_disk_before_the_rename_and_the_rename_before_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = []
    fsync, replace = os.fsync, os.replace

    def recorded_fsync(descriptor: int) -> None:
        fsync(descriptor)
        events.append(("fsync", os.fstat(descriptor).st_ino))

    def recorded_replace(source: Path, target: Path) -> None:
        replace(source, target)
        events.append(("rename", target.stat().st_ino))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", recorded_fsync)
        patch.setattr(os, "replace", recorded_replace)
        write_bytes(tmp_path / "a.png", b"new")
    file, folder = (tmp_path / "a.png").stat().st_ino, tmp_path.stat().st_ino
    assert events == [("fsync", file), ("rename", file), ("fsync", folder)]


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


def test_folder_at_the_path(tmp_path: Path) -> None:
    (tmp_path / "a.png").mkdir()
    with pytest.raises(OutputError, match=r"a.png: cannot be written \(Is a directory\)"):
        write_bytes(tmp_path / "a.png", b"x")
    assert names(tmp_path) == ["a.png"]


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="this system has no /proc")
def test_folder_that_takes_no_files() -> None:
    with pytest.raises(OutputError, match="/proc/self/a.png: cannot be written"):
        write_bytes(Path("/proc/self/a.png"), b"x")


def test_message_is_one_line_for_any_name(tmp_path: Path) -> None:
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
def test_killed_process_leaves_the_old_file_and_sweep_removes_its_partial(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"old")
    ended = subprocess.run([sys.executable, "-c", KILLED_BEFORE_THE_RENAME, str(path)], check=False, cwd=ROOT)
    assert ended.returncode == -signal.SIGKILL
    assert path.read_bytes() == b"old"
    assert len(names(tmp_path)) == 2 and names(tmp_path)[0].startswith(PARTIAL_PREFIX)
    sweep(tmp_path)
    assert names(tmp_path) == ["a.png"]


def test_sweep_removes_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    for name in ("a.png", ".hidden", f"sub/{PARTIAL_PREFIX}1-1.png"):
        (tmp_path / name).touch()
    sweep(tmp_path)
    assert names(tmp_path) == [".hidden", "a.png", "sub"]
    assert len(names(tmp_path / "sub")) == 1


def test_sweep_keeps_the_partial_of_a_living_process(tmp_path: Path) -> None:
    with replacing(tmp_path / "a.png") as partial:
        partial.write_bytes(b"new")
        sweep(tmp_path)
    assert names(tmp_path) == ["a.png"]


def test_two_machines_with_one_process_number_use_different_names(
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
def test_sweep_keeps_another_machines_file_for_a_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hours: int, stays: bool
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(socket, "gethostname", lambda: "elsewhere")
        with replacing(tmp_path / "a.png") as partial:
            partial.write_bytes(b"half")
    # 999999999: no process here has this number
    partial = (tmp_path / "a.png").rename(str(partial).replace(f"-{os.getpid()}-", "-999999999-"))
    written = time.time() - hours * 3600
    os.utime(partial, (written, written))
    sweep(tmp_path)
    assert partial.exists() == stays


def test_sweep_ignores_what_it_cannot_remove(tmp_path: Path) -> None:
    (tmp_path / f"{PARTIAL_PREFIX}old").mkdir()
    os.utime(tmp_path / f"{PARTIAL_PREFIX}old", (0, 0))
    sweep(tmp_path)
    assert names(tmp_path) == [f"{PARTIAL_PREFIX}old"]


@pytest.fixture
def unwarned(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that has not warned of a file system yet."""
    monkeypatch.setattr(atomic, "_has_warned", False)


def sync_fails(monkeypatch: pytest.MonkeyPatch, code: int, *, for_files: bool) -> None:
    """The system's ``fsync`` fails with ``code``: for folders alone, or for files, too."""
    fsync = os.fsync

    def failing(descriptor: int) -> None:
        if for_files or stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(code, os.strerror(code))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", failing)


@pytest.mark.usefixtures("unwarned")
@pytest.mark.parametrize(
    ("code", "for_files"),
    [
        (errno.EINVAL, False),
        (errno.EACCES, False),
        (errno.EBADF, False),
        (errno.EOPNOTSUPP, True),
        (errno.ENOTSUP, True),
        (errno.ENOSYS, True),
        (errno.EINVAL, True),
    ],
)
def test_a_file_system_that_cannot_sync_is_one_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, for_files: bool
) -> None:
    sync_fails(monkeypatch, code, for_files=for_files)
    with pytest.warns(NstpipeWarning, match="cannot be told to write at once") as caught:
        for number in range(3):
            write_bytes(tmp_path / f"{number}.png", b"new")
    assert len(caught) == 1
    assert os.strerror(code) in str(caught[0].message)
    assert names(tmp_path) == ["0.png", "1.png", "2.png"]


@pytest.mark.usefixtures("unwarned")
@pytest.mark.parametrize(
    ("code", "for_files"), [(errno.EIO, False), (errno.EIO, True), (errno.EBADF, True), (errno.EACCES, True)]
)
def test_a_disk_that_fails_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, for_files: bool
) -> None:
    sync_fails(monkeypatch, code, for_files=for_files)
    with pytest.raises(OutputError, match="cannot be written"):
        write_bytes(tmp_path / "a.png", b"new")


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_found_by_writing_a_little(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    assert not atomic.has_no_space(tmp_path)
    sync_fails(monkeypatch, code, for_files=True)
    assert atomic.has_no_space(tmp_path)
    sync_fails(monkeypatch, errno.EIO, for_files=True)
    assert not atomic.has_no_space(tmp_path)
    assert names(tmp_path) == []
    assert not atomic.has_no_space(tmp_path / "none")
