"""Clips whose files say more than their frames: tags, chapters, attached files, covers, video tracks."""

import io
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.stream import Disposition
from PIL import Image

from tests.support.clips import Sound, corner, sound_packets, sound_stream


def chapter(start: float, end: float, **tags: str) -> dict[str, Any]:
    """A chapter from ``start`` to ``end``, in seconds, as PyAV takes it."""
    times = {"start": round(start * 1000), "end": round(end * 1000), "time_base": Fraction(1, 1000)}
    return {"id": 1 + times["start"], **times, "metadata": tags}


def jpeg(colour: tuple[int, int, int] = (10, 200, 30)) -> bytes:
    """A small JPEG of one colour."""
    file = io.BytesIO()
    Image.new("RGB", (32, 24), colour).save(file, "JPEG")
    return file.getvalue()


def write_tagged(
    path: Path,
    tags: Mapping[str, str] | None = None,
    *,
    video_tags: Mapping[str, str] | None = None,
    chapters: Sequence[dict[str, Any]] = (),
    attached: Sequence[tuple[str, str, bytes]] = (),
    cover: bytes | None = None,
    sounds: Sequence[tuple[Sound, Mapping[str, str], Disposition]] = (),
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    transfer: int | None = None,
    video_tracks: int = 1,
    movflags: str = "",
    frames: int = 10,
) -> Path:
    """Write a clip of 25 frames a second, 64x48 pixels.

    Args:
        attached: names, MIME types and bytes of attached files (Matroska alone).
        cover: a JPEG (MP4 and MOV alone).
        sounds: each with its tags and marks.
        transfer: the number of the transfer function in H.273.
        movflags: FFmpeg's flags of the MP4 muxer, such as ``+use_metadata_tags``.
    """
    options = {"movflags": movflags} if movflags else {}
    with av.open(str(path), "w", container_options=options) as output:
        videos = [_video_stream(output, codec, pixel_format, transfer) for _ in range(video_tracks)]
        videos[0].metadata.update(video_tags or {})
        output.metadata.update(tags or {})
        output.set_chapters(list(chapters))
        for file in attached:
            output.add_attachment(*file)
        tracks = [_sound_stream(output, *sound) for sound in sounds]
        if cover:
            output.mux(_cover_packet(output, cover))
        for track, (sound, _, _) in zip(tracks, sounds, strict=True):
            output.mux(list(sound_packets(track, sound)))
        for video in videos:
            for number in range(frames):
                output.mux(video.encode(_frame(number, pixel_format, transfer)))
            output.mux(video.encode(None))
    return path


def _video_stream(output: Any, codec: str, pixel_format: str, transfer: int | None) -> Any:
    video = output.add_stream(codec, rate=25)
    video.width, video.height, video.pix_fmt = 64, 48, pixel_format
    if transfer is not None:
        video.codec_context.color_trc = transfer
    return video


def _sound_stream(output: Any, sound: Sound, tags: Mapping[str, str], marks: Disposition) -> Any:
    track = sound_stream(output, sound)
    track.metadata.update(tags)
    track.disposition = marks
    return track


def _cover_packet(output: Any, cover: bytes) -> av.Packet:
    stream = output.add_mux_stream("mjpeg", width=32, height=24)
    stream.disposition = Disposition.attached_pic
    packet = av.Packet(cover)
    packet.stream, packet.pts, packet.dts = stream, 0, 0
    packet.is_keyframe = True
    return packet


def _frame(number: int, pixel_format: str, transfer: int | None) -> av.VideoFrame:
    pixels = corner(number, (48, 64))
    alpha = np.full((48, 64, 1), 100, np.uint8)
    frame = av.VideoFrame.from_ndarray(np.concatenate([pixels, alpha], axis=2), format="rgba")
    frame = frame.reformat(format=pixel_format)
    if transfer is not None:
        frame.color_trc = transfer
    frame.pts, frame.time_base = number, Fraction(1, 25)
    return frame
