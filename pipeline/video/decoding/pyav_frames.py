"""The frames of a clip as PyAV decodes them, for what OpenCV reads wrongly or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
from av.container import InputContainer
from av.filter import Graph
from av.video.stream import VideoStream

from pipeline.base.arrays import Frame
from pipeline.base.messages import shown
from pipeline.errors import InputError
from pipeline.video.decoding.colours import RgbConverter
from pipeline.video.decoding.containers import decoded, demuxed, open_container, reason
from pipeline.video.decoding.reading import Reading

SMALLEST_DEINTERLACED = 3
"""Pixels; bwdif takes no frame with a smaller side."""


def read(reading: Reading, start: int = 0) -> Iterator[Frame]:
    """The frames from number ``start`` on: uint8 RGB (height, width, 3), upright.

    Frames before ``start`` are decoded, deinterlaced and dropped: no frame depends on ``start``.

    Raises:
        InputError: the clip is missing or unreadable, or a frame cannot be converted.
    """
    converter = RgbConverter(reading.orientation.upright_size(reading.size))
    with open_container(reading.path) as container:
        stream = container.streams.video[reading.stream]
        stream.thread_type = "AUTO"
        frames = all_frames(container, stream)
        if reading.is_interlaced:
            frames = deinterlaced(frames)
        for number, frame in enumerate(frames):
            if number >= start:
                with _errors_about(reading.path, number):
                    pixels = converter.to_rgb(frame)
                yield reading.orientation.upright(pixels)


def all_frames(container: InputContainer, stream: VideoStream) -> Iterator[av.VideoFrame]:
    """Every frame of a stream that can be decoded."""
    damage: list[str] = []
    for packet in demuxed(container, [stream], damage):
        yield from decoded(packet, damage)


def deinterlaced(frames: Iterator[av.VideoFrame]) -> Iterator[av.VideoFrame]:
    """As many frames as there are, those marked as interlaced with their second field interpolated (bwdif).

    bwdif looks at the frame before and the one after; where they have another size or format, it begins anew.
    """
    graph: Graph | None = None
    layout: dict[str, object] = {}
    for frame in frames:
        if graph is None or layout != _layout(frame):
            if graph is not None:
                yield from _flushed(graph)
            graph, layout = _deinterlacing_graph(frame), _layout(frame)
        graph.push(frame)
        yield from _pulled(graph)
    if graph is not None:
        yield from _flushed(graph)


def _layout(frame: av.VideoFrame) -> dict[str, object]:
    """What a graph of filters has to know of its frames, by the option's name."""
    return {
        "video_size": f"{frame.width}x{frame.height}",
        "pix_fmt": frame.format.name,
        "colorspace": frame.colorspace,
        "range": frame.color_range,
    }


def _deinterlacing_graph(frame: av.VideoFrame) -> Graph:
    layout = ":".join(f"{name}={value}" for name, value in _layout(frame).items())
    graph = Graph()
    buffer = graph.add("buffer", f"{layout}:time_base=1/1000:pixel_aspect=1/1")
    if min(frame.width, frame.height) < SMALLEST_DEINTERLACED:
        # FFmpeg's scaler refuses frames that are marked as interlaced.
        node = graph.add("setfield", "mode=prog")
    else:
        node = graph.add("bwdif", "mode=send_frame:parity=auto:deint=interlaced")
    graph.link_nodes(buffer, node, graph.add("buffersink")).configure()
    return graph


def _pulled(graph: Graph) -> Iterator[av.VideoFrame]:
    while True:
        try:
            yield graph.vpull()
        except (av.BlockingIOError, av.EOFError):
            return


def _flushed(graph: Graph) -> Iterator[av.VideoFrame]:
    graph.push(None)
    yield from _pulled(graph)


@contextmanager
def _errors_about(path: Path, number: int) -> Iterator[None]:
    try:
        yield
    except (av.FFmpegError, ValueError) as error:
        raise InputError(
            f"{shown(path)}: frame {number + 1} cannot be converted to RGB ({reason(error)}); "
            "convert the clip to MP4 (H.264)"
        ) from error
