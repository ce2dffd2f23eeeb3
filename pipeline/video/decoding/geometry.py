"""How the stored pictures of a clip have to be turned and mirrored: its display matrix."""

import struct
from typing import NamedTuple

import cv2
import numpy as np

from pipeline.base.arrays import Frame, Size


class Orientation(NamedTuple):
    """One of the eight ways in which a picture can lie: transposed first, then mirrored."""

    swaps_sides: bool = False
    """Whether rows become columns."""
    flips_x: bool = False
    """Whether left and right change places, after the transposition."""
    flips_y: bool = False
    """Whether top and bottom change places, after the transposition."""

    @property
    def angle(self) -> int | None:
        """Clockwise, in degrees, as OpenCV names a rotation; None for the four mirrored ones."""
        return _ANGLES.get(self)

    def upright(self, frame: Frame) -> Frame:
        """A stored picture (height, width, 3) as it is to be shown."""
        if self.swaps_sides:
            frame = cv2.transpose(frame)
        if self.flips_x or self.flips_y:
            frame = cv2.flip(frame, -1 if self.flips_x and self.flips_y else int(self.flips_x))
        return np.ascontiguousarray(frame)

    def upright_size(self, size: Size) -> Size:
        """The (height, width) of a stored picture of ``size`` as it is to be shown."""
        return (size[1], size[0]) if self.swaps_sides else size


AS_STORED = Orientation()

_ANGLES = {
    AS_STORED: 0,
    Orientation(swaps_sides=True, flips_x=True): 90,
    Orientation(flips_x=True, flips_y=True): 180,
    Orientation(swaps_sides=True, flips_y=True): 270,
}


def of_angle(angle: int) -> Orientation:
    """The orientation of a clockwise rotation by ``angle`` degrees; as stored, if it is no quarter turn."""
    return next((one for one, own in _ANGLES.items() if own == angle % 360), AS_STORED)


def of_display_matrix(matrix: bytes) -> Orientation:
    """The orientation that a display matrix comes nearest to; those of files are of the eight.

    Args:
        matrix: nine numbers a, b, u, c, d, v, x, y, w of 32 bits, in the machine's byte order, as FFmpeg
            gives them: a pixel at (p, q), to the right and down, is shown at (a·p + c·q + x, b·p + d·q + y).
    """
    a, b, _, c, d, *_ = struct.unpack("=9i", matrix[:36])
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return Orientation(False, a < 0, d < 0)
    return Orientation(True, c < 0, b < 0)
