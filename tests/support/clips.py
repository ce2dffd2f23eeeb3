"""Write tiny synthetic clips with PyAV, with the peculiarities that real files have."""

import math
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.stream import Disposition
from PIL import Image

from pipeline.video import clip as clips
from pipeline.video.writing import encoding

SIZE = (48, 64)
"""Height and width of a clip unless a test asks for others."""

FRAMES = 12

RED, GREY = (220, 20, 20), (90, 90, 90)

BT709, BT2020, LIMITED = 1, 9, 1


@dataclass(frozen=True)
class Sound:
    """One sound track: silence with a burst of a tone, whose time can be measured."""

    codec: str = "aac"
    layout: str = "stereo"
    rate: int = 48000
    seconds: float = 0.5
    burst: float = 0.2
    start: float = 0.0
    language: str = "eng"
    repeated: Sequence[int] = ()
    """Numbers of the packets that carry the time stamp of the packet before them."""

    def samples(self) -> np.ndarray:
        """(channels, samples) float32, the burst 50 ms long in every channel."""
        time = np.arange(round(self.seconds * self.rate)) / self.rate
        heard = (time >= self.burst) & (time < self.burst + 0.05)
        tone = 0.5 * np.sin(2 * math.pi * 1000 * time) * heard
        return np.tile(tone.astype(np.float32), (av.AudioLayout(self.layout).nb_channels, 1))


