"""L-BFGS-B: one pass a step, never a step too many, and the same points as SciPy visits."""

import numpy as np
import pytest

from pipeline.core import scipy_lbfgs
from pipeline.core.lbfgs import BudgetSpent, Evaluator, Lbfgs
from pipeline.core.scipy_lbfgs import search_directly, search_publicly
from tests.support.valleys import SHAPE, Valleys, ignore, start, valleys


@pytest.mark.parametrize("gradient_first", [False, True])
def test_loss_and_gradient_cost_one_pass_in_either_order(gradient_first):
    evaluate = Valleys()
    evaluator = Evaluator(evaluate, SHAPE, 10, ignore)
    for count in (1, 2, 3):
        x = np.full(48, 10.0 * count)
        for function in (
            (evaluator.grads, evaluator.loss) if gradient_first else (evaluator.loss, evaluator.grads)
        ):
            function(x)
        assert len(evaluate.losses) == evaluator.passes == count


def test_the_best_point_costs_no_second_pass():
    evaluate = Valleys()
    evaluator = Evaluator(evaluate, SHAPE, 10, ignore)
    best, other = np.full(48, 99.0), np.full(48, 5.0)
    first, _, again = (evaluator.loss(x) for x in (best, other, best))
    assert first == again == min(evaluate.losses)
    assert evaluator.passes == 2


def test_a_point_that_was_changed_in_place_is_another_point():
    evaluator = Evaluator(Valleys(), SHAPE, 10, ignore)
    x = np.full(48, 50.0)
    before = evaluator.loss(x)
    x += 10
    assert evaluator.loss(x) != before and evaluator.passes == 2


@pytest.mark.parametrize("search", [search_publicly, search_directly])
def test_a_search_makes_one_pass_for_each_evaluation(search):
    evaluate = Valleys()
    evaluator = Evaluator(evaluate, SHAPE, 1000, ignore)
    iterations = []

    def may_continue():
        iterations.append(evaluator.passes)
        return len(iterations) < 12

    search(evaluator, start().ravel().astype(float), 255, may_continue)
    assert len(iterations) == 12
    assert len(set(evaluate.losses)) == len(evaluate.losses) == evaluator.passes == iterations[-1]


def test_both_searches_visit_the_same_points():
    visited = []
    for search in (search_publicly, search_directly):
        evaluate = Valleys()
        evaluator = Evaluator(evaluate, SHAPE, 40, ignore)
        with pytest.raises(BudgetSpent):
            search(evaluator, start().ravel().astype(float), 120, lambda: True)
        visited.append(evaluate.losses)
    assert visited[0] == visited[1] and len(visited[0]) == 40


def test_this_scipy_has_the_direct_routine_and_it_is_used(monkeypatch):
    assert scipy_lbfgs.direct_works()
    monkeypatch.setattr(scipy_lbfgs, "search_publicly", lambda *arguments: pytest.fail("the slow search"))
    _, steps = Lbfgs(255).advance(valleys, start(), 5, ignore)
    assert steps == 5


@pytest.mark.parametrize("direct", [False, True])
def test_both_searches_give_the_same_picture(direct, monkeypatch):
    desired, _ = Lbfgs(255).advance(valleys, start(), 30, ignore)
    monkeypatch.setattr(scipy_lbfgs, "direct_works", lambda: direct)
    actual, steps = Lbfgs(255).advance(valleys, start(), 30, ignore)
    np.testing.assert_array_equal(actual, desired)
    assert steps == 30


def test_a_restarted_search_begins_with_a_tenth_of_the_step(monkeypatch):
    """As after a failed line search: each search here ends after its first step."""
    steps = []

    def one_step(function, start, high, may_continue):
        step = -function.grads(start)
        steps.append(np.sqrt(np.mean(step**2)))
        function.loss(start + step)

    monkeypatch.setattr(scipy_lbfgs, "search", one_step)
    Lbfgs(255).advance(lambda x: (float(x.sum()), np.ones(SHAPE, np.float32)), start(), 6, ignore)
    np.testing.assert_allclose(steps[:3], [5, 0.5, 0.05])
