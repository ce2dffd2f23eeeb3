"""The compiled gradient: right, traced once, on a device that exists. Results that repeat."""

import importlib.util
import logging

import keras
import numpy as np
import pytest
import tensorflow as tf

from pipeline.core.backend import Compiled, CompiledGradient, choose_device
from pipeline.errors import SettingsError, TooLargeError

SHAPE = (None, None, 3)


def picture(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).uniform(0, 255, (height, width, 3)).astype(np.float32)


def two_terms(x, others):
    return [keras.ops.sum(x * others["factor"]), 0.5 * keras.ops.sum(x * x)]


@pytest.fixture
def compiled():
    return CompiledGradient(two_terms, SHAPE, {"factor": (3,)}, device=choose_device("cpu"))


def test_the_terms_and_the_gradient_of_their_sum(compiled):
    x, factor = picture(4, 5), np.array([1, 2, 3], np.float32)
    values, gradient = compiled(x, {"factor": factor})
    np.testing.assert_allclose(values, [np.sum(x * factor), np.sum(x * x) / 2], rtol=1e-5)
    np.testing.assert_allclose(gradient, factor + x, rtol=1e-6)
    assert gradient.dtype == np.float32


def test_one_trace_serves_every_size_and_target(compiled):
    for side in range(4, 24):
        compiled(picture(side, 2 * side), {"factor": np.full(3, side, np.float32)})
    assert compiled.traces == 1


def test_many_graphs_are_no_reason_for_a_warning_of_tensorflow():
    records = []
    handler = logging.Handler()
    handler.emit = records.append
    logger = logging.getLogger("tensorflow")
    logger.addHandler(handler)
    try:
        for _ in range(12):
            Compiled(lambda x: x + 1, SHAPE, device=choose_device("cpu"))(picture(4, 4))
    finally:
        logger.removeHandler(handler)
    assert [record.getMessage() for record in records] == []


def test_other_arguments_give_other_results_without_a_trace(compiled):
    gradients = [compiled(picture(4, 4), {"factor": np.full(3, f, np.float32)})[1] for f in (1, 5)]
    np.testing.assert_allclose(np.asarray(gradients[1]) - gradients[0], 4, rtol=1e-4)


def test_the_same_arguments_give_the_same_bytes(compiled):
    results = [compiled(picture(64, 64), {"factor": np.ones(3, np.float32)}) for _ in range(3)]
    assert len({tuple(np.asarray(tensor).tobytes() for tensor in result) for result in results}) == 1


def test_x_is_not_changed(compiled):
    x = picture(4, 4)
    kept = x.copy()
    compiled(x, {"factor": np.ones(3, np.float32)})
    np.testing.assert_array_equal(x, kept)


@pytest.fixture
def first_use(monkeypatch):
    """A copy of the module that no test has used, on a machine with two GPUs; and the calls that it makes."""
    calls = []
    config = tf.config.experimental
    monkeypatch.setattr(config, "enable_op_determinism", lambda: calls.append("op determinism"))
    monkeypatch.setattr(config, "set_memory_growth", lambda gpu, grows: calls.append((gpu, grows)))
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: {"GPU": ["first", "second"]}[kind])
    source = importlib.util.find_spec("pipeline.core.backend")
    module = importlib.util.module_from_spec(source)
    source.loader.exec_module(module)
    return module, calls


@pytest.mark.parametrize("device", ["auto", "cpu", "gpu:1"])
def test_results_repeat_and_gpus_take_memory_as_they_need_it(first_use, device):
    module, calls = first_use
    module.choose_device(device)
    assert sorted(calls, key=str) == [("first", True), ("second", True), "op determinism"]
    module.choose_device(device)
    assert len(calls) == 3


def test_a_device_is_named_as_tensorflow_names_it(first_use):
    module, _ = first_use
    names = [module.choose_device(device) for device in ("auto", "cpu", "gpu", "gpu:1")]
    assert names == ["/GPU:0", "/CPU:0", "/GPU:0", "/GPU:1"]


def test_there_is_always_a_cpu():
    assert choose_device("cpu") == "/CPU:0"
    assert choose_device("auto") in ("/CPU:0", "/GPU:0")


def test_a_missing_gpu_is_one_clear_line():
    with pytest.raises(SettingsError, match="no device gpu:99.*--device cpu") as caught:
        choose_device("gpu:99")
    assert "\n" not in str(caught.value)


def test_results_are_on_the_chosen_device():
    double = Compiled(lambda x: 2 * x, SHAPE, device=choose_device("cpu"))
    assert "CPU:0" in double(picture(2, 2)).device


def test_too_little_memory_is_one_clear_line():
    def too_large(x):
        raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating\na tensor")

    compiled = Compiled(too_large, SHAPE, device=choose_device("cpu"))
    with pytest.raises(TooLargeError, match="smaller --size") as caught:
        compiled(picture(2, 2))
    assert "\n" not in str(caught.value)