def corner(index: int, size: tuple[int, int] = SIZE) -> np.ndarray:
    """A grey picture that brightens with ``index``; its top left quarter is red."""
    height, width = size
    picture = np.full((height, width, 3), 60 + 8 * (index % 20), np.uint8)
    picture[: max(1, height // 2), : max(1, width // 2)] = RED
    return picture


def write_clip(
    path: Path,
    *,
    size: tuple[int, int] = SIZE,
    frames: int = FRAMES,
    times: Sequence[int] | None = None,
    time_base: Fraction = Fraction(1, 25),
    picture: Callable[[int, tuple[int, int]], np.ndarray] = corner,
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    colour: int | None = BT709,
    encoded: int | None = None,
    transfer: int | None = None,
    primaries: int = BT709,
    pixel_aspect: Fraction | None = None,
    options: dict[str, str] | None = None,
    container: dict[str, str] | None = None,
    sounds: Sequence[Sound] = (),
    subtitles: Sequence[tuple[int, int, str]] = (),
    form: str | None = None,
    rate: Fraction = Fraction(25),
    fields: str | None = None,
) -> Path:
    """Write a clip of ``frames`` pictures, or one at each of ``times`` (in ``time_base``).

    Args:
        colour: matrix, primaries and transfer (1: BT.709); None: not stored in the file.
        transfer: the transfer, where it is not that of ``colour``; it comes with ``primaries``.
        encoded: the matrix that the pictures are encoded by; by default that of ``colour``, else BT.601.
        subtitles: (start, duration, text), in milliseconds.
        form: FFmpeg's name of the container, if it does not follow from the suffix.
        rate: frames a second that the file is told.
        fields: ``tff`` or ``bff``: the frames are marked as interlaced, the top or the bottom field first.
    """
    times = range(frames) if times is None else times
    with av.open(str(path), "w", format=form, container_options=container or {}) as output:
        video = output.add_stream(codec, rate=rate, options=_encoder_options(options, fields))
        video.height, video.width = size
        video.pix_fmt = pixel_format
        context = video.codec_context
        context.time_base = time_base
        if pixel_aspect is not None:
            context.sample_aspect_ratio = pixel_aspect
        if colour is not None:
            context.colorspace = context.color_primaries = context.color_trc = colour
            if transfer is not None:
                context.color_primaries, context.color_trc = primaries, transfer
            context.color_range = LIMITED
        tracks = [sound_stream(output, sound) for sound in sounds]
        writing = _subtitle_stream(output) if subtitles else None
        for stream, sound in zip(tracks, sounds, strict=True):
            output.mux(list(sound_packets(stream, sound)))
        for start, duration, text in subtitles:
            output.mux(_subtitle_packet(writing, start, duration, text))
        marks = _FieldMarks(fields, time_base) if fields else None
        for index, time in enumerate(times):
            frame = _frame(picture(index, size), time, pixel_format, encoded or colour)
            output.mux(video.encode(marks.put(frame) if marks else frame))
        output.mux(video.encode())
    return path


def _encoder_options(options: dict[str, str] | None, fields: str | None) -> dict[str, str]:
    options = options or {"crf": "4", "bf": "0"}
    return options | {"flags": "+ildct+ilme"} if fields else options


class _FieldMarks:
    """Marks frames as interlaced, which PyAV leaves to FFmpeg's filters."""

    def __init__(self, fields: str, time_base: Fraction) -> None:
        self._fields, self._time_base = fields, time_base
        self._graph: av.filter.Graph | None = None

    def put(self, frame: av.VideoFrame) -> av.VideoFrame:
        if self._graph is None:
            self._graph = av.filter.Graph()
            size = f"{frame.width}x{frame.height}"
            layout = (
                f"video_size={size}:pix_fmt={frame.format.name}:time_base={self._time_base}:pixel_aspect=1/1"
            )
            layout += f":colorspace={frame.colorspace}:range={frame.color_range}"
            nodes = (("buffer", layout), ("setfield", f"mode={self._fields}"), ("buffersink", None))
            self._graph.link_nodes(*(self._graph.add(*node) for node in nodes)).configure()
        self._graph.push(frame)
        marked = self._graph.vpull()
        marked.pts = frame.pts
        return marked


def _frame(pixels: np.ndarray, time: int, pixel_format: str, colour: int | None) -> av.VideoFrame:
    frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
    matrix = {BT709: "ITU709", BT2020: "BT2020"}.get(colour, "ITU601")
    full = "JPEG" if pixel_format.startswith("yuvj") else "MPEG"
    frame = frame.reformat(format=pixel_format, dst_colorspace=matrix, dst_color_range=full)
    frame.pts = time
    return frame


def sound_stream(output: Any, sound: Sound) -> Any:
    """A new stream of ``output`` for ``sound``."""
    stream = output.add_stream(sound.codec, rate=sound.rate)
    stream.codec_context.layout = sound.layout
    if sound.codec in ("opus", "vorbis", "dca"):
        stream.codec_context.options = {"strict": "experimental"}
    stream.metadata["language"] = sound.language
    return stream


def sound_packets(stream: Any, sound: Sound) -> Iterator[Any]:
    """The packets of ``sound``, encoded for ``stream``."""
    packets = [packet for frame in _sound_frames(sound) for packet in stream.encode(frame)]
    before = None
    for number, packet in enumerate([*packets, *stream.encode(None)]):
        if number in sound.repeated and before is not None:
            packet.pts = packet.dts = before
        before = packet.dts
        yield packet


def _sound_frames(sound: Sound) -> Iterator[av.AudioFrame]:
    """20 ms each, since PCM's encoder makes one packet of every frame."""
    samples, size = sound.samples(), sound.rate // 50
    for first in range(0, samples.shape[1], size):
        piece = np.ascontiguousarray(samples[:, first : first + size])
        frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout=sound.layout)
        frame.sample_rate = sound.rate
        frame.time_base = Fraction(1, sound.rate)
        frame.pts = round(sound.start * sound.rate) + first
        yield frame


def _subtitle_stream(output: Any) -> Any:
    codec = "mov_text" if output.format.name in ("mp4", "mov") else "subrip"
    stream = output.add_stream(codec)
    stream.codec_context.subtitle_header = b"[Script Info]\n\n[Events]\n"
    stream.metadata["language"] = "deu"
    return stream


def _subtitle_packet(stream: Any, start: int, duration: int, text: str) -> Any:
    data = text.encode()
    if stream.codec_context.name == "mov_text":
        data = struct.pack(">H", len(data)) + data
    packet = av.Packet(data)
    packet.stream = stream
    packet.time_base = Fraction(1, 1000)
    packet.pts = packet.dts = start
    packet.duration = duration
    return packet


QUARTER_TURNS = {0: (1, 0, 0, 1), 90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}
"""The a, b, c, d of a track header's matrix, by the clockwise angle that a player has to turn the picture."""


def rotate(path: Path, angle: int) -> Path:
    """Patch the first track header of an MP4 so that players turn its pictures clockwise by ``angle``."""
    return turn(path, QUARTER_TURNS[angle])


def turn(path: Path, matrix: tuple[int, int, int, int]) -> Path:
    """Patch the a, b, c, d of the matrix in the first track header of an MP4 or MOV."""
    data = bytearray(path.read_bytes())
    header = data.index(b"tkhd") + 4
    place = header + 4 + (20 if data[header] == 0 else 32) + 16
    a, b, c, d = (value << 16 for value in matrix)
    data[place : place + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    return path


def truncate(path: Path, share: float) -> Path:
    """Keep the first ``share`` of a file."""
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    return path


def write_sound_only(path: Path) -> Path:
    """A file with a sound track and no picture."""
    with av.open(str(path), "w") as output:
        stream = sound_stream(output, Sound())
        output.mux(list(sound_packets(stream, Sound())))
    return path


def with_cover(path: Path, output: Path) -> Path:
    """Copy the first stream of a clip or song behind a cover picture, which FFmpeg writes last."""
    with av.open(str(path)) as source, av.open(str(output), "w") as target:
        cover: Any = target.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 32, 32, "yuvj420p"
        cover.disposition = Disposition.attached_pic
        stream = target.add_stream_from_template(source.streams[0])
        black = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8)).reformat(format="yuvj420p")
        target.mux([*cover.encode(black), *cover.encode(None)])
        for packet in source.demux(source.streams[0]):
            if packet.size:
                packet.stream = stream
                target.mux(packet)
    return output


