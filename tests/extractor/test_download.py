"""A download is complete and correct or leaves nothing, whatever servers, networks and processes do."""

import contextlib
import errno
import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import filelock
import pytest

from pipeline.errors import DiskFullError, WeightsError
from pipeline.extractor import download
from tests.support import ROOT
from tests.support.servers import BODY, serving

MD5 = hashlib.md5(BODY).hexdigest()
HASTY = download.Timeouts(connect=1, read=0.4, lock=0.3)

DOWNLOAD = """
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from pipeline.extractor import download
download.download(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
"""


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    with serving() as server:
        yield server


@pytest.fixture
def target(tmp_path):
    return tmp_path / "models" / "weights.h5"


def leftovers(target: Path) -> list[str]:
    """The names in the file's folder, without the lock file, which stays on purpose."""
    return sorted(path.name for path in target.parent.iterdir() if path.suffix != ".lock")


@pytest.mark.parametrize("behaviour", ["good", "no-length", "slow", "redirect"])
def test_a_good_answer_is_saved_at_the_path(behaviour, server, target):
    calls = []
    download.download(f"{server[0]}{behaviour}/f", target, MD5, lambda *call: calls.append(call), HASTY)
    assert target.read_bytes() == BODY
    assert leftovers(target) == ["weights.h5"]
    assert calls[-1] == (len(BODY), 0 if behaviour == "no-length" else len(BODY))
    assert [received for received, _ in calls] == sorted(received for received, _ in calls)


FAULTS = {
    "missing": "404",
    "broken": "500",
    "wrong": "another MD5",
    "empty": "another MD5",
    "short": f"{len(BODY) // 2} bytes read, {len(BODY) // 2} more expected",
    "endless": "more than",
    "stall": "timed out",
    "mute": "no answer within 1 s",
    "reset": "reset",
    "loop": "redirect",
    "babble": r"\x15",
}


@pytest.mark.parametrize("behaviour", FAULTS)
@pytest.mark.parametrize("before", [None, b"an older file"])
def test_a_bad_answer_changes_nothing_and_gives_one_line(behaviour, before, server, target, monkeypatch):
    monkeypatch.setattr(download, "LARGEST_BYTES", 2 * len(BODY))
    if before is not None:
        target.parent.mkdir()
        target.write_bytes(before)
    url = f"{server[0]}{behaviour}/f"
    began = time.monotonic()
    message = refused(url, target)
    assert time.monotonic() - began < 3
    assert FAULTS[behaviour] in message
    assert url in message
    assert leftovers(target) == ([] if before is None else ["weights.h5"])
    assert before is None or target.read_bytes() == before


def test_the_look_up_of_a_name_is_bounded(server, target, monkeypatch):
    released = threading.Event()
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: released.wait(5) and [])
    assert "no answer within 1 s" in refused("http://weights.invalid/f", target)
    released.set()


def test_the_wait_for_an_answer_is_bounded(server, target):
    began = time.monotonic()
    assert "no answer" in refused(f"{server[0]}late/f", target, download.Timeouts(connect=0.1))
    assert time.monotonic() - began < 0.3
    assert leftovers(target) == []


def test_an_unknown_name_and_a_closed_port_are_reported(target, monkeypatch):
    def unknown(*_, **__):
        raise OSError(-2, "Name or service not known")

    assert "refused" in refused("http://127.0.0.1:9/f", target)
    monkeypatch.setattr("socket.getaddrinfo", unknown)
    assert "not known" in refused("http://weights.invalid/f", target)


@pytest.mark.parametrize(
    ("address", "named"),
    [("weights", "No scheme"), ("gopher://weights/", "gopher:"), ("", "No scheme"), ("http:///f", "No host")],
)
def test_a_malformed_address_is_reported(address, named, target):
    assert named in refused(address, target)


def test_a_file_that_is_there_is_not_requested(server, target):
    target.parent.mkdir()
    target.write_bytes(BODY)
    download.download(f"{server[0]}good/f", target, MD5, timeouts=HASTY)
    assert not server[1]


def test_a_damaged_file_is_replaced(server, target):
    target.parent.mkdir()
    target.write_bytes(BODY[:-1])
    download.download(f"{server[0]}good/f", target, MD5, timeouts=HASTY)
    assert target.read_bytes() == BODY


def test_a_folder_that_cannot_be_created_is_reported(server, tmp_path):
    (tmp_path / "models").write_bytes(b"a file")
    message = refused(f"{server[0]}good/f", tmp_path / "models" / "weights.h5")
    assert "exists" in message or "Not a directory" in message


def test_a_folder_at_the_path_is_reported(server, target):
    target.mkdir(parents=True)
    assert "directory" in refused(f"{server[0]}good/f", target)
    assert leftovers(target) == ["weights.h5"]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_not_the_networks_fault(server, target, monkeypatch, code):
    def full(descriptor: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DiskFullError, match=f"^{target.parent}: the disk is full; free some space"):
        download.download(f"{server[0]}good/f", target, MD5, timeouts=HASTY)
    assert leftovers(target) == []


def test_the_wait_for_another_process_is_bounded(server, target):
    target.parent.mkdir()
    with filelock.FileLock(f"{target}.lock"):
        assert "another process" in refused(f"{server[0]}good/f", target)


def test_an_interruption_leaves_nothing(server, target):
    def interrupt(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        download.download(f"{server[0]}good/f", target, MD5, interrupt, HASTY)
    assert leftovers(target) == []


def test_two_processes_download_once(server, target, start):
    racers = [start(f"{server[0]}slow/f", target) for _ in range(2)]
    assert [racer.communicate(timeout=20) for racer in racers] == [(b"", b"")] * 2
    assert [racer.returncode for racer in racers] == [0, 0]
    assert target.read_bytes() == BODY
    assert server[1]["slow"] == 1


def test_a_killed_download_leaves_no_bad_file_and_the_next_succeeds(server, target, start):
    killed = start(f"{server[0]}stall/f", target)
    folder = target.with_name("weights.h5.download")
    deadline = time.monotonic() + 20
    while not any(partial.stat().st_size for partial in folder.glob("*")):
        assert time.monotonic() < deadline and killed.poll() is None
        time.sleep(0.01)
    killed.send_signal(signal.SIGKILL)
    killed.communicate(timeout=20)
    assert leftovers(target) == ["weights.h5.download"]
    download.download(f"{server[0]}good/f", target, MD5, timeouts=HASTY)
    assert leftovers(target) == ["weights.h5"]
    assert target.read_bytes() == BODY


@pytest.fixture
def start() -> Iterator[Callable[[str, Path], subprocess.Popen[bytes]]]:
    """Start downloads in processes of their own; stop those that a failed test leaves and close their pipes.

    A pipe that stays open fails a later test that has nothing to do with it: the garbage collector warns.
    """
    with contextlib.ExitStack() as processes:

        def start(url: str, target: Path) -> subprocess.Popen[bytes]:
            command = [sys.executable, "-c", DOWNLOAD, url, str(target), MD5]
            process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            processes.enter_context(process)
            processes.callback(process.kill)
            return process

        yield start


def refused(url: str, target: Path, timeouts: download.Timeouts = HASTY) -> str:
    with pytest.raises(WeightsError) as caught:
        download.download(url, target, MD5, timeouts=timeouts)
    message = str(caught.value)
    assert "\n" not in message
    assert MD5 in message
    assert str(target) in message
    return message
