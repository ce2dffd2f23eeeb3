"""A lens and its rays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .shapes import unit

Array = np.ndarray


@dataclass(frozen=True)
class Camera:
    """A lens at `place` looking at `target`; `field` is the picture's height as an angle in degrees."""

    place: tuple[float, float, float]
    target: tuple[float, float, float]
    field: float = 40.0
    aperture: float = 0.0
    """Radius of the lens in metres; what is not at the target's distance blurs."""

    def rays(self, x: Array, y: Array, lens: Array) -> tuple[Array, Array]:
        """Rays through x, y (N,), in picture heights from the centre; `lens` (N, 2) lies in the unit disc."""
        place, target = np.array(self.place, np.float32), np.array(self.target, np.float32)
        depth = float(np.linalg.norm(target - place))
        forward = (target - place) / depth
        right = np.cross(forward, [0, 1, 0])
        right /= np.linalg.norm(right)
        up = np.cross(right, forward)
        reach = 2 * np.tan(np.radians(self.field) / 2)
        aims = place + depth * (forward + reach * (x[:, None] * right - y[:, None] * up))
        origins = place + self.aperture * (lens[:, :1] * right + lens[:, 1:] * up)
        return origins.astype(np.float32), unit((aims - origins).astype(np.float32))
