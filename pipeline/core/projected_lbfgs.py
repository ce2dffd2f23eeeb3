"""L-BFGS on a picture, kept in its box by projection, in float32.

From x the search tries P(x + t·d) with d = -Z H Z g. Z blanks the values that the gradient g presses against
a bound, H is the L-BFGS matrix (Nocedal 1980), P clips to the box (projected Newton methods: Bertsekas 1982).
H is symmetric and positive, so d descends. t is 1 nearly always: a step is one evaluation.
"""

import math
from dataclasses import dataclass

import numpy as np

from pipeline.base.arrays import DoubleArray, FloatArray, Mask
from pipeline.base.machine import one_blas_thread
from pipeline.core.lbfgs import FIRST_STEP, RESTART_FACTOR
from pipeline.core.optimizer_protocol import Evaluate, OnIterate

PAIRS = 10
"""Pairs of steps and gradient changes that stand for the Hessian; of 5 to 15 the loss falls about as far."""

SUFFICIENT = 1e-4
"""Share of the decrease that the gradient promises with which a trial is accepted (Armijo's rule)."""

TRIALS = 8
"""Evaluations of one line search at most."""

SHORTER = (0.1, 0.5)
"""Bounds of the factor by which a rejected trial's length is multiplied."""

SHORT_FIRST_STEP = 0.7 / 255
"""The first step where the picture is nearly finished, as a frame is that starts from the one before. There
:data:`~pipeline.core.lbfgs.FIRST_STEP` is too long, and one or two trials are lost. From 0.5 to 1 level,
frames of three clips end within 0.4 percent of the same loss."""

LEAST_CURVATURE = 1e-6
"""Least cosine between a step and the change of the gradient for which the pair is kept."""


@dataclass(frozen=True)
class _Point:
    """A picture (n,) with its loss and gradient (n,)."""

    x: FloatArray
    loss: float
    gradient: FloatArray


class _History:
    """The last pairs of steps and gradient changes, and H times a vector.

    The inner products of all of them are kept, and the two loops of L-BFGS run on coefficients (Chen, Wang,
    Zhou 2014, "Large-scale L-BFGS using MapReduce"): a step reads the long vectors four times, however many.
    """

    def __init__(self, size: int, pairs: int = PAIRS) -> None:
        self._pairs = pairs
        self._rows = np.zeros((2 * pairs, size), np.float32)  # the steps, then the changes
        self._products = np.zeros((2 * pairs, 2 * pairs))
        self._slots: list[int] = []  # oldest first

    def __bool__(self) -> bool:
        return bool(self._slots)

    def clear(self) -> None:
        self._slots = []
        self._rows[:] = 0
        self._products[:] = 0

    def add(self, step: FloatArray, change: FloatArray) -> None:
        """Keep a pair, in place of the oldest where there is no room; not one without curvature."""
        curvature, lengths = float(step @ change), math.sqrt(float(step @ step) * float(change @ change))
        if curvature <= LEAST_CURVATURE * lengths:
            return
        slot = self._slots.pop(0) if len(self._slots) == self._pairs else len(self._slots)
        self._slots.append(slot)
        for row, vector in ((slot, step), (self._pairs + slot, change)):
            self._rows[row] = vector
        for row in (slot, self._pairs + slot):
            self._products[row] = self._products[:, row] = self._rows @ self._rows[row]

    def times(self, vector: FloatArray) -> FloatArray:
        """H·vector; ``vector`` is overwritten."""
        scale, coefficients = self._coefficients((self._rows @ vector).astype(np.float64))
        product = coefficients.astype(np.float32) @ self._rows
        vector *= np.float32(scale)
        product += vector
        return product

    def _coefficients(self, along: DoubleArray) -> tuple[float, DoubleArray]:
        """H·v as a multiple of v and of each row, given the rows' products with v."""
        products, coefficients = self._products, np.zeros(2 * self._pairs)
        shares: dict[int, float] = {}
        for slot in reversed(self._slots):
            shares[slot] = (along[slot] + products[slot] @ coefficients) / products[slot, self._pairs + slot]
            coefficients[self._pairs + slot] -= shares[slot]
        newest = self._slots[-1]
        scale = products[newest, self._pairs + newest] / products[self._pairs + newest, self._pairs + newest]
        coefficients *= scale
        for slot in self._slots:
            change = self._pairs + slot
            share = (scale * along[change] + products[change] @ coefficients) / products[slot, change]
            coefficients[slot] += shares[slot] - share
        return float(scale), coefficients


