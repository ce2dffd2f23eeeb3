import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.base.files import check_file, check_folder
from pipeline.errors import InputError
from tests.support import ROOT


def message_of(check: Callable[[], None]) -> str:
    with pytest.raises(InputError) as caught:
        check()
    return str(caught.value)


@pytest.fixture
def file() -> Path:
    path = Path("a.png")
    path.write_bytes(b"x")
    return path


def test_a_file_and_a_link_to_it_pass(file: Path) -> None:
    Path("link.png").symlink_to(file)
    check_file(file, "a picture")
    check_file(Path("link.png"), "a picture")


def test_a_folder_and_a_link_to_it_pass() -> None:
    Path("folder").mkdir()
    Path("link").symlink_to("folder")
    check_folder(Path("folder"))
    check_folder(Path("link"))


@pytest.mark.skipif(os.name != "posix", reason="this system lacks some of these kinds of files and names")
@pytest.mark.parametrize(
    ("name", "desired"),
    [
        ("gone.png", "gone.png: no such file; check the path"),
        ("gone/b.png", "gone/b.png: no such file; check the path"),
        ("nul\0.png", "nul\\x00.png: no such file; check the path"),
        ("a.png/b.png", "a.png/b.png: no such file (Not a directory); check the path"),
        ("x" * 300, "x" * 300 + ": no such file (File name too long); check the path"),
        ("loop", "loop: no such file (Too many levels of symbolic links); check the path"),
        ("folder", "folder: is a folder; name a clip (nstpipe batch takes folders)"),
        ("pipe", "pipe: is not a file; name a clip"),
        ("/dev/null", "/dev/null: is not a file; name a clip"),
        ("empty\n.png", "empty\\n.png: is empty (0 bytes); get an intact copy"),
        (os.fsdecode(b"caf\xe9"), "caf\\xe9: is empty (0 bytes); get an intact copy"),
    ],
)
def test_what_is_no_file_is_refused_in_one_line(file: Path, name: str, desired: str) -> None:
    Path("folder").mkdir()
    Path("loop").symlink_to("loop")
    os.mkfifo("pipe")
    Path("empty\n.png").touch()
    Path(os.fsdecode(b"caf\xe9")).touch()

    assert message_of(lambda: check_file(Path(name), "a clip")) == desired


@pytest.mark.parametrize(
    ("name", "desired"),
    [
        ("gone", "gone: no such folder; check the path"),
        ("x" * 300, "x" * 300 + ": no such folder (File name too long); check the path"),
        ("loop", "loop: no such folder (Too many levels of symbolic links); check the path"),
        ("a.png", "a.png: is not a folder; nstpipe image takes single pictures"),
    ],
)
def test_what_is_no_folder_is_refused_in_one_line(file: Path, name: str, desired: str) -> None:
    Path("loop").symlink_to("loop")

    assert message_of(lambda: check_folder(Path(name))) == desired


AS_NOBODY = """
import os, sys
from pathlib import Path
from pipeline.base.files import check_file, check_folder
from pipeline.errors import InputError

if os.geteuid() == 0:  # no file is closed to root
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
check_file(Path("open.png"), "a picture")
for check in (lambda: check_file(Path("closed.png"), "a picture"), lambda: check_folder(Path("closed")),
              lambda: check_file(Path("closed/a.png"), "a picture")):
    try:
        check()
        print("passed")
    except InputError as error:
        print(error)
"""


@pytest.mark.skipif(os.name != "posix", reason="this system has no such permissions")
def test_closed_files_and_folders_are_refused_in_one_line() -> None:
    Path().chmod(0o755)  # open to the child process
    Path("closed.png").write_bytes(b"x")
    Path("closed.png").chmod(0)
    Path("open.png").write_bytes(b"x")
    Path("open.png").chmod(0o644)
    Path("closed").mkdir(mode=0)
    try:
        process = subprocess.run(
            [sys.executable, "-c", AS_NOBODY],
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=60,
        )
    finally:
        Path("closed").chmod(0o700)

    assert process.stdout.splitlines() == [
        "closed.png: cannot be read (Permission denied); check its permissions",
        "closed: cannot be read (Permission denied); check its permissions",
        "closed/a.png: cannot be read (Permission denied); check its permissions",
    ], process.stderr
