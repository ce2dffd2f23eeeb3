"""Projected L-BFGS: the two loops of Nocedal, the box, one evaluation a step, and as low as SciPy's."""

from itertools import pairwise

import numpy as np
import pytest

from pipeline.core.lbfgs import Lbfgs
from pipeline.core.projected_lbfgs import PAIRS, TRIALS, ProjectedLbfgs, _History
from tests.support.valleys import SHAPE, Valleys, ignore, start


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
    np.testing.assert_allclose(history.times(step.copy()), step / 2, rtol=1e-6)


def test_every_point_is_in_the_box_and_costs_one_evaluation():
    evaluate, iterates = Valleys(), []
    _, taken = ProjectedLbfgs(120).advance(evaluate, start() * 3 - 200, 60, iterates.append)
    assert taken == len(evaluate.seen) == len(iterates) == 60
    assert all(x.min() >= 0 and x.max() <= 120 for x in evaluate.seen)
    assert any((x == 0).any() or (x == 120).any() for x in evaluate.seen)


def test_nearly_every_evaluation_is_accepted():
    evaluate = Valleys()
    ProjectedLbfgs(255).advance(evaluate, start(), 40, ignore)
    better = np.minimum.accumulate(evaluate.losses)
    assert np.mean(np.diff(better) < 0) > 0.8


@pytest.mark.parametrize("high", [255, 120])
def test_it_gets_as_low_as_scipys_with_as_many_steps(high):
    reached = []
    for optimizer in (Lbfgs, ProjectedLbfgs):
        evaluate = Valleys()
        optimizer(high).advance(evaluate, np.minimum(start(), high), 120, ignore)
        reached.append(min(evaluate.losses))
    assert reached[1] < 1.1 * reached[0] + 1e-3


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
