"""Projected L-BFGS: the two loops of Nocedal, the box, one evaluation a step, and as low as SciPy's."""

from itertools import pairwise

import numpy as np
import pytest
from scipy import optimize

from pipeline.core.lbfgs import Lbfgs
from pipeline.core.projected_lbfgs import PAIRS, TRIALS, ProjectedLbfgs, _History

SHAPE = (4, 4, 3)


def start():
    return np.random.default_rng(0).uniform(20, 240, SHAPE).astype(np.float32)


def ignore(x):
    """An on_iterate that does nothing."""


class Valleys:
    """Rosenbrock's function in pixel units, along the picture's values; keeps what it was asked."""

    def __init__(self):
        self.seen, self.losses = [], []

    def __call__(self, x):
        self.seen.append(x.copy())
        scaled = np.asarray(x, np.float64).ravel() / 100
        self.losses.append(float(optimize.rosen(scaled)))
        return self.losses[-1], (optimize.rosen_der(scaled) / 100).reshape(x.shape).astype(np.float32)


def two_loops(pairs, vector):
    """H·vector as Nocedal 1980 computes it (Nocedal and Wright 2006, algorithm 7.4), in float64."""
    q, shares = vector.copy(), []
    for step, change in reversed(pairs):
        shares.append(step @ q / (step @ change))
        q = q - shares[-1] * change
    step, change = pairs[-1]
    product = q * (step @ change) / (change @ change)
    for (step, change), share in zip(pairs, reversed(shares), strict=True):
        product = product + (share - change @ product / (step @ change)) * step
    return product


@pytest.mark.parametrize("count", [1, 3, PAIRS, PAIRS + 4])
def test_the_history_is_the_two_loops_over_the_last_pairs(count):
    rng = np.random.default_rng(1)
    curvature = rng.uniform(0.5, 3, 60)
    pairs = [(step, curvature * step) for step in rng.normal(size=(count, 60))]
    history = _History(60)
    for step, change in pairs:
        history.add(step.astype(np.float32), change.astype(np.float32))
    vector = rng.normal(size=60)
    np.testing.assert_allclose(
        history.times(vector.astype(np.float32)), two_loops(pairs[-PAIRS:], vector), rtol=1e-3, atol=1e-4
    )


def test_a_pair_without_curvature_is_not_kept():
    history, step = _History(6), np.arange(1, 7, dtype=np.float32)
    history.add(step, -step)
    assert not history
    history.add(step, 2 * step)
    np.testing.assert_allclose(history.times(step), step / 2, rtol=1e-6)


def test_every_point_is_in_the_box_and_costs_one_evaluation():
    evaluate, iterates = Valleys(), []
    _, taken = ProjectedLbfgs(120).advance(evaluate, start() * 3 - 200, 60, iterates.append)
    assert taken == len(evaluate.seen) == len(iterates) == 60
    assert all(x.min() >= 0 and x.max() <= 120 for x in evaluate.seen)
    assert any((x == 0).any() or (x == 120).any() for x in evaluate.seen)


def test_the_first_step_is_five_levels_a_pixel_and_then_the_length_is_that_of_the_model():
    evaluate = Valleys()
    ProjectedLbfgs(255).advance(evaluate, start(), 40, ignore)
    assert np.sqrt(np.mean((evaluate.seen[1] - evaluate.seen[0]) ** 2)) == pytest.approx(5, rel=1e-4)
    better = np.minimum.accumulate(evaluate.losses)
    assert np.mean(np.diff(better) < 0) > 0.8  # nearly every evaluation is accepted


@pytest.mark.parametrize("factor", [2.0**-40, 2.0**40])
def test_the_unit_of_the_loss_has_no_effect(factor):
    """Powers of 2 round nothing, so the pictures agree to the byte."""

    def rescaled(x):
        loss, gradient = Valleys()(x)
        return factor * loss, np.float32(factor) * gradient

    (desired, _), (actual, steps) = (
        ProjectedLbfgs(255).advance(each, start(), 30, ignore) for each in (Valleys(), rescaled)
    )
    np.testing.assert_array_equal(actual, desired)
    assert steps == 30 and not np.allclose(actual, start(), atol=1)


@pytest.mark.parametrize("high", [255, 120])
def test_it_gets_as_low_as_scipys_with_as_many_steps(high):
    reached = []
    for optimizer in (Lbfgs, ProjectedLbfgs):
        evaluate = Valleys()
        optimizer(high).advance(evaluate, np.minimum(start(), high), 120, ignore)
        reached.append(min(evaluate.losses))
    assert reached[1] < 1.1 * reached[0] + 1e-3


@pytest.mark.parametrize("steps", range(1, 40))
def test_never_a_step_too_many_and_the_best_comes_back(steps):
    evaluate = Valleys()
    x, taken = ProjectedLbfgs(255).advance(evaluate, start(), steps, ignore)
    assert taken == len(evaluate.losses) == steps
    assert Valleys()(x)[0] == min(evaluate.losses)


def test_where_a_line_search_fails_the_next_one_begins_with_a_tenth_of_the_step():
    evaluate = Valleys()

    def rises_after_the_fifth(x):
        loss, gradient = evaluate(x)
        return (loss if len(evaluate.losses) <= 5 else 1e9), gradient

    best, taken = ProjectedLbfgs(255).advance(rises_after_the_fifth, start(), 100, ignore)
    lengths = [float(np.sqrt(np.mean((x - best) ** 2))) for x in evaluate.seen[5:]]
    longer_again = [later for sooner, later in pairwise(lengths) if later > sooner]
    assert longer_again == [pytest.approx(0.5, rel=1e-3)]
    assert taken <= 5 + 2 * TRIALS


def test_iterations_end_the_search_for_good():
    optimizer = ProjectedLbfgs(255, max_iterations=6)
    x, first = optimizer.advance(Valleys(), start(), 5, ignore)
    x, second = optimizer.advance(Valleys(), x, 100, ignore)
    assert 6 <= first + second < 40
    assert optimizer.advance(Valleys(), x, 100, ignore)[1] == 0


def test_a_search_that_has_converged_stops_early():
    centre = np.full(SHAPE, 100, np.float32)

    def bowl(x):
        return float(np.sum((x - centre) ** 2)), 2 * (x - centre)

    x, taken = ProjectedLbfgs(255).advance(bowl, start(), 1000, ignore)
    assert taken < 60
    np.testing.assert_allclose(x, centre, atol=1e-3)


def test_values_that_the_gradient_presses_against_a_bound_stay_there():
    """The minimum of a coupled bowl in the box: no gradient inside, outward on a bound."""
    rng = np.random.default_rng(2)
    root = rng.normal(size=(48, 48))
    matrix, centre = root @ root.T / 48 + np.eye(48), rng.uniform(-200, 450, 48)

    def bowl(x):
        away = x.ravel() - centre
        gradient = matrix @ away
        return float(away @ gradient / 2), gradient.reshape(SHAPE).astype(np.float32)

    x, _ = ProjectedLbfgs(255).advance(bowl, start(), 300, ignore)
    gradient = bowl(x.astype(np.float64))[1].ravel()
    assert x.min() == 0 and x.max() == 255
    inside = (x.ravel() > 0) & (x.ravel() < 255)
    assert 5 < inside.sum() < 43
    assert np.abs(gradient[inside]).max() < 0.05
    assert (gradient[x.ravel() == 0] >= 0).all() and (gradient[x.ravel() == 255] <= 0).all()
