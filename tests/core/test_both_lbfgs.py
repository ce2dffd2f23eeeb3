"""What SciPy's L-BFGS-B and the projected one have in common: steps, budget, box, and units."""

import numpy as np
import pytest

from pipeline.core.lbfgs import Lbfgs
from pipeline.core.projected_lbfgs import ProjectedLbfgs
from tests.support.valleys import SHAPE, Valleys, ignore, start, valleys

BOTH = pytest.mark.parametrize("optimizer", [Lbfgs, ProjectedLbfgs])


@pytest.mark.parametrize(
    ("optimizer", "factor"),
    [(Lbfgs, 2.0**-60), (Lbfgs, 2.0**60), (ProjectedLbfgs, 2.0**-40), (ProjectedLbfgs, 2.0**40)],
)
def test_the_unit_of_the_loss_has_no_effect(optimizer, factor):
    """Powers of 2 round nothing, so the pictures agree to the byte."""

    def rescaled(x):
        loss, gradient = valleys(x)
        return factor * loss, np.float32(factor) * gradient

    (desired, _), (actual, steps) = (
        optimizer(255).advance(each, start(), 30, ignore) for each in (valleys, rescaled)
    )
    np.testing.assert_array_equal(actual, desired)
    assert steps == 30 and not np.allclose(actual, start(), atol=1)


@BOTH
def test_the_first_step_is_five_levels_a_pixel(optimizer):
    evaluate = Valleys()
    optimizer(255).advance(evaluate, start(), 2, ignore)
    assert np.sqrt(np.mean((evaluate.seen[1] - evaluate.seen[0]) ** 2)) == pytest.approx(5, rel=1e-4)


@BOTH
@pytest.mark.parametrize("steps", range(1, 40))
def test_never_a_step_too_many_and_the_best_comes_back(optimizer, steps):
    evaluate, iterates = Valleys(), []
    x, taken = optimizer(255).advance(evaluate, start(), steps, iterates.append)
    assert taken == len(evaluate.losses) == len(iterates) == steps
    assert valleys(x)[0] == min(evaluate.losses)


@BOTH
def test_iterations_end_the_search_for_good(optimizer):
    search = optimizer(255, max_iterations=6)
    x, first = search.advance(Valleys(), start(), 5, ignore)
    x, second = search.advance(Valleys(), x, 100, ignore)
    assert 6 <= first + second < 40
    assert search.advance(Valleys(), x, 100, ignore)[1] == 0


@BOTH
def test_a_search_that_has_converged_stops_early(optimizer):
    centre = np.full(SHAPE, 100, np.float32)

    def bowl(x):
        return float(np.sum((x - centre) ** 2)), 2 * (x - centre)

    x, taken = optimizer(255).advance(bowl, start(), 1000, ignore)
    assert taken < 50
    np.testing.assert_allclose(x, centre, atol=1e-3)


@BOTH
def test_a_start_outside_the_box_is_clipped(optimizer):
    evaluate = Valleys()
    optimizer(255).advance(evaluate, start() * 3 - 200, 5, ignore)
    assert all(x.min() >= 0 and x.max() <= 255 for x in evaluate.seen)
