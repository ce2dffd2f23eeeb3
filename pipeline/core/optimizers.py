"""The optimizers: Adam, Adagrad, RMSprop, SGD, L-BFGS-B and projected L-BFGS behind one interface.

One optimizer serves one scale of one picture. Every step evaluates the loss and its gradient once,
and leaves the picture inside the box 0..pixel_range.
"""

import numpy as np

from pipeline.base.arrays import FloatArray
from pipeline.core.lbfgs import FIRST_STEP, Lbfgs
from pipeline.core.optimizer_protocol import Evaluate, OnIterate, Optimizer
from pipeline.core.projected_lbfgs import PAIRS, SHORT_FIRST_STEP, ProjectedLbfgs
from pipeline.settings.settings import Settings


def make(settings: Settings, pairs: int = PAIRS, *, nearly_finished: bool = False) -> Optimizer:
    """The optimizer that ``settings`` ask for, with no history yet; projected L-BFGS keeps ``pairs``.

    Args:
        nearly_finished: whether the picture is; then projected L-BFGS begins with a shorter step.
    """
    if settings.optimizer == "lbfgs":
        return Lbfgs(settings.pixel_range, settings.max_iterations)
    if settings.optimizer == "projected-lbfgs":
        first_step = SHORT_FIRST_STEP if nearly_finished else FIRST_STEP
        return ProjectedLbfgs(settings.pixel_range, settings.max_iterations, pairs, first_step)
    kinds = {"adam": Adam, "adagrad": Adagrad, "rmsprop": RMSprop, "sgd": SGD}
    return kinds[settings.optimizer](settings)


class _FirstOrder:
    """Steps along the gradient; the moments are kept from one :meth:`advance` to the next."""

    returns_the_best = False

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._taken = 0
        self._scratch = self._first_moment = self._second_moment = np.zeros(0, np.float32)

    def advance(
        self, evaluate: Evaluate, x: FloatArray, steps: int, on_iterate: OnIterate
    ) -> tuple[FloatArray, int]:
        """See :meth:`Optimizer.advance`."""
        x = np.array(x, np.float32)
        for _ in range(steps):
            _, gradient = evaluate(x)
            self._prepare(gradient)
            x -= self._change(gradient)
            np.clip(x, 0, self._settings.pixel_range, out=x)
            self._taken += 1
            on_iterate(x)
        return x, steps

    def _prepare(self, gradient: FloatArray) -> None:
        if self._scratch.shape != gradient.shape:
            self._scratch = np.empty_like(gradient)
            self._first_moment, self._second_moment = np.zeros_like(gradient), np.zeros_like(gradient)

    def _change(self, gradient: FloatArray) -> FloatArray:
        """What to subtract from x, written over the scratch array."""
        raise NotImplementedError

    @property
    def _step_size(self) -> float:
        """The step size of this step: step_size · decay_rate^(step / decay_steps), the first step 0."""
        settings = self._settings
        return settings.step_size * settings.decay_rate ** (self._taken / settings.decay_steps)

    def _blend(self, moment: FloatArray, decay: float) -> None:
        """moment = decay · moment + (1 - decay) · scratch; overwrites the scratch array."""
        self._scratch -= moment
        self._scratch *= 1 - decay
        moment += self._scratch

    def _over_root(self, numerator: FloatArray, squares: FloatArray, factor: float) -> FloatArray:
        """factor · numerator / (√squares + ε), ε outside the root so that tiny gradients still count."""
        np.sqrt(squares, out=self._scratch)
        self._scratch += self._settings.epsilon
        np.divide(numerator, self._scratch, out=self._scratch)
        self._scratch *= factor
        return self._scratch


class Adam(_FirstOrder):
    """Kingma and Ba 2014, as Keras computes it: the bias correction is in the step size."""

    def _change(self, gradient: FloatArray) -> FloatArray:
        beta1, beta2 = self._settings.beta1, self._settings.beta2
        np.copyto(self._scratch, gradient)
        self._blend(self._first_moment, beta1)
        np.square(gradient, out=self._scratch)
        self._blend(self._second_moment, beta2)
        steps = self._taken + 1
        correction = (1 - beta2**steps) ** 0.5 / (1 - beta1**steps)
        return self._over_root(self._first_moment, self._second_moment, self._step_size * correction)


class Adagrad(_FirstOrder):
    """Duchi, Hazan, Singer 2011. The squares start from 0, so that the first step is step_size."""

    def _change(self, gradient: FloatArray) -> FloatArray:
        np.square(gradient, out=self._scratch)
        self._second_moment += self._scratch
        return self._over_root(gradient, self._second_moment, self._step_size)


class RMSprop(_FirstOrder):
    """Tieleman and Hinton 2012, without momentum, as Keras computes it; beta2 is the decay of the squares.

    The squares start from 0, so the first step is 1/√(1 - beta2) times step_size long. Keras adds ε to the
    squares, under the root; here it is outside, as in the other optimizers: tiny gradients, of which only
    ε would be left under the root, still count.
    """

    def _change(self, gradient: FloatArray) -> FloatArray:
        np.square(gradient, out=self._scratch)
        self._blend(self._second_moment, self._settings.beta2)
        return self._over_root(gradient, self._second_moment, self._step_size)


class SGD(_FirstOrder):
    """Gradient descent; beta1 is the momentum, which averages gradients rather than adding them up.

    A gradient's size depends on the loss weights and on the picture's size. So it is divided by the
    root mean square of the first one: step_size is then in pixel units, as with the other optimizers.
    """

    _first_size = 0.0

    def _change(self, gradient: FloatArray) -> FloatArray:
        self._first_size = self._first_size or float(np.sqrt(np.mean(np.square(gradient, dtype=np.float64))))
        np.copyto(self._scratch, gradient)
        self._blend(self._first_moment, self._settings.beta1)
        np.multiply(self._first_moment, self._step_size / (self._first_size or 1.0), out=self._scratch)
        return self._scratch
