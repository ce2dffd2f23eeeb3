"""Guards around every test: no network, no stray files, no settings from the machine's environment."""

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import pytest

from tests.support import ROOT

for _name, _handler in {"SIGINT": signal.default_int_handler, "SIGHUP": signal.SIG_DFL}.items():
    if hasattr(signal, _name):
        # Under nohup or in the background both are ignored, and the children of the tests would inherit that.
        signal.signal(getattr(signal, _name), _handler)

LOCAL = {"localhost", "127.0.0.1", "::1"}


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The working folder is the test's own, so that relative outputs land there."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def no_settings_from_outside(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No NSTPIPE_* variable, and caches without weights; `auto` would otherwise download 80 MB."""
    for name in [name for name in os.environ if name.startswith("NSTPIPE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path_factory.getbasetemp() / "keras"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))
    monkeypatch.setenv("NSTPIPE_WEIGHTS", "builtin")


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection to anything but this machine fails the test."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and address[0] not in LOCAL:
            pytest.fail(f"a test tried to reach {address}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(autouse=True)
def no_package_index(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """`pip`, a process that `no_network` does not guard, gets no index, but in tests marked `index`."""
    if request.node.get_closest_marker("index"):
        return
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests marked `index` are skipped unless an expression given to `-m` names the mark."""
    if "index" in config.option.markexpr:
        return
    for item in items:
        if item.get_closest_marker("index"):
            item.add_marker(pytest.mark.skip(reason="reaches the package index; run it with -m index"))


@pytest.fixture(autouse=True)
def no_stray_files() -> Iterator[None]:
    """A test leaves nothing in the source tree."""
    before = _tree()
    yield
    assert _tree() - before == set()


def _tree() -> set[str]:
    """Every file and folder of the source tree, without what tools keep there."""
    folders = [ROOT / name for name in ("pipeline", "samples", "configs", "tests")]
    inside = {
        str(path) for folder in folders for path in folder.rglob("*") if "__pycache__" not in path.parts
    }
    return inside | {entry.path for entry in os.scandir(ROOT) if not entry.name.startswith(".")}
