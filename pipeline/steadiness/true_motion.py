"""The true motion of a drawn clip, kept in a ``.npz`` beside it.

It holds the parameters of the drawing, so the flow between any two frames is exact, not a sum of steps.
"""

import zipfile
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.base import atomic
from pipeline.base.arrays import DoubleArray, FloatArray, Mask
from pipeline.base.messages import shown
from pipeline.errors import InputError
from pipeline.motion.flow import Motion

EDGE = 255
"""The number of a pixel where two surfaces mix."""

WARP_RADIUS = 2
"""Pixels around a place that must all show the same surface: nearly all that the filter of the warp uses."""


@dataclass(frozen=True, eq=False)
class TrueMotion:
    """Surfaces that move rigidly or zoom, as a camera sees them; called, the motion between two frames.

    Attributes:
        cameras: (S, N, 2, 3) float64: for each surface and frame, the affine map from a place in the frame,
            (x, y, 1) in pixels, to the place on the surface that is seen there.
        surfaces: (N, H, W) uint8: the number of the surface that each pixel shows, or :data:`EDGE`.
    """

    cameras: DoubleArray
    surfaces: npt.NDArray[np.uint8]

    def __len__(self) -> int:
        """How many frames."""
        return len(self.surfaces)

    def __call__(self, earlier: int, later: int) -> Motion:
        """How frame ``later`` came from frame ``earlier``; the weights are 0 or 1.

        A pixel counts where the earlier frame shows its surface, and nothing else, around where it was.
        """
        labels = self.surfaces[later]
        motion = Motion(np.zeros((*labels.shape, 2), np.float32), np.zeros(labels.shape, np.float32))
        for number in range(len(self.cameras)):
            here = labels == number
            places = self._places(number, earlier, later)[here]
            motion.flow[here] = places - np.argwhere(here)[:, ::-1]
            motion.weights[here] = _hits(places, _reachable(self.surfaces[earlier] == number))
        return motion

    def _places(self, number: int, earlier: int, later: int) -> DoubleArray:
        """(H, W, 2): for each pixel of the later frame, where the earlier one shows the same point."""
        there, here = (_square(self.cameras[number, frame]) for frame in (earlier, later))
        y, x = np.indices(self.surfaces.shape[1:], float)
        to_earlier = np.linalg.inv(there) @ here
        return np.dstack([x, y]) @ to_earlier[:2, :2].T + to_earlier[:2, 2]

    def save(self, path: Path) -> None:
        """Write it, whole or not at all.

        Raises:
            OutputError, DiskFullError: it cannot be written there.
        """
        with atomic.replacing(path) as partial:
            np.savez_compressed(partial, cameras=self.cameras, surfaces=self.surfaces)


def load(path: Path) -> TrueMotion:
    """The motion that :meth:`TrueMotion.save` wrote.

    Raises:
        InputError: the file is missing, or holds no such motion.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            motion = TrueMotion(arrays["cameras"], arrays["surfaces"])
    except OSError as error:
        raise InputError(
            f"{shown(path)}: cannot be read ({error.strerror or error}); check the path"
        ) from error
    except (
        ValueError,
        KeyError,
        IndexError,
        EOFError,
        AttributeError,
        TypeError,
        zipfile.BadZipFile,
    ) as error:
        raise _no_motion(path) from error
    if not _fits(motion):
        raise _no_motion(path)
    return motion


def _no_motion(path: Path) -> InputError:
    return InputError(f"{shown(path)}: holds no true motion; give the .npz that benchmarks.motion wrote")


def _fits(motion: TrueMotion) -> bool:
    cameras, surfaces = motion.cameras, motion.surfaces
    shapes = surfaces.ndim == 3 and cameras.ndim == 4 and cameras.shape[1:] == (len(surfaces), 2, 3)
    return shapes and surfaces.dtype == np.uint8 and cameras.dtype == np.float64


def _square(camera: DoubleArray) -> DoubleArray:
    """(3, 3) of (2, 3), so that it can be inverted."""
    return np.vstack([camera, (0, 0, 1)])


def _reachable(mask: Mask) -> Mask:
    """(H, W): where ``mask`` covers all pixels within :data:`WARP_RADIUS`, inside the frame."""
    square = np.ones((2 * WARP_RADIUS + 1, 2 * WARP_RADIUS + 1), np.uint8)
    eroded = cv2.erode(mask.astype(np.uint8), square, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return eroded > 0


def _hits(places: DoubleArray, mask: Mask) -> FloatArray:
    """(P,): 1 where a place (x, y) of ``places`` (P, 2) lies in ``mask``, else 0."""
    x, y = np.rint(places).astype(int).T
    within = (x >= 0) & (x < mask.shape[1]) & (y >= 0) & (y < mask.shape[0])
    hits = np.zeros(len(places), np.float32)
    hits[within] = mask[y[within], x[within]]
    return hits
