"""Which numbers the network computes with, and that the losses hardly notice."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.base import machine
from pipeline.core import backend, precisions
from pipeline.core.loss_graphs import fitting
from pipeline.core.objective import Objective
from pipeline.core.stylizer import Stylizer
from pipeline.core.targets import Targets
from pipeline.errors import SettingsError
from pipeline.extractor import weights
from pipeline.settings.choice import Choice
from pipeline.settings.settings import Settings
from tests.support.machines import with_flags
from tests.support.stylizing import picture
from tests.support.tiny_weights import tiny_weights


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_what_is_asked_for_is_chosen_on_every_machine(
    precision: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for flags in ("fpu", "fpu avx512_bf16"):
        with_flags(flags, tmp_path, monkeypatch)
        assert precisions.chosen(precision, "cpu") == precision


def test_auto_is_what_the_processor_multiplies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = []
    for flags in ("fpu", "fpu avx512_bf16"):
        with_flags(flags, tmp_path, monkeypatch)
        chosen.append(precisions.chosen("auto", "cpu"))
    assert chosen == ["float32", "bfloat16"]


def test_where_there_may_be_a_gpu_tensorflow_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr(backend, "multiplies_bfloat16", lambda device: asked.append(device) or True)
    monkeypatch.setattr(precisions, "NVIDIA_GPUS", tmp_path / "none")
    with_flags("fpu", tmp_path, monkeypatch)
    assert precisions.chosen("auto", "auto") == "float32"
    assert precisions.chosen("auto", "gpu:1") == "bfloat16"
    monkeypatch.setattr(precisions, "NVIDIA_GPUS", tmp_path)
    assert precisions.chosen("auto", "auto") == "bfloat16"
    assert asked == ["gpu:1", "auto"]


@pytest.mark.parametrize("capability", [(7, 5), (8, 0), (9, 0)])
def test_a_gpu_is_judged_by_its_compute_capability(
    capability: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    configuration = backend.tf.config
    monkeypatch.setattr(backend, "choose_device", lambda device: "/GPU:1")
    monkeypatch.setattr(configuration, "list_physical_devices", lambda kind: ["first", "second"])
    details = {"first": {}, "second": {"compute_capability": capability}}
    monkeypatch.setattr(configuration.experimental, "get_device_details", details.__getitem__)
    assert backend.multiplies_bfloat16("gpu:1") is (capability >= (8, 0))


def test_without_a_gpu_the_processor_is_asked_and_a_gpu_that_is_not_there_is_refused() -> None:
    assert backend.multiplies_bfloat16("cpu") is machine.multiplies_bfloat16()
    with pytest.raises(SettingsError, match="gpu:7"):
        precisions.chosen("auto", "gpu:7")


@pytest.mark.parametrize("optimizer", ["lbfgs", "projected-lbfgs"])
def test_a_picture_ends_with_the_loss_that_float32_gives(optimizer: str) -> None:
    """Evaluated in float32, within 2 %: of few steps at one small scale, on the package's own network."""
    own = weights.obtain("builtin", print)
    content, style = picture(0, 48, 64), picture(1, 60, 60)
    changes = {"size": 64, "scales": 1, "steps": "30", "optimizer": optimizer, "device": "cpu"}
    losses = {}
    for precision in ("float32", "bfloat16"):
        settings = Choice("balanced", changes | {"precision": precision}, environ={}).resolve().settings
        pastiche = Stylizer(settings, [style], weights=own).stylize(content)
        losses[precision] = loss_in_float32(settings, own, content, style, pastiche.pixels)
    assert losses["bfloat16"] == pytest.approx(losses["float32"], rel=0.02)
    assert losses["bfloat16"] != losses["float32"]


def loss_in_float32(settings: Settings, own, content, style, pixels) -> float:
    exact = settings.model_copy(update={"precision": "float32", "margin": 0.0})
    graphs = fitting(exact, own)
    targets = Targets(graphs.content_targets(content), graphs.style_targets(style))
    return Objective(exact, graphs).at(pixels, targets)[0]["total"]


def test_loss_and_gradient_are_nearly_those_of_float32() -> None:
    found = []
    for precision in ("float32", "bfloat16"):
        settings = Settings(precision=precision, device="cpu")
        graphs = fitting(settings, tiny_weights())
        targets = Targets(graphs.content_targets(picture(1)), graphs.style_targets(picture(2)))
        found.append(Objective(settings, graphs).at(picture(0), targets))
    (exact, gradient), (rounded, other) = found
    assert rounded["total"] == pytest.approx(exact["total"], rel=0.01)
    assert np.vdot(gradient, other) > 0.99 * np.linalg.norm(gradient) * np.linalg.norm(other)
    assert not np.array_equal(gradient, other)
