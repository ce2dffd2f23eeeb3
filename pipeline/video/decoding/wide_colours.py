"""The colours of HDR and of wide gamuts as those of BT.709, by a table.

FFmpeg's scaler converts them slowly: so it converts a table of colours once, in which those of the frames are
then looked up. Given luma and chroma, it also converts strong colours several levels wrong; given RGB, as
here, it is right.
"""

from functools import lru_cache

import av
import numpy as np
from av.filter import Graph
from av.video.reformatter import Colorspace, Interpolation, VideoReformatter

from pipeline.base.arrays import Frame, Size

LEVEL = 8
"""Of the Hald table: 64 steps for each of red, green and blue, in a picture of 512x512."""

CONVERSION = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.BITEXACT

BT709 = 1
"""The number of ITU-R BT.709 in H.273, for matrix, primaries and transfer; every player supports it."""

PLANAR = "gbrpf32le"
"""The format in which colours are looked up. In formats of whole numbers the filter mixes up the planes."""


class WideColours:
    """Converts the frames of one clip, all with the tags of the first."""

    def __init__(self, frame: av.VideoFrame, size: Size) -> None:
        """``size`` (height, width): of the converted frames."""
        self.tags = (frame.color_trc, frame.color_primaries)
        self._size, self._count = size, 0
        self._to_planar, self._to_rgb = VideoReformatter(), VideoReformatter()
        self._graph = _graph(size, _table(*self.tags))

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
        looked_up = self._graph.vpull()
        converted = self._to_rgb.reformat(looked_up, format="rgb24", interpolation=CONVERSION)
        return np.asarray(converted.to_ndarray(), np.uint8)


@lru_cache(maxsize=8)
def _table(transfer: int, primaries: int) -> av.VideoFrame:
    """The Hald table that converts colours with these tags to those of BT.709; it takes seconds to make.

    Light above the diffuse white of HDR, 203 cd/m², becomes white, whatever a clip says of its brightest.
    """
    colours = _every_colour()
    colours.color_trc, colours.color_primaries = transfer, primaries
    colours = colours.reformat(
        format="rgb48le",
        interpolation=Interpolation.BICUBIC,
        dst_color_trc=BT709,
        dst_color_primaries=BT709,
    )
    table = colours.reformat(format=PLANAR, interpolation=CONVERSION)
    table.pts = 0
    return table


def _every_colour() -> av.VideoFrame:
    """A Hald picture that changes no colour: red runs fastest, blue slowest."""
    side, steps = LEVEL**3, LEVEL**2
    levels = (np.arange(steps) * (65535 / (steps - 1))).round().astype(np.uint16)
    blue, green, red = np.meshgrid(levels, levels, levels, indexing="ij")
    pixels = np.stack([red, green, blue], -1).reshape(side, side, 3)
    return av.VideoFrame.from_ndarray(pixels, format="rgb48le")


def _graph(size: Size, table: av.VideoFrame) -> Graph:
    height, width = size
    graph = Graph()
    layouts = [(width, height), (table.width, table.height)]
    frames, colours = (
        graph.add(
            "buffer",
            f"video_size={w}x{h}:pix_fmt={PLANAR}:colorspace=0:range=2:time_base=1/1000:pixel_aspect=1/1",
        )
        for w, h in layouts
    )
    lookup, sink = graph.add("haldclut", "interp=tetrahedral:clut=first"), graph.add("buffersink")
    frames.link_to(lookup, 0, 0)
    colours.link_to(lookup, 0, 1)
    lookup.link_to(sink)
    graph.configure()
    graph.vpush(table, at=1)
    graph.vpush(None, at=1)
    return graph
