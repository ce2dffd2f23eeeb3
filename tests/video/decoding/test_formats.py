"""A clip is one file: playlists, scripts and references to other files are refused, whatever their name."""

import struct
from pathlib import Path

import av
import pytest

from pipeline.errors import InputError
from pipeline.video import clip as clips
from pipeline.video.decoding import formats
from pipeline.video.decoding.opencv_frames import open_capture
from tests.support.clips import write_clip

HLS = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nother.ts\n"
LISTS = {
    "hls": HLS + "#EXT-X-ENDLIST\n",
    "hls without an end": HLS,
    "hls that names itself": HLS.replace("other.ts", "{name}"),
    "hls of playlists": "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{name}\n",
    "concat script": "ffconcat version 1.0\nfile other.ts\n",
    "concat list": "file 'other.ts'\n",
    "dash": '<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><Period/></MPD>\n',
    "pls": "[playlist]\nFile1=other.ts\n",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\nm=video 9 RTP/AVP 96\n",
    "asx": "<ASX version='3'><Entry><Ref href='other.ts'/></Entry></ASX>\n",
}


@pytest.mark.parametrize("text", LISTS.values(), ids=LISTS.keys())
@pytest.mark.parametrize("name", ["a.mp4", "a.m3u8", "a.ffconcat", "a.mpd"])
def test_a_playlist_is_refused_by_any_name(tmp_path, text, name):
    write_clip(tmp_path / "other.ts")
    path = tmp_path / name
    path.write_text(text.format(name=name))

    for read in (clips.probe, clips.guess, lambda path: list(clips.frames(path))):
        with pytest.raises(InputError, match=f"{name}: is a playlist, which names other files"):
            read(path)


@pytest.mark.parametrize("kind", ["hls", "concat script"])
def test_opencv_opens_no_playlist_either(tmp_path, kind):
    write_clip(tmp_path / "other.ts")
    (tmp_path / "a.mp4").write_text(LISTS[kind])

    with pytest.raises(InputError, match="OpenCV cannot read"), open_capture(tmp_path / "a.mp4"):
        pass
    with open_capture(tmp_path / "other.ts") as capture:
        assert capture.read()[0]


def test_a_mov_whose_frames_lie_in_another_file_reads_nothing_of_it(tmp_path):
    other = write_clip(tmp_path / "other.mov", codec="mpeg4", options={"qscale": "2"})
    path = _with_reference(other, tmp_path / "a.mov")
    with av.open(str(path), options={"enable_drefs": "1", "use_absolute_path": "1"}) as container:
        assert len(list(container.decode(video=0))) == 12  # the reference is right

    with pytest.raises(InputError):
        clips.probe(path)
    assert list(_frames(path)) == []


def _frames(path: Path):
    try:
        yield from clips.frames(path)
    except InputError:
        return


def _with_reference(other: Path, path: Path) -> Path:
    """``path``, a copy of ``other`` without its frames: its data reference is an alias of ``other``."""
    data = other.read_bytes()
    frames = data.index(b"mdat") + 4
    length = struct.unpack(">I", data[frames - 8 : frames - 4])[0] - 8
    data = data[:frames] + bytes(length) + data[frames + length :]
    name = str(other).encode()
    alias = bytes(10) + bytes([4]) + b"disk".ljust(27, b"\0") + bytes(12)
    alias += bytes([len(other.name)]) + other.name.encode().ljust(63, b"\0") + bytes(16)
    alias += struct.pack(">hh", 1, 1) + bytes(16)
    alias += struct.pack(">HH", 2, len(name)) + name + bytes(len(name) % 2) + struct.pack(">HH", 0xFFFF, 0)
    entry = struct.pack(">I4sI", 12 + len(alias), b"alis", 0) + alias
    place = data.index(b"dref") + 12
    old = struct.unpack(">I", data[place : place + 4])[0]
    patched = bytearray(data[:place] + entry + data[place + old :])
    for box in (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"):
        start = data.index(box) - 4
        if box in (b"dinf", b"dref"):
            start = data.rindex(box, 0, place) - 4
        size = struct.unpack(">I", patched[start : start + 4])[0]
        patched[start : start + 4] = struct.pack(">I", size + len(entry) - old)
    path.write_bytes(patched)
    return path


def test_a_percent_sign_in_a_name_stands_for_itself(tmp_path):
    from PIL import Image

    for name in ("a%d.png", "a0.png", "a1.png"):
        Image.new("RGB", (32, 32)).save(tmp_path / name)
    with pytest.raises(InputError, match="is not a video; nstpipe image"):
        clips.probe(tmp_path / "a%d.png")


def test_every_container_that_is_named_exists():
    """A name that FFmpeg does not have would leave that container out silently."""
    unknown = []
    for name in (*formats.CLIPS, *formats.OTHERS):
        try:
            av.ContainerFormat(name, "r")
        except ValueError:
            unknown.append(name)
    assert unknown == []


@pytest.mark.parametrize(
    ("suffix", "codec"),
    [
        *((".mp4", "libx264"), (".mov", "mjpeg"), (".mkv", "libx264"), (".webm", "libvpx-vp9")),
        *((".avi", "mpeg4"), (".ts", "mpeg2video"), (".mpg", "mpeg1video"), (".flv", "flv")),
        *((".wmv", "wmv2"), (".ogv", "libvpx"), (".gif", "gif"), (".apng", "apng"), (".nut", "ffv1")),
        *((".mxf", "mpeg2video"), (".m2v", "mpeg2video"), (".h264", "libx264"), (".3gp", "h263")),
    ],
)
def test_containers_of_clips_are_read(tmp_path, suffix, codec):
    formats_of = {"gif": "rgb8", "apng": "rgb24", "mjpeg": "yuvj420p"}
    path = write_clip(
        tmp_path / f"a{suffix}",
        size=(96, 128),
        codec=codec,
        pixel_format=formats_of.get(codec, "yuv420p"),
        colour=None,
        options={},
    )

    assert len(clips.probe(path).frame_times) == 12
