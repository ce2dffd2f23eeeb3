"""The picture that random filters are calibrated on: the "dead leaves" model (Lee, Mumford, Huang 2001).

Leaves (discs) cover each other. Edges and power spectrum are those of photographs if the number of leaves
falls with the cube of their radius.
"""

import numpy as np

from pipeline.base.arrays import DoubleArray

_LEAVES = 400
_BRIGHTNESS, _TINT, _GRAIN = 60.0, 18.0, 4.0
"""Standard deviations, in units of 0..255: of leaves, of their channels, of pixels. Colour varies less."""


def calibration_picture(generator: np.random.Generator, side: int) -> DoubleArray:
    """A (side, side, 3) picture with the statistics of a photograph minus its mean, about -130..130.

    Discs of random size, colour and shading, each over the ones before.
    """
    rows, columns = np.mgrid[:side, :side]
    picture = np.zeros((side, side, 3))
    for _ in range(_LEAVES):
        down, across = rows - side * generator.random(), columns - side * generator.random()
        inside = down**2 + across**2 < _radius(generator, side / 48, side / 2) ** 2
        colour = generator.normal(0, _BRIGHTNESS) + generator.normal(0, _TINT, 3)
        slope = generator.normal(0, 0.3, 2)
        picture[inside] = colour + (slope[0] * down + slope[1] * across)[inside, None]
    return np.clip(picture + generator.normal(0, _GRAIN, picture.shape), -130, 130)


def _radius(generator: np.random.Generator, smallest: float, largest: float) -> float:
    """A radius r with a density that falls as r⁻³ between the two."""
    share = generator.random()
    return float((largest**-2 + share * (smallest**-2 - largest**-2)) ** -0.5)
