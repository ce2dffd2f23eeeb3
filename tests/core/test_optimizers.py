"""Each optimizer against Keras' on a small problem, and what holds for all of them."""

import keras
import numpy as np
import pytest

from pipeline.core import optimizers
from pipeline.settings.settings import Settings

SHAPE = (3, 4, 3)
CENTRE = np.random.default_rng(0).uniform(60, 200, SHAPE).astype(np.float32)
CURVES = np.random.default_rng(1).uniform(0.1, 3, SHAPE).astype(np.float32)
START = np.random.default_rng(2).uniform(60, 200, SHAPE).astype(np.float32)

DESCENTS = ("adam", "adagrad", "rmsprop", "sgd")
ALL = (*DESCENTS, "lbfgs", "projected-lbfgs")

OWN_SETTINGS = {"rmsprop": {"beta2": 0.9}}


def bowl(x):
    """A quadratic of different curvature in each direction."""
    away = np.asarray(x, np.float32) - CENTRE
    return float(np.sum(CURVES * away**2)) / 2, CURVES * away


def ignore(x):
    """An on_iterate that does nothing."""


def ours(steps, name, pieces=1, **settings):
    optimizer = optimizers.make(Settings(optimizer=name, **settings))
    x = START
    for _ in range(pieces):
        x, taken = optimizer.advance(bowl, x, steps // pieces, ignore)
        assert taken == steps // pieces
    return x


def by_keras(optimizer, steps):
    x = keras.Variable(START)
    for _ in range(steps):
        optimizer.apply_gradients([(bowl(x)[1], x)])
    return np.asarray(x)


@pytest.mark.parametrize("epsilon", [1e-7, 0.1])
def test_adam_is_keras(epsilon):
    actual = ours(20, "adam", step_size=2.0, beta1=0.8, beta2=0.95, epsilon=epsilon)
    desired = by_keras(keras.optimizers.Adam(2.0, 0.8, 0.95, epsilon), 20)
    np.testing.assert_allclose(actual, desired, rtol=1e-4)


def test_adam_with_decay_is_keras_with_its_schedule():
    schedule = keras.optimizers.schedules.ExponentialDecay(2.0, decay_steps=5, decay_rate=0.7)
    actual = ours(20, "adam", step_size=2.0, decay_rate=0.7, decay_steps=5)
    np.testing.assert_allclose(actual, by_keras(keras.optimizers.Adam(schedule), 20), rtol=1e-4)


def test_adagrad_is_keras_whose_squares_start_from_0():
    desired = by_keras(keras.optimizers.Adagrad(2.0, initial_accumulator_value=0, epsilon=1e-12), 20)
    np.testing.assert_allclose(ours(20, "adagrad", step_size=2.0), desired, rtol=1e-4)


@pytest.mark.parametrize("step_size", [0.3, 2.0])
def test_rmsprop_is_keras_step_by_step(step_size):
    """The gradients are far above epsilon, which Keras has under the root."""
    for steps in (1, 2, 3, 5, 10, 20):
        actual = ours(steps, "rmsprop", step_size=step_size, beta2=0.9)
        desired = by_keras(keras.optimizers.RMSprop(step_size, rho=0.9), steps)
        np.testing.assert_allclose(actual, desired, rtol=1e-4)


def test_rmsprop_starts_with_a_long_step_since_its_squares_start_from_0():
    step = START - ours(1, "rmsprop", step_size=2.0, beta2=0.9)
    np.testing.assert_allclose(step, 2.0 / np.sqrt(1 - 0.9) * np.sign(bowl(START)[1]), rtol=1e-4)


def test_sgd_is_keras_at_its_own_units():
    size = float(np.sqrt(np.mean(bowl(START)[1] ** 2)))
    desired = by_keras(keras.optimizers.SGD(2.0 * (1 - 0.8) / size, momentum=0.8), 20)
    np.testing.assert_allclose(ours(20, "sgd", step_size=2.0, beta1=0.8), desired, rtol=1e-4)


def test_sgd_does_not_care_how_the_loss_is_scaled():
    optimizer = optimizers.make(Settings(optimizer="sgd", step_size=2.0))
    tiny, _ = optimizer.advance(lambda x: (0.0, 1e-9 * bowl(x)[1]), START, 10, ignore)
    np.testing.assert_allclose(tiny, ours(10, "sgd", step_size=2.0), rtol=1e-4)


@pytest.mark.parametrize("name", DESCENTS)
def test_moments_are_kept_from_one_advance_to_the_next(name):
    whole = ours(12, name, step_size=3.0, decay_rate=0.9)
    np.testing.assert_array_equal(ours(12, name, pieces=3, step_size=3.0, decay_rate=0.9), whole)


@pytest.mark.parametrize("name", ALL)
def test_loss_falls_and_steps_are_counted(name):
    iterates, passes = [], []

    def evaluate(x):
        passes.append(None)
        return bowl(x)

    optimizer = optimizers.make(Settings(optimizer=name, step_size=2.0, **OWN_SETTINGS.get(name, {})))
    x, taken = optimizer.advance(evaluate, START, 15, lambda x: iterates.append(x.copy()))
    assert bowl(x)[0] < 0.9 * bowl(START)[0]
    assert taken == len(iterates) == len(passes) == 15
    assert x.shape == SHAPE and x.dtype == np.float32


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("pixel_range", [1, 255])
def test_the_picture_stays_in_the_box(name, pixel_range):
    corners = np.where(CURVES > 1, 2 * pixel_range, -pixel_range).astype(np.float32)

    def evaluate(x):
        assert x.min() >= 0 and x.max() <= pixel_range
        return float(np.sum((x - corners) ** 2)), 2 * (x - corners)

    optimizer = optimizers.make(Settings(optimizer=name, step_size=pixel_range / 4, pixel_range=pixel_range))
    x, _ = optimizer.advance(evaluate, START / 255 * pixel_range, 60, ignore)
    np.testing.assert_allclose(x, np.where(CURVES > 1, pixel_range, 0), atol=1e-3)


@pytest.mark.parametrize("name", ALL)
def test_the_start_is_not_changed(name):
    start = START.copy()
    optimizers.make(Settings(optimizer=name)).advance(bowl, start, 3, ignore)
    np.testing.assert_array_equal(start, START)


@pytest.mark.parametrize("name", ALL)
def test_what_on_iterate_raises_comes_through(name):
    class Stop(Exception):
        pass

    def stop(x):
        raise Stop

    with pytest.raises(Stop):
        optimizers.make(Settings(optimizer=name)).advance(bowl, START, 3, stop)


@pytest.mark.parametrize("name", DESCENTS)
def test_a_gradient_of_0_moves_nothing(name):
    optimizer = optimizers.make(Settings(optimizer=name))
    x, _ = optimizer.advance(lambda x: (0.0, np.zeros_like(x)), START, 3, ignore)
    np.testing.assert_array_equal(x, START)
