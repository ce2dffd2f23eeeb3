"""The containers that are read: one file each, with the frames inside.

FFmpeg also reads lists of other files and addresses, recognised by content, whatever their name.
"""

import os
from pathlib import Path

CLIPS = (
    *("mov", "mp4", "matroska", "webm", "avi", "mpegts", "mpeg", "flv", "asf", "asf_o", "ogg", "mxf", "dv"),
    *("gif", "apng", "nut", "ivf", "rm", "wtv", "gxf", "lxf", "nsv", "nuv", "pva", "ty", "bink", "swf"),
    *("mpegvideo", "mpegtsraw", "m4v", "h261", "h263", "h264", "hevc", "vvc", "av1", "obu", "vc1", "vc1test"),
    *("cavsvideo", "dirac", "dnxhd", "evc", "apv", "mjpeg", "mjpeg_2000", "yuv4mpegpipe", "r3d", "smk"),
)
"""FFmpeg's names of the containers and streams that clips come in."""

OTHERS = (
    *("mp3", "wav", "w64", "flac", "aac", "ac3", "eac3", "dts", "aiff", "caf", "amr", "ape", "wv", "tta"),
    *("image2", "tty", "ico", "fits"),
    *(f"{kind}_pipe" for kind in ("png", "jpeg", "jpegls", "jpegxl", "j2k", "bmp", "tiff", "webp", "gif")),
    *(f"{kind}_pipe" for kind in ("ppm", "pgm", "pbm", "pam", "psd", "dpx", "exr", "hdr", "qoi", "dds")),
    *(f"{kind}_pipe" for kind in ("pcx", "sgi", "sunrast", "xbm", "xpm", "xwd", "pfm", "phm", "photocd")),
)
"""Sound and pictures, of single files, too: opened to say that they are no video."""

OPTIONS = {
    "format_whitelist": ",".join((*CLIPS, *OTHERS)),
    "protocol_whitelist": "file",
    "pattern_type": "none",  # image2 takes % in a name for a number
}
"""FFmpeg's options for opening a clip."""

_LISTS = (
    *(b"#EXTM3U", b"ffconcat", b"file ", b"[playlist]", b"[Reference]", b"RTSPtext", b"v=0"),
    *(b"<MPD", b"<asx", b"<smil", b"<playlist"),
)
"""How lists of files and addresses begin, an XML declaration aside."""


def is_playlist(path: Path) -> bool:
    """Whether a file is a list of other files or addresses: HLS, DASH, a concat script and the like."""
    try:
        with path.open("rb") as file:
            start = file.read(1024).removeprefix(b"\xef\xbb\xbf").lstrip()
    except OSError:
        return False
    if start.startswith(b"<?xml"):
        return any(name in start for name in _LISTS if name.startswith(b"<"))
    return start.lower().startswith(tuple(name.lower() for name in _LISTS))


def restrict_opencv() -> None:
    """Let OpenCV in this process open only these containers."""
    options = "|".join(f"{name};{value}" for name, value in OPTIONS.items())
    os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = options
