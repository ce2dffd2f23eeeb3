"""A mirrored rim around a picture while it is optimised: artefacts at a border are cut off with it.

Convolutions pad with zeros, so positions at a border see an edge that is not in the picture, and the
style loss falls most cheaply by painting along it.
"""

from dataclasses import dataclass

import numpy as np

from pipeline.base.arrays import AnyArray, FloatArray, Size


@dataclass(frozen=True)
class Margin:
    """The rim of one picture.

    Attributes:
        size: (height, width) of the picture without it.
        rim: its width in pixels, on each side.
    """

    size: Size
    rim: int

    @classmethod
    def around(cls, size: Size, share: float) -> "Margin":
        """A rim of ``share`` of the longest side; a mirror holds one pixel less than the shorter side."""
        return cls(size, min(round(share * max(size)), min(size) - 1))

    @property
    def framed_size(self) -> Size:
        """(height, width) of the picture with its rim."""
        return self.size[0] + 2 * self.rim, self.size[1] + 2 * self.rim

    def framed(self, picture: AnyArray) -> AnyArray:
        """The picture, (H, W, 3) or (H, W), of ``size``, with its rim; itself, where there is none."""
        if self.rim == 0:
            return picture
        rim = (self.rim, self.rim)
        return np.pad(picture, (rim, rim, (0, 0))[: picture.ndim], mode="reflect")

    def cut(self, framed: FloatArray) -> FloatArray:
        """The picture without its rim, from one (h, w, 3) of ``framed_size`` or of another scale of it."""
        height, width = framed.shape[:2]
        rows = round(self.rim * height / self.framed_size[0])
        columns = round(self.rim * width / self.framed_size[1])
        return np.ascontiguousarray(framed[rows : height - rows, columns : width - columns])

    def side_within(self, longest_side: int) -> int:
        """The longest side without the rim, where with the rim it is ``longest_side``."""
        return max(1, round(longest_side * max(self.size) / max(self.framed_size)))
