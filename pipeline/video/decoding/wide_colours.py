"""The colours of HDR and of wide gamuts as those of BT.709, by a table.

FFmpeg's scaler converts them slowly. Given luma and chroma, it also converts strong colours several levels
wrong; given RGB, as the tables are made, it is right.
"""

import av
import cv2
import numpy as np
from av.filter import Graph
from av.video.reformatter import Colorspace, Interpolation, VideoReformatter

from pipeline.base.arrays import FloatArray, Frame, Size
from pipeline.video.decoding.colour_tables import table

CONVERSION = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.BITEXACT

PLANAR = "gbrpf32le"
"""The format in which colours are looked up. In formats of whole numbers the filter mixes up the planes."""

RGB_PLANES = (2, 0, 1)
"""The numbers of the red, green and blue plane in :data:`PLANAR`."""


class WideColours:
    """Converts the frames of one clip, all with the tags of the first."""

    def __init__(self, frame: av.VideoFrame, size: Size) -> None:
        """``size`` (height, width): of the converted frames."""
        self.tags = (frame.color_trc, frame.color_primaries)
        self._size, self._count = size, 0
        self._to_planar = VideoReformatter()
        self._graph = _graph(size, table(*self.tags))

    def to_rgb(self, frame: av.VideoFrame, matrix: Colorspace | None) -> Frame:
        """uint8 RGB of BT.709, (height, width, 3).

        Args:
            matrix: of the frame, where it is not the one that the frame is tagged with.
        """
        height, width = self._size
        planar = self._to_planar.reformat(
            frame, width, height, PLANAR, src_colorspace=matrix, interpolation=CONVERSION
        )
        planar.pts = self._count
        self._count += 1
        self._graph.vpush(planar, at=0)
        return _rounded(self._graph.vpull())


def _rounded(frame: av.VideoFrame) -> Frame:
    """A frame of :data:`PLANAR` as uint8 RGB. The scaler takes six times as long, and does not round."""
    planes = [_plane(frame, number) for number in RGB_PLANES]
    return np.asarray(cv2.merge([cv2.convertScaleAbs(plane, alpha=255) for plane in planes]), np.uint8)


def _plane(frame: av.VideoFrame, number: int) -> FloatArray:
    """One plane (height, width) of a frame, not copied; its lines in memory may be longer than the frame."""
    lines = np.frombuffer(memoryview(frame.planes[number]), np.float32)
    return lines.reshape(frame.height, -1)[:, : frame.width]


def _graph(size: Size, colours: FloatArray) -> Graph:
    """Filters that look up frames of ``size`` (height, width) in a table, and have it already."""
    hald = av.VideoFrame.from_ndarray(colours, format=PLANAR)
    hald.pts = 0
    graph = Graph()
    layouts = [(size[1], size[0]), (hald.width, hald.height)]
    frames, tables = (
        graph.add(
            "buffer",
            f"video_size={w}x{h}:pix_fmt={PLANAR}:colorspace=0:range=2:time_base=1/1000:pixel_aspect=1/1",
        )
        for w, h in layouts
    )
    lookup, sink = graph.add("haldclut", "interp=tetrahedral:clut=first"), graph.add("buffersink")
    frames.link_to(lookup, 0, 0)
    tables.link_to(lookup, 0, 1)
    lookup.link_to(sink)
    graph.configure()
    graph.vpush(hald, at=1)
    graph.vpush(None, at=1)
    return graph