class ProjectedLbfgs:
    """A step is one evaluation; an iteration takes one, seldom more.

    Each :meth:`advance` starts with an empty history, since the picture may have been smoothed in between.
    """

    returns_the_best = True

    def __init__(
        self,
        high: float,
        max_iterations: int | None = None,
        pairs: int = PAIRS,
        first_step: float = FIRST_STEP,
    ) -> None:
        """Search in the box 0..``high``; stop for good after ``max_iterations``; remember ``pairs``.

        Args:
            first_step: root mean square of the first step that is tried, as a share of the box.
        """
        self._high, self._pairs, self._first_step = np.float32(high), pairs, first_step
        self._iterations_left = math.inf if max_iterations is None else max_iterations

    def advance(
        self, evaluate: Evaluate, x: FloatArray, steps: int, on_iterate: OnIterate
    ) -> tuple[FloatArray, int]:
        """Take at most ``steps`` steps from the image ``x``.

        Returns:
            The image with the lowest loss among those that were evaluated, and the steps taken: fewer
            than ``steps`` where the search has converged or the iterations have run out.
        """
        if self._iterations_left <= 0:
            return x, 0
        search = _Search(evaluate, x.shape, steps, on_iterate, self._high)
        with one_blas_thread():
            self._descend(search, self._in_box(x).ravel())
        return search.best.x.reshape(x.shape), search.passes

    def _in_box(self, x: FloatArray) -> FloatArray:
        """``x`` itself, where it is in the box already: a copy of a huge picture takes memory."""
        return x if x.min() >= 0 and x.max() <= self._high else np.clip(x, 0, self._high)

    def _descend(self, search: "_Search", start: FloatArray) -> None:
        point, history = search.evaluated(start), _History(start.size, self._pairs)
        first_step = self._first_step
        while not search.spent and self._iterations_left > 0:
            free = search.free(point)
            direction = self._direction(point, free, history, first_step)
            following = search.along(point, direction)
            del direction  # no longer needed, and as large as the picture
            self._iterations_left -= 1
            if following is not None:
                history.add(following.x - point.x, _only(free, following.gradient - point.gradient))
                point = following
            elif history:  # rounding can make a line search fail; with an empty history it may go on
                history.clear()
                first_step *= RESTART_FACTOR
            else:
                break

    def _direction(self, point: _Point, free: Mask, history: _History, first_step: float) -> FloatArray:
        downhill = free * point.gradient
        if history:
            product = history.times(downhill)
            return _only(free, np.negative(product, out=product))
        length = first_step * float(self._high) * math.sqrt(downhill.size)
        downhill *= np.float32(-length / (np.linalg.norm(downhill) or 1.0))
        return downhill


def _only(mask: Mask, vector: FloatArray) -> FloatArray:
    """``vector`` itself, 0 where the mask is false."""
    vector *= mask
    return vector


class _Search:
    """Evaluates pictures of one descent and searches along lines.

    Attributes:
        passes: evaluations so far.
        best: the point with the lowest loss.
    """

    best: _Point

    def __init__(
        self, evaluate: Evaluate, shape: tuple[int, ...], budget: int, on_iterate: OnIterate, high: np.float32
    ) -> None:
        self.passes = 0
        self._evaluate, self._shape, self._high = evaluate, shape, high
        self._budget, self._on_iterate = budget, on_iterate

    @property
    def spent(self) -> bool:
        """Whether no pass is left."""
        return self.passes >= self._budget

    def evaluated(self, x: FloatArray) -> _Point:
        """One pass."""
        image = x.reshape(self._shape)
        loss, gradient = self._evaluate(image)
        point = _Point(x, loss, gradient.ravel())
        if self.passes == 0 or loss < self.best.loss:
            self.best = point
        self.passes += 1
        self._on_iterate(image)
        return point

    def free(self, point: _Point) -> Mask:
        """Which values the gradient does not press against a bound: (n,)."""
        x, gradient = point.x, point.gradient
        return ~(((x <= 0) & (gradient > 0)) | ((x >= self._high) & (gradient < 0)))

    def along(self, point: _Point, direction: FloatArray) -> _Point | None:
        """A lower point on the projected line from ``point``; None where no trial is low enough."""
        length = 1.0
        for _ in range(TRIALS):
            if self.spent:
                return None
            x = np.float32(length) * direction
            x += point.x
            np.clip(x, 0, self._high, out=x)
            promised = float(point.gradient @ (x - point.x))
            if promised >= 0:
                return None
            trial = self.evaluated(x)
            if trial.loss < point.loss and trial.loss <= point.loss + SUFFICIENT * promised:
                return trial
            length *= _shorter(trial.loss - point.loss, promised)
        return None


def _shorter(change: float, promised: float) -> float:
    """The factor of the length at which the parabola of both losses and the first slope is lowest."""
    least, most = SHORTER
    return min(max(-promised / (2 * (change - promised)), least), most)
