"""L-BFGS-B: one pass a step, and never a step too many."""

import numpy as np
import pytest

from pipeline.core import scipy_lbfgs
from pipeline.core.lbfgs import Evaluator, Lbfgs
from tests.support.valleys import SHAPE, Valleys, ignore, start


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


def test_a_search_makes_one_pass_for_each_evaluation():
    evaluate = Valleys()
    evaluator = Evaluator(evaluate, SHAPE, 1000, ignore)
    iterations = []

    def may_continue():
        iterations.append(evaluator.passes)
        return len(iterations) < 12

    scipy_lbfgs.search(evaluator, start().ravel().astype(float), 255, may_continue)
    assert len(iterations) == 12
    assert len(set(evaluate.losses)) == len(evaluate.losses) == evaluator.passes == iterations[-1]


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
