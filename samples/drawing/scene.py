"""The things in a picture, their places, and which of them a ray may meet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from .shapes import Shape, unit

Array = np.ndarray
Place = tuple[float, float, float]
Paint = Callable[[Array, Array], Array]
"""Local points and normals (N, 3) to (N, 4): linear colour 0..1, then the share mirrored at a steep look."""
Bump = Callable[[Array], Array]
"""Local points (N, 3) to a push (N, 3) that is added to the local normals."""


@dataclass
class Thing:
    """A shape with its paint, turned about the vertical by `turn` radians and set at `place`."""

    shape: Shape
    paint: Paint
    place: Place = (0, 0, 0)
    turn: float = 0.0
    bump: Bump | None = None

    def __post_init__(self) -> None:
        cos, sin = np.cos(self.turn), np.sin(self.turn)
        self.rotation = np.array([[cos, 0, -sin], [0, 1, 0], [sin, 0, cos]], np.float32)
        self.origin = np.array(self.place, np.float32)

    def meet(self, origins: Array, directions: Array) -> Array:
        return self.shape.meet((origins - self.origin) @ self.rotation, directions @ self.rotation)

    def look(self, points: Array) -> tuple[Array, Array]:
        """World normals (N, 3) and paint (N, 4) at points of the surface."""
        local = (points - self.origin) @ self.rotation
        normals = self.shape.normals(local)
        paint = self.paint(local, normals)
        if self.bump is not None:
            normals = unit(normals + self.bump(local))
        return normals @ self.rotation.T, paint


@dataclass
class Scene:
    """Things and their light; colours are linear, 1 is a white sheet in the key light."""

    things: list[Thing]
    surrounding: Callable[[Array], Array]
    """Directions (N, 3) to the light that comes from there (N, 3)."""
    fill: Callable[[Array], Array]
    """Normals (N, 3) to the light that a matt surface gathers when nothing stands in its way."""
    key_direction: Array
    """Unit vector (3,) towards the key light."""
    key_colour: Array
    key_softness: float = 0.02
    """Spread of the key light's direction, in radians."""
    ambient_reach: float = 12.0
    """How far, in metres, a thing keeps the surrounding's light from another."""
    bounce: Array = field(default_factory=lambda: np.float32([0.25, 0.22, 0.18]))
    """The light that comes back from a thing that hides the surrounding."""
    haze: float = np.inf
    """Distance in metres after which 1/e of a colour is left."""
    gobo: Callable[[Array], Array] | None = None
    """Points (N, 3) to the share of the key light that reaches them, 0..1: a window's bars."""

    def __post_init__(self) -> None:
        self.centres = np.array([thing.origin for thing in self.things], np.float32)
        self.reaches = np.array([thing.shape.reach for thing in self.things], np.float32)

    def candidates(self, origins: Array, directions: Array) -> tuple[Array, Array]:
        """Indices (M,) of the things that some ray may meet, and which rays those are, bool (N, M)."""
        things = self._in_cone(origins, directions)
        centres, radius = self.centres[things], self.reaches[things] * 1.01 + 0.02
        ahead = directions @ centres.T - np.einsum("ij,ij->i", origins, directions)[:, None]
        square = (
            np.einsum("ij,ij->i", origins, origins)[:, None] - 2 * origins @ centres.T + (centres**2).sum(1)
        )
        maybe = (square - np.maximum(ahead, 0) ** 2 <= radius**2) & (ahead > -radius)
        some = maybe.any(0)
        return things[some], maybe[:, some]

    def _in_cone(self, origins: Array, directions: Array) -> Array:
        """The things whose enclosing spheres touch the cone that holds all the rays."""
        apex, axis = origins.mean(0), unit(directions.mean(0, keepdims=True))[0]
        slack = np.sqrt(((origins - apex) ** 2).sum(1).max())
        cosine = min(float((directions @ axis).min()), 1.0)
        if cosine < 0.2:
            return np.arange(len(self.things))
        away = self.centres - apex
        along = away @ axis
        across = np.sqrt(np.maximum((away**2).sum(1) - along**2, 0))
        outside = across * cosine - along * np.sqrt(1 - cosine**2)
        return np.flatnonzero(outside <= (slack + self.reaches) * 1.01 + 0.05)

    def nearest(self, origins: Array, directions: Array) -> tuple[Array, Array]:
        """Distance (N,) to what each ray meets first, infinite for none, and its index (N,)."""
        distance = np.full(len(origins), np.inf, np.float32)
        index = np.full(len(origins), -1)
        things, maybe = self.candidates(origins, directions)
        for column, i in enumerate(things):
            rays = np.flatnonzero(maybe[:, column])
            found = self.things[i].meet(origins[rays], directions[rays])
            nearer = found < distance[rays]
            distance[rays[nearer]], index[rays[nearer]] = found[nearer], i
        return distance, index

    def hidden(self, origins: Array, directions: Array, limit: float) -> Array:
        """Whether something stands within `limit` along each ray, bool (N,)."""
        blocked = np.zeros(len(origins), bool)
        if not len(origins):
            return blocked
        things, maybe = self.candidates(origins, directions)
        for column, i in enumerate(things):
            rays = np.flatnonzero(maybe[:, column] & ~blocked)
            if len(rays):
                blocked[rays] = self.things[i].meet(origins[rays], directions[rays]) < limit
        return blocked


def turned(place: Place, turn: float, local: Place) -> Place:
    """Where a place local to a turned thing lies in the world."""
    cos, sin = np.cos(turn), np.sin(turn)
    x, y, z = local
    return (place[0] + cos * x - sin * z, place[1] + y, place[2] + sin * x + cos * z)
