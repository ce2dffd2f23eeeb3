"""The colours of a decoded frame: by which tags it is converted to RGB."""

import av
import numpy as np
from av.video.reformatter import ColorPrimaries, Colorspace, ColorTrc, Interpolation, VideoReformatter

from pipeline.base.arrays import Frame, Size
from pipeline.video.decoding.wide_colours import WideColours

UNSPECIFIED = (2, 3)
"""H.273's numbers for "unspecified" and "reserved"."""

BT2020 = 9
CONSTANT_LUMINANCE = 10
"""BT.2020's other matrix, which the scaler lacks; the one that it knows is the nearest."""

DERIVED_MATRICES = (12, 13)
"""Those that follow from the primaries, which the scaler lacks."""

UNKNOWN_MATRICES = (8, 11, 14)
"""YCgCo, Y'D'zD'x and ICtCp, for which nothing stands in."""

LOGARITHMIC_TRANSFERS = (ColorTrc.LOG, ColorTrc.LOG_SQRT)
"""Those that the scaler lacks; they only matter where it converts colours."""

HDR_TRANSFERS: dict[int, str] = {ColorTrc.SMPTE2084: "PQ", ColorTrc.ARIB_STD_B67: "HLG"}
"""The transfer functions of high dynamic range, with their names."""

WIDE_PRIMARIES = (
    ColorPrimaries.FILM,
    ColorPrimaries.BT2020,
    ColorPrimaries.SMPTE428,
    ColorPrimaries.SMPTE431,
    ColorPrimaries.SMPTE432,
)
"""The primaries whose colours OpenCV converts to those of BT.709; it takes all others for BT.709's."""

HD_LINES, HD_WIDTH = 720, 1280
"""From which size on players take untagged colours for BT.709, not BT.601; a cropped film has fewer lines."""

CONVERSION = (
    Interpolation.BICUBIC | Interpolation.FULL_CHR_H_INT | Interpolation.ACCURATE_RND | Interpolation.BITEXACT
)
"""Full resolution of the chroma, and the same values on every processor."""


def is_untagged_hd(frame: av.VideoFrame) -> bool:
    """Whether a frame's numbers are luma and chroma of HD, and its file does not say by which matrix."""
    is_luma_and_chroma = not frame.format.is_rgb and len(frame.format.components) >= 3
    is_hd = frame.height >= HD_LINES or frame.width >= HD_WIDTH
    return is_luma_and_chroma and is_hd and frame.colorspace in UNSPECIFIED


def are_unknown(frame: av.VideoFrame) -> bool:
    """Whether a frame's colours cannot be converted to RGB."""
    return frame.colorspace in UNKNOWN_MATRICES


def are_refused_by_opencv(frame: av.VideoFrame) -> bool:
    """Whether OpenCV's scaler refuses the tags of a frame's colours; its picture is what was in memory."""
    matrices = (CONSTANT_LUMINANCE, *DERIVED_MATRICES, *UNKNOWN_MATRICES)
    return frame.colorspace in matrices or frame.color_trc in LOGARITHMIC_TRANSFERS


def is_wide(frame: av.VideoFrame) -> bool:
    """Whether a frame's colours are converted to those of BT.709, since they are HDR or of a wide gamut."""
    is_hdr_or_wide = frame.color_trc in HDR_TRANSFERS or frame.color_primaries in WIDE_PRIMARIES
    return is_hdr_or_wide and frame.color_trc not in LOGARITHMIC_TRANSFERS


class RgbConverter:
    """Converts the frames of one clip to RGB of one size."""

    def __init__(self, size: Size, interpolation: Interpolation = CONVERSION) -> None:
        """``size``: (height, width) of the converted frames."""
        self._size, self._interpolation = size, interpolation
        self._reformatter = VideoReformatter()
        self._wide: WideColours | None = None

    def to_rgb(self, frame: av.VideoFrame) -> Frame:
        """The frame as uint8 RGB of BT.709, (height, width, 3).

        Raises:
            av.FFmpegError: FFmpeg's scaler has no conversion from the frame's colours.
        """
        if is_wide(frame):
            if self._wide is None or self._wide.tags != (frame.color_trc, frame.color_primaries):
                self._wide = WideColours(frame, self._size)
            return self._wide.to_rgb(frame, _matrix(frame))
        height, width = self._size
        converted = self._reformatter.reformat(
            frame,
            width,
            height,
            "rgb24",
            src_colorspace=_matrix(frame),
            interpolation=self._interpolation,
        )
        return np.asarray(converted.to_ndarray(), np.uint8)


def _matrix(frame: av.VideoFrame) -> Colorspace | None:
    """What the scaler has to take instead of the frame's tag."""
    if is_untagged_hd(frame) or frame.colorspace in DERIVED_MATRICES:
        return Colorspace.BT2020 if frame.color_primaries == BT2020 else Colorspace.ITU709
    return Colorspace.BT2020 if frame.colorspace == CONSTANT_LUMINANCE else None
