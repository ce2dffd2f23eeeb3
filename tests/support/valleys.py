"""Rosenbrock's function of a small picture: a problem with a curved valley for the optimizers."""

import numpy as np
from scipy import optimize

SHAPE = (4, 4, 3)


def valleys(x):
    """Rosenbrock's function in pixel units, along the picture's values, and its gradient."""
    scaled = np.asarray(x, np.float64).ravel() / 100
    return float(optimize.rosen(scaled)), (optimize.rosen_der(scaled) / 100).reshape(SHAPE).astype(np.float32)


class Valleys:
    """The same; keeps every picture that it was asked about, with its loss."""

    def __init__(self):
        self.seen, self.losses = [], []

    def __call__(self, x):
        loss, gradient = valleys(x)
        self.seen.append(x.copy())
        self.losses.append(loss)
        return loss, gradient


def start():
    """A picture to begin with."""
    return np.random.default_rng(0).uniform(20, 240, SHAPE).astype(np.float32)


def ignore(x):
    """An on_iterate that does nothing."""
