"""What a clip's file says beside its frames and sound: tags, chapters, attached fonts, covers, time code."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from pipeline.video.decoding.containers import open_container
from pipeline.video.writing import file_tags

MICROSECOND = Fraction(1, 1_000_000)

COVER_FILES = {"mjpeg": ("cover.jpg", "image/jpeg"), "png": ("cover.png", "image/png")}
"""FFmpeg's name of a cover's codec -> name and MIME type of the file that Matroska attaches."""


@dataclass(frozen=True)
class Chapter:
    """A chapter; ``start`` and ``end`` in seconds on the output's clock."""

    start: Fraction
    end: Fraction
    tags: Mapping[str, str]


@dataclass(frozen=True)
class Metadata:
    """What is written into an output.

    Attributes:
        tags: of the whole file.
        video_tags: of the video track: title, language, time code, form of 3D.
        attachments: numbers of the source's streams that are attached files, such as fonts.
        covers: numbers of the source's streams that are cover pictures.
        uses_keys: whether an MP4 or MOV stores ``tags`` under QuickTime's keys, which may have any name,
            rather than as iTunes' items, which more players show.
    """

    tags: Mapping[str, str] = field(default_factory=dict)
    video_tags: Mapping[str, str] = field(default_factory=dict)
    chapters: tuple[Chapter, ...] = ()
    attachments: tuple[int, ...] = ()
    covers: tuple[int, ...] = ()
    uses_keys: bool = False


def read(source: InputContainer, video: VideoStream, origin: Fraction) -> Metadata:
    """What a clip's file says.

    Args:
        video: the stream whose frames are taken.
        origin: seconds that are taken off the times of the chapters.
    """
    date = file_tags.value(video.metadata, file_tags.DATE)
    return Metadata(
        file_tags.of_file(({file_tags.DATE: date} if date else {}) | source.metadata),
        file_tags.of_track(video.metadata) | _of_pictures(source, video),
        tuple(chapters(source, origin)),
        tuple(stream.index for stream in source.streams if stream.type == "attachment"),
        tuple(stream.index for stream in source.streams.video if _is_known_cover(stream)),
    )


def chapters(source: InputContainer, origin: Fraction) -> Iterator[Chapter]:
    """The chapters on the output's clock, but for those that end before it starts."""
    for chapter in source.chapters():
        time_base = chapter["time_base"] or MICROSECOND
        start, end = chapter["start"] * time_base - origin, chapter["end"] * time_base - origin
        if start >= 0 or end > 0:
            start = max(start, Fraction(0))
            yield Chapter(start, max(start, end), file_tags.cleaned(chapter["metadata"]))


def _is_known_cover(stream: VideoStream) -> bool:
    """Whether a video stream is a cover picture that can be copied, and no picture of a chapter."""
    if not stream.disposition & Disposition.attached_pic or stream.disposition & Disposition.timed_thumbnails:
        return False
    context = stream.codec_context
    return context is not None and context.name in COVER_FILES and context.width > 0


def add(metadata: Metadata, target: OutputContainer, video: Stream) -> None:
    """Add the tags and chapters to ``target``, before its first packet.

    Args:
        video: the stream of ``target`` that gets ``video_tags``.
    """
    target.metadata.update(metadata.tags)
    video.metadata.update(metadata.video_tags)
    if metadata.chapters:
        target.set_chapters([_entry(*numbered) for numbered in enumerate(metadata.chapters, start=1)])


def add_files(metadata: Metadata, target: OutputContainer, path: Path) -> list["Packet[Any]"]:
    """Add the attachments and covers of the clip at ``path`` to ``target``, before its first packet.

    Returns:
        The packets to mux first: the covers.
    """
    if not (metadata.attachments or metadata.covers):
        return []
    with open_container(path) as source:
        for number in metadata.attachments:
            _attach(source.streams[number], target)
        covers = list(_pictures(source, metadata.covers))
        return [packet for cover, packet in covers for packet in _add_cover(cover, packet, target)]


def _of_pictures(source: InputContainer, video: VideoStream) -> dict[str, str]:
    """The time code of the first frame, ``01:00:00:00``, and the form of 3D, as Matroska names it."""
    owners = (source.metadata, video.metadata, *(stream.metadata for stream in source.streams.data))
    codes = [file_tags.value(tags, "timecode") for tags in owners]
    stereo = file_tags.value(video.metadata, "stereo_mode")
    tags = {"timecode": next(filter(None, codes), ""), "stereo_mode": stereo if stereo != "mono" else ""}
    return {name: tag for name, tag in tags.items() if tag}


def _entry(number: int, chapter: Chapter) -> Any:
    """A chapter as PyAV takes it."""
    times = {"start": round(chapter.start / MICROSECOND), "end": round(chapter.end / MICROSECOND)}
    return {"id": number, **times, "time_base": MICROSECOND, "metadata": dict(chapter.tags)}


def _attach(attached: Any, target: OutputContainer) -> None:
    # Matroska takes no attachment without a name and a type.
    unnamed = {"filename": f"attachment {attached.index}", "mimetype": "application/octet-stream"}
    tags = unnamed | file_tags.writable(file_tags.cleaned(attached.metadata))
    target.add_attachment(tags["filename"], tags["mimetype"], attached.data)


def _pictures(source: InputContainer, numbers: tuple[int, ...]) -> Iterator[tuple[Any, "Packet[Any]"]]:
    """Each cover's stream and its picture."""
    streams: list[Any] = [source.streams[number] for number in numbers]
    left = set(numbers)
    for packet in source.demux(*streams) if streams else ():
        if packet.size and packet.stream.index in left:
            left.remove(packet.stream.index)
            yield packet.stream, packet
        if not left:
            return


def _add_cover(cover: Any, packet: "Packet[Any]", target: OutputContainer) -> Iterator["Packet[Any]"]:
    """Add one cover; the packet to mux, where the container holds it as a stream."""
    if target.format.name == "matroska":
        target.add_attachment(*COVER_FILES[cover.codec_context.name], bytes(packet))
        return
    stream = target.add_stream_from_template(cover, opaque=True)
    stream.disposition = Disposition.attached_pic
    packet.stream = stream
    packet.pts = packet.dts = 0
    yield packet
