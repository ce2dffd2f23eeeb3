"""The findings of `nstpipe doctor`, good and bad."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import av
import numpy as np
import pytest

import cli
from pipeline.command_line import doctor
from pipeline.command_line.doctor import Finding
from pipeline.core import backend, precisions
from pipeline.extractor import eight_bit, imagenet, weights


def finding(name: str) -> Finding:
    """Run the checks as far as the one with that name."""
    return next(one for one in doctor.findings() if one.name == name)


@pytest.mark.parametrize(
    ("codecs", "missing"),
    [({"aac"}, "libx264"), ({"libx264"}, "aac"), ({"h264"}, "aac, libx264")],
)
def test_missing_encoders_are_named(monkeypatch: pytest.MonkeyPatch, codecs: set[str], missing: str) -> None:
    monkeypatch.setattr(av, "codecs_available", codecs)
    text = f"PyAV lacks {missing}; install av from its wheel"
    assert finding("encoders") == Finding("encoders", "bad", text)


@pytest.mark.parametrize(("free", "state"), [(2**30, "bad"), (0, "bad"), (2**30 + 1, "ok")])
def test_a_disk_with_less_than_a_gibibyte_free_is_full(
    monkeypatch: pytest.MonkeyPatch, free: int, state: str
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=free))
    disk = finding("disk")
    assert disk.state == state
    assert disk.text.startswith(f"{free / 1e9:.1f} GB free here")
    assert ("; free 1.1 GB or more" in disk.text) == (state == "bad")


@pytest.fixture
def keras_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("content", [None, b"cut off"], ids=["absent", "damaged"])
def test_missing_or_damaged_imagenet_weights_are_a_note(keras_home: Path, content: bytes | None) -> None:
    path = keras_home / "models" / "vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5"
    if content is not None:
        path.parent.mkdir()
        path.write_bytes(content)
    result = finding("weights")
    assert result.state == "note"
    assert result.text.startswith("builtin; for the full network: nstpipe weights fetch, or put it at ")
    assert result.text.endswith(str(path))


def test_intact_imagenet_weights_are_ok(keras_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    imagenet.path().parent.mkdir()
    imagenet.path().write_bytes(b"whole")
    monkeypatch.setattr(imagenet, "MD5", "356c9ee60e9da05301adc3bd96f6b383")  # md5sum of "whole"
    assert finding("weights") == Finding("weights", "ok", f"imagenet, verified, at {imagenet.path()}")


def test_intact_8_bit_weights_are_ok(keras_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(keras_home))
    eight_bit.path().parent.mkdir()
    eight_bit.path().write_bytes(b"whole")
    monkeypatch.setattr(  # sha256sum of "whole"
        eight_bit, "SHA256", "5d5766cf2d78701614200418ee1450690d9af12c84d52545e4802f001ad53099"
    )
    assert finding("weights") == Finding("weights", "ok", f"imagenet-8bit, verified, at {eight_bit.path()}")


@pytest.mark.parametrize(("device", "state"), [("/CPU:0", "note"), ("/GPU:0", "ok")])
def test_a_machine_without_gpu_gets_a_note(monkeypatch: pytest.MonkeyPatch, device: str, state: str) -> None:
    monkeypatch.setattr(backend, "choose_device", lambda spec: device)
    monkeypatch.setattr(precisions, "chosen", lambda precision, device: f"{precision} on {device}")
    result = finding("device")
    assert (result.state, result.text.split(";")[0]) == (state, f"{device}, auto on auto")
    assert ("TensorFlow sees no GPU" in result.text) == (state == "note")


def test_a_check_that_raises_is_bad_and_the_others_still_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(path: Path) -> None:
        raise PermissionError("no such luck")

    monkeypatch.setattr(shutil, "disk_usage", broken)
    monkeypatch.setattr(weights, "obtain", broken)
    states = {one.name: (one.state, one.text) for one in doctor.findings()}
    assert states["disk"] == ("bad", "PermissionError: no such luck")
    assert states["self-test"][0] == "bad"
    assert states["encoders"][0] == "ok"


def test_the_self_test_takes_a_real_step() -> None:
    result = finding("self-test")
    assert result.state == "ok"
    loss = float(result.text.rpartition("loss ")[2])
    assert np.isfinite(loss) and loss > 0


@pytest.mark.parametrize(("state", "code"), [("ok", 0), ("note", 0), ("bad", 1)])
def test_the_command_fails_if_any_check_is_bad(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], state: str, code: int
) -> None:
    findings = [Finding("versions", "ok", "nstpipe 9"), Finding("disk", state, "0.1 GB free here")]
    monkeypatch.setattr(doctor, "findings", lambda: iter([*findings, findings[0]]))
    with pytest.raises(SystemExit) as ended:
        cli.main(["doctor"])
    printed, errors = capsys.readouterr()
    assert int(ended.value.code or 0) == code
    assert [line.split(maxsplit=2) for line in printed.splitlines()] == [
        ["ok", "versions", "nstpipe 9"],
        [state, "disk", "0.1 GB free here"],
        ["ok", "versions", "nstpipe 9"],
    ]
    assert ("see the lines that say bad" in errors) == (code == 1)
    assert len(errors.splitlines()) == code