def split(path: Path, folder: Path) -> list[Path]:
    """Write every frame of a clip as a PNG, unchanged."""
    folder.mkdir()
    pictures = []
    for number, frame in enumerate(clips.frames(path), start=1):
        pictures.append(folder / f"{number:06}.png")
        Image.fromarray(frame).save(pictures[-1], compress_level=1)
    return pictures


def through(path: Path, output: Path) -> clips.Clip:
    """Split ``path``, assemble its frames unchanged as ``output``, and probe that."""
    clip = clips.probe(path)
    encoding.assemble(split(path, output.parent / f"frames of {output.name}"), clip, output)
    return clips.probe(output)


def seconds_of(clip: clips.Clip) -> list[Fraction]:
    """When each frame is shown and when the last one ends."""
    end = clip.frame_times[-1] + clip.last_frame_duration
    return [time * clip.time_base for time in (*clip.frame_times, end)]


def heard_at(path: Path, track: int = 0) -> float:
    """The time in seconds at which the first burst of a sound track begins."""
    return bursts(path, track)[0]


def bursts(path: Path, track: int = 0) -> list[float]:
    """The times in seconds at which the bursts of a sound track begin.

    A burst begins where a sample is louder than 0.2 and none was in the 0.1 s before.
    """
    begins: list[float] = []
    last = -math.inf
    with av.open(str(path)) as container:
        for frame in container.decode(container.streams.audio[track]):
            loud = np.flatnonzero(np.abs(_as_float(frame)).max(axis=0) > 0.2)
            for time in float(frame.time) + loud / frame.sample_rate:
                if time > last + 0.1:
                    begins.append(float(time))
                last = time
    assert begins, f"{path}: nothing is heard"
    return begins


def _as_float(frame: av.AudioFrame) -> np.ndarray:
    samples = frame.to_ndarray()
    if not frame.format.is_planar:
        samples = samples.reshape(-1, frame.layout.nb_channels).T
    return samples / 32768 if samples.dtype == np.int16 else samples
