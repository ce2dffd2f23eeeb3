"""What a clip has that its output does not keep, in words for messages."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import av
from av.container import InputContainer
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from pipeline.base.messages import shown
from pipeline.video.decoding import side_data
from pipeline.video.decoding.colours import HDR_TRANSFERS
from pipeline.video.decoding.containers import decoded, demuxed, open_container, skipping_damage, video_stream
from pipeline.video.writing import file_tags, track_tags
from pipeline.video.writing.metadata import Metadata

LONGEST_NAME = 60
"""Characters of a name from a file in a message."""

MOST_NAMES = 5
"""Names in a message; the others are counted."""

PACKETS_TO_FIRST_FRAME = 100
"""Packets of video after which no first frame is looked for."""

MARKS = {
    "SPHERICAL": "its mark as 360-degree video",
    "STEREO3D": "its mark as 3D video",
    "A53_CC": "its closed captions (part of the video track)",
    "DOVI_METADATA": "its Dolby Vision data",
    "DYNAMIC_HDR_PLUS": "its HDR10+ data",
}
"""PyAV's name of a kind of data beside a frame -> what it is, in words."""


def of_clip(path: Path, given: Metadata, kept: Metadata, container: str, copied: Sequence[int]) -> list[str]:
    """What ``kept``, the H.264 of the output and its ``container`` do not hold of a clip.

    Args:
        given: what the clip's file says.
        copied: numbers of the streams that are written beside the video.

    Raises:
        InputError: the clip is missing or unreadable.
    """
    with open_container(path) as source:
        video = video_stream(source, path)
        tracks = track_tags.copied(source, given.chapters)
        data = [track for track in tracks if track.type == "data" and track.index not in copied]
        return [
            *_of_streams(source, video, kept),
            *([_data_tracks(data)] if data else []),
            *(what for track in tracks if track.index in copied for what in _of_track(track, container)),
            *_of_metadata(given, kept),
            *_of_pictures(source, video, kept),
        ]


def _of_metadata(given: Metadata, kept: Metadata) -> Iterator[str]:
    """What of ``given`` is not in ``kept``."""
    places = {file_tags.PLACE, file_tags.APPLE_PLACE}
    present = kept.tags.keys() | (places if places & kept.tags.keys() else set())  # one place, two names
    tags = {name: tag for name, tag in given.tags.items() if name not in present}
    long = [name for name, tag in tags.items() if not file_tags.is_short(name, tag)]
    others = [name for name in tags if name not in long]
    if others:
        yield f"the {_tags(others)}"
    if long:
        yield f"the {_tags(long)} (longer than {file_tags.MAX_BYTES} bytes)"
    # The frames tell whether a clip is 3D: see MARKS.
    video_tags = given.video_tags.keys() - kept.video_tags.keys() - {"stereo_mode"}
    if video_tags:
        yield f"the video track's {names(video_tags)}"
    if given.chapters and not kept.chapters:
        yield f"its {len(given.chapters)} chapters"
    elif any(not file_tags.is_short(*tag) for chapter in given.chapters for tag in chapter.tags.items()):
        yield f"titles of chapters longer than {file_tags.MAX_BYTES} bytes"


def _of_pictures(source: InputContainer, video: VideoStream, kept: Metadata) -> Iterator[str]:
    """What the frames of ``video`` have that the H.264 of the output does not; by the first frame."""
    frame = _first_frame(source, video)
    if file_tags.value(video.metadata, "alpha_mode") == "1" or (frame and _has_alpha(frame, video)):
        yield "its transparency (H.264 holds none)"
    if frame is None:
        return
    if frame.color_trc in HDR_TRANSFERS:
        yield f"its high dynamic range ({HDR_TRANSFERS[frame.color_trc]})"
    present = side_data.of_frame(frame).keys() - ({"STEREO3D"} if "stereo_mode" in kept.video_tags else set())
    yield from (text for kind, text in MARKS.items() if kind in present)


def _of_streams(source: InputContainer, video: VideoStream, kept: Metadata) -> Iterator[str]:
    """The streams that are left out: other video tracks, covers, attached files, unknown ones."""
    others = [stream.index for stream in source.streams.video if stream.index != video.index]
    covers = [one for one in others if source.streams[one].disposition & Disposition.attached_pic]
    tracks = [one for one in others if one not in covers]
    if tracks:
        yield f"{_streams('video track', tracks)}; stream {video.index} is taken"
    lost_covers = [one for one in covers if one not in kept.covers]
    if lost_covers:
        yield _streams("cover picture", lost_covers)
    files = [s for s in source.streams if s.type == "attachment" and s.index not in kept.attachments]
    if files:
        yield f"its attached files: {names(file_tags.text(file.name or 'unnamed') for file in files)}"
    unknown = [stream.index for stream in source.streams if stream.type == "unknown"]
    if unknown:
        yield _streams("unknown track", unknown)


def _of_track(stream: Stream, container: str) -> Iterator[str]:
    """What ``container`` does not hold of a track's tags and marks."""
    kept, track = track_tags.held(stream, container), f"the {stream.type} track (stream {stream.index})"
    for name, tag in file_tags.of_track(stream.metadata).items():
        if name not in kept:
            yield f"the {name} ({names([tag])}) of {track}"
    marks = track_tags.lost_marks(stream, container)
    if marks:
        yield f"the mark {names(marks)} of {track}"


def _data_tracks(data: Sequence[Stream]) -> str:
    handlers = {file_tags.value(track.metadata, "handler_name").strip() or "unnamed" for track in data}
    return f"{_streams('data track', [track.index for track in data])}: {names(handlers)}"


def _streams(what: str, numbers: Sequence[int]) -> str:
    """``the video tracks (streams 1, 2)``."""
    plural = "s" if len(numbers) > 1 else ""
    return f"the {what}{plural} (stream{plural} {', '.join(map(str, numbers))})"


def names(given: Iterable[str]) -> str:
    """Names from a file on one line: the first few, in order, each cut to a readable length."""
    ordered = sorted(given)
    first = [shown(name[:LONGEST_NAME]) for name in ordered[:MOST_NAMES]]
    more = len(ordered) - len(first)
    return ", ".join(first) + (f" and {more} more" if more else "")


def _tags(given: Iterable[str]) -> str:
    ordered = list(given)
    return f"tag{'s' * (len(ordered) > 1)} {names(ordered)}"


def _first_frame(source: InputContainer, video: VideoStream) -> av.VideoFrame | None:
    """The first frame that can be decoded; None where none is near the start."""
    packets = islice(demuxed(source, [video], []), PACKETS_TO_FIRST_FRAME)
    return next((frame for packet in packets for frame in decoded(packet, [])), None)


def _has_alpha(frame: av.VideoFrame, video: VideoStream) -> bool:
    """Whether frames have an alpha channel; a GIF's always have, so there the first one's is looked at."""
    if video.codec_context.name == "gif":
        with skipping_damage():
            return bool(frame.to_ndarray(format="rgba")[..., 3].min() < 255)
    return any(component.is_alpha for component in frame.format.components)
