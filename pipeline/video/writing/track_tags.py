"""Which tracks of a clip are copied, and what their containers hold of titles, languages and marks."""

from fractions import Fraction

from av.container import InputContainer
from av.stream import Discard, Disposition, Stream

from pipeline.video.writing import file_tags, metadata_trial
from pipeline.video.writing.metadata import Chapter

MATROSKA_MARKS = (
    Disposition.default
    | Disposition.dub
    | Disposition.original
    | Disposition.comment
    | Disposition.forced
    | Disposition.hearing_impaired
    | Disposition.visual_impaired
)
MP4_MARKS = (MATROSKA_MARKS & ~Disposition.original) | Disposition.captions | Disposition.descriptions
HELD_MARKS = {"mp4": MP4_MARKS, "mov": Disposition.default, "matroska": MATROSKA_MARKS}
"""Container -> what FFmpeg's muxer of it stores about a track's purpose."""

SAME_CHAPTER = Fraction(1, 100)
"""Seconds by which a chapter and the sample of a text track that makes it may differ."""


def copied(source: InputContainer, chapters: tuple[Chapter, ...]) -> list[Stream]:
    """The streams that are written beside the video: sound, subtitles, data.

    A track of the titles of ``chapters``, or of a time code, is not: these are written by themselves.
    """
    subtitles = [stream for stream in source.streams.subtitles if not _are_titles(stream, chapters)]
    data = [stream for stream in source.streams.data if not _is_of_other_tracks(stream)]
    return [*source.streams.audio, *subtitles, *data]


def held(stream: Stream, container: str) -> dict[str, str]:
    """The tags of a track that ``container`` holds: language and title; in an MP4 also its handler's name."""
    tags = file_tags.writable(file_tags.of_track(stream.metadata))
    if "language" in tags:
        tags["language"] = metadata_trial.language(tags["language"], container)
    if container != "matroska":
        tags |= file_tags.writable({"handler_name": file_tags.value(stream.metadata, "handler_name")})
    return {name: tag for name, tag in tags.items() if tag}


def lost_marks(stream: Stream, container: str) -> list[str]:
    """The names of a track's marks, such as ``forced``, that ``container`` does not hold."""
    return [mark.name for mark in Disposition(stream.disposition & ~HELD_MARKS[container]) if mark.name]


def _are_titles(stream: Stream, chapters: tuple[Chapter, ...]) -> bool:
    """Whether a text track's samples begin with the chapters: FFmpeg reads some tracks of titles as text."""
    time_base = stream.time_base or Fraction(1)
    starts = [entry.timestamp * time_base for entry in stream.index_entries]
    pairs = zip(starts, chapters, strict=False)
    return len(starts) == len(chapters) > 0 and all(
        abs(start - chapter.start) <= SAME_CHAPTER for start, chapter in pairs
    )


def _is_of_other_tracks(stream: Stream) -> bool:
    """Whether a data track holds titles of chapters, which FFmpeg does not read as data, or a time code."""
    # FFmpeg finds a time code in the metadata of Sony's cameras, too, which hold much else.
    is_metadata = "metadata" in file_tags.value(stream.metadata, "handler_name").lower()
    is_timecode = bool(file_tags.value(stream.metadata, "timecode")) and not is_metadata
    return stream.discard == Discard.all or is_timecode
