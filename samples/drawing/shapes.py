"""Solids that a ray can meet. Points and directions are float32 (N, 3), y upwards, lengths in metres.

`meet` gives the distance to the first surface ahead, infinite where there is none; `normals` the outward unit
normals at points of the surface. Each shape lies about its own origin and says how far it reaches.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import cv2
import numpy as np

from .noise import Texture

Array = np.ndarray
NEAR = 2e-3


class Shape(Protocol):
    reach: float
    """Radius about the origin that encloses the shape."""

    def meet(self, origins: Array, directions: Array) -> Array: ...

    def normals(self, points: Array) -> Array: ...


class Prism:
    """A convex outline (K, 2) in x and y, counter-clockwise, drawn out along z to `half` on either side."""

    def __init__(self, outline: list[tuple[float, float]], half: float) -> None:
        corners = np.array(outline, np.float32)
        edges = np.roll(corners, -1, axis=0) - corners
        sides = np.stack([edges[:, 1], -edges[:, 0], np.zeros(len(edges))], 1)
        sides /= np.linalg.norm(sides, axis=1, keepdims=True)
        self.planes = np.concatenate([sides, [[0, 0, 1], [0, 0, -1]]]).astype(np.float32)
        self.offsets = np.append((sides[:, :2] * corners).sum(1), [half, half]).astype(np.float32)
        self.reach = float(np.hypot(np.linalg.norm(corners, axis=1).max(), half))

    def meet(self, origins: Array, directions: Array) -> Array:
        slopes = self.planes @ directions.T  # (K, N): reductions over the first axis are the fast ones
        with np.errstate(divide="ignore", invalid="ignore"):
            crossings = (self.offsets[:, None] - self.planes @ origins.T) / slopes
        entry = np.where(slopes < 0, crossings, -np.inf).max(0)
        leave = np.where(slopes > 0, crossings, np.inf).min(0)
        return np.where((entry < leave) & (entry > NEAR), entry, np.inf)

    def normals(self, points: Array) -> Array:
        return self.planes[(points @ self.planes.T - self.offsets).argmax(1)]


def box(width: float, height: float, depth: float) -> Prism:
    """A box that stands on its origin."""
    return Prism([(-width / 2, 0), (width / 2, 0), (width / 2, height), (-width / 2, height)], depth / 2)


class Ellipsoid:
    """Half-axes along x, y and z; with a texture, its rim frays like foliage."""

    def __init__(self, half_axes: tuple[float, float, float], fray: Texture | None = None) -> None:
        self.half_axes = np.array(half_axes, np.float32)
        self.fray = fray
        self.reach = float(max(half_axes))

    def meet(self, origins: Array, directions: Array) -> Array:
        start, way = origins / self.half_axes, directions / self.half_axes
        a, b, c = _dot(way, way), _dot(start, way), _dot(start, start) - 1
        root = b * b - a * c
        distance = (-b - np.sqrt(np.maximum(root, 0))) / a
        hit = (root > 0) & (distance > NEAR)
        if self.fray is not None:
            hit[hit] = self._dense(origins[hit] + directions[hit] * distance[hit, None], directions[hit])
        return np.where(hit, distance, np.inf)

    def normals(self, points: Array) -> Array:
        return unit(points / self.half_axes**2)

    def _dense(self, points: Array, directions: Array) -> Array:
        """Whether leaves stand in the way: fewer where the ray grazes the rim."""
        facing = -_dot(self.normals(points), directions)
        grain = self.fray.solid(points, 1.0 / self.reach)
        return facing > 0.85 * grain


class Implicit:
    """The inside is where `field` of points (N, 3) is negative; rays step through the box `low`..`high`."""

    def __init__(
        self, field: Callable[[Array], Array], low: list[float], high: list[float], steps: int = 40
    ) -> None:
        self.field = field
        self.low, self.high = np.array(low, np.float32), np.array(high, np.float32)
        self.reach = float(np.linalg.norm(np.maximum(np.abs(self.low), np.abs(self.high))))
        self.steps = steps

    def meet(self, origins: Array, directions: Array) -> Array:
        found = np.full(len(origins), np.inf, np.float32)
        start, stop = _span(self.low, self.high, origins, directions)
        rays = np.flatnonzero(stop > start)
        if len(rays):
            found[rays] = self._walk(origins[rays], directions[rays], start[rays], stop[rays])
        return found

    def _walk(self, origins: Array, directions: Array, start: Array, stop: Array) -> Array:
        stride = (stop - start) / self.steps
        found = np.full(len(origins), np.inf, np.float32)
        open_ = np.flatnonzero(self.field(origins + directions * start[:, None]) > 0)
        for step in range(1, self.steps + 1):
            far = start[open_] + stride[open_] * step
            inside = self.field(origins[open_] + directions[open_] * far[:, None]) < 0
            found[open_[inside]] = far[inside]
            open_ = open_[~inside]
            if not len(open_):
                break
        hit = np.flatnonzero(np.isfinite(found))
        found[hit] = self._refine(origins[hit], directions[hit], found[hit] - stride[hit], found[hit])
        return found

    def normals(self, points: Array) -> Array:
        epsilon = np.float32(0.002 * self.reach)
        shifts = np.eye(3, dtype=np.float32) * epsilon
        return unit(np.stack([self.field(points + s) - self.field(points - s) for s in shifts], 1))

    def _refine(self, origins: Array, directions: Array, near: Array, far: Array) -> Array:
        for _ in range(9):
            middle = (near + far) / 2
            inside = self.field(origins + directions * middle[:, None]) < 0
            near, far = np.where(inside, near, middle), np.where(inside, middle, far)
        return (near + far) / 2


def revolved(radii: list[float], height: float, steps: int = 40) -> Implicit:
    """A turned body about the y axis, centred on its origin; `radii` run evenly from its foot to its top."""
    heights = np.linspace(-height / 2, height / 2, 200)
    knots = np.linspace(-height / 2, height / 2, len(radii))
    smooth = np.interp(heights, knots, radii)
    smooth = np.convolve(np.pad(smooth, 12, mode="edge"), np.hanning(25) / np.hanning(25).sum(), "valid")

    def field(points: Array) -> Array:
        radius = np.sqrt(points[:, 0] ** 2 + points[:, 2] ** 2)
        outside = np.abs(points[:, 1]) - height / 2 + 1e-4
        profile = np.interp(points[:, 1], heights, smooth)
        return np.maximum(radius - profile, outside).astype(np.float32)

    wide = max(radii)
    return Implicit(field, [-wide, -height / 2, -wide], [wide, height / 2, wide], steps)


class Level:
    """The endless plane through the origin, facing up."""

    reach = np.inf

    def meet(self, origins: Array, directions: Array) -> Array:
        with np.errstate(divide="ignore", invalid="ignore"):
            distance = -origins[:, 1] / directions[:, 1]
        return np.where((distance > NEAR) & (distance < 5000), distance, np.inf).astype(np.float32)

    def normals(self, points: Array) -> Array:
        return np.broadcast_to(np.float32([0, 1, 0]), points.shape)


class Terrain:
    """Land on a square of `span` metres about the origin: `heights` (M, M), rows along z, columns along x."""

    reach = np.inf

    def __init__(self, heights: Array, span: float) -> None:
        self.heights = heights.astype(np.float32)
        self.span = span
        half = np.float32(span / 2)
        self.low = np.array([-half, heights.min() - 1, -half], np.float32)
        self.high = np.array([half, heights.max() + 1e-3 * span, half], np.float32)

    def height(self, x: Array, z: Array) -> Array:
        """Height above the origin at (x, z), bilinear."""
        scale = (self.heights.shape[0] - 1) / self.span
        u = ((np.atleast_1d(x) + self.span / 2) * scale).astype(np.float32)
        v = ((np.atleast_1d(z) + self.span / 2) * scale).astype(np.float32)
        rows = [
            cv2.remap(
                self.heights,
                u[i : i + 30000],
                v[i : i + 30000],
                cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_REPLICATE,
            )
            for i in range(0, len(u), 30000)
        ]
        return np.concatenate(rows).ravel() if rows else np.empty(0, np.float32)

    def meet(self, origins: Array, directions: Array) -> Array:
        """March with strides that grow with the clearance and the distance."""
        found = np.full(len(origins), np.inf, np.float32)
        start, stop = _span(self.low, self.high, origins, directions)
        distance = np.maximum(start, 2e-4 * self.span)
        open_ = np.flatnonzero(stop > distance)
        for _ in range(160):
            points = origins[open_] + directions[open_] * distance[open_, None]
            gap = points[:, 1] - self.height(points[:, 0], points[:, 2])
            hit = gap < 0.0006 * distance[open_]
            found[open_[hit]] = distance[open_[hit]]
            distance[open_] += np.maximum(0.45 * gap, 0.003 * distance[open_] + 4e-5 * self.span)
            open_ = open_[~hit & (distance[open_] < stop[open_])]
            if not len(open_):
                break
        return found

    def normals(self, points: Array) -> Array:
        step = np.float32(0.7 * self.span / self.heights.shape[0])
        x, z = points[:, 0], points[:, 2]
        slope_x = (self.height(x + step, z) - self.height(x - step, z)) / (2 * step)
        slope_z = (self.height(x, z + step) - self.height(x, z - step)) / (2 * step)
        return unit(np.stack([-slope_x, np.ones_like(slope_x), -slope_z], 1))


def unit(vectors: Array) -> Array:
    """The vectors (N, 3) at length one."""
    return vectors / (np.sqrt(_dot(vectors, vectors))[:, None] + 1e-12)


def _span(low: Array, high: Array, origins: Array, directions: Array) -> tuple[Array, Array]:
    """Where each ray enters the box `low`..`high` and where it leaves; a miss enters after it leaves."""
    with np.errstate(divide="ignore", invalid="ignore"):
        first = (low[:, None] - origins.T) / directions.T  # (3, N)
        second = (high[:, None] - origins.T) / directions.T
    return np.maximum(np.minimum(first, second).max(0), NEAR), np.maximum(first, second).min(0)


def _dot(first: Array, second: Array) -> Array:
    return np.einsum("ij,ij->i", first, second)
