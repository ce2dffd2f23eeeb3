"""The colours of a decoded frame: by which tags it is converted to RGB."""

from typing import Any

import av
import numpy as np
from av.video.reformatter import ColorPrimaries, Colorspace, ColorTrc, Interpolation, VideoReformatter

from pipeline.base.arrays import Frame, Size

UNSPECIFIED = (2, 3)
"""H.273's numbers for "unspecified" and "reserved"."""

BT709 = 1
BT2020 = 9
BT2020_CONSTANT_LUMINANCE = 10

HDR_TRANSFERS = (ColorTrc.SMPTE2084, ColorTrc.ARIB_STD_B67)

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


def is_wide(frame: av.VideoFrame) -> bool:
    """Whether a frame's colours are converted to those of BT.709, since they are HDR or of a wide gamut."""
    return frame.color_trc in HDR_TRANSFERS or frame.color_primaries in WIDE_PRIMARIES


def to_rgb(
    frame: av.VideoFrame,
    size: Size,
    reformatter: VideoReformatter,
    interpolation: Interpolation = CONVERSION,
) -> Frame:
    """The frame as uint8 RGB of BT.709, (height, width, 3) of ``size``.

    Raises:
        av.FFmpegError: FFmpeg's scaler has no conversion from the frame's format.
    """
    height, width = size
    options: dict[str, Any] = {"src_colorspace": _matrix(frame)}
    if is_wide(frame):
        options |= {"dst_color_trc": BT709, "dst_color_primaries": BT709}
    converted = reformatter.reformat(frame, width, height, "rgb24", interpolation=interpolation, **options)
    return np.asarray(converted.to_ndarray(), np.uint8)


def _matrix(frame: av.VideoFrame) -> Colorspace | None:
    """What the scaler has to take instead of the frame's tag."""
    if is_untagged_hd(frame):
        return Colorspace.BT2020 if frame.color_primaries == BT2020 else Colorspace.ITU709
    if frame.colorspace == BT2020_CONSTANT_LUMINANCE:
        return Colorspace.BT2020  # the nearest that it knows
    return None
