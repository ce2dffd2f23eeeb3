"""What of a clip's metadata a container holds.

A file of one small frame is written to memory and read back.
"""

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import numpy as np
from av.stream import Disposition

from pipeline.video.writing import file_tags, metadata
from pipeline.video.writing.metadata import Chapter, Metadata
from pipeline.video.writing.muxer_options import muxer_options
from pipeline.video.writing.null_file import NullFile

CHAPTER_ROUNDING = Fraction(1, 1000)
"""Seconds by which a container may round the start of a chapter, and half of its own unit of time."""

FAILURES = (av.FFmpegError, ValueError, OverflowError)
"""What writing metadata can raise."""

OTHER_CODES = {
    "bod": "tib", "ces": "cze", "cym": "wel", "deu": "ger", "ell": "gre", "eus": "baq", "fas": "per",
    "fra": "fre", "fre": "fra", "hye": "arm", "isl": "ice", "kat": "geo", "mkd": "mac", "mri": "mao",
    "msa": "may", "mya": "bur", "nld": "dut", "ron": "rum", "rum": "ron", "slk": "slo", "slo": "slk",
    "sqi": "alb", "swe": "sve", "cze": "ces", "zho": "chi",
}  # fmt: skip
"""ISO 639-2 has two codes for some languages; QuickTime takes one of them, and ``sve`` for Swedish."""


@dataclass(frozen=True)
class Timing:
    """The timing that the muxer gets: the unit of the frames' times in seconds, frames a second."""

    time_base: Fraction = Fraction(1, 25)
    rate: Fraction = Fraction(25)


def held(given: Metadata, container: str, timing: Timing, path: Path) -> Metadata:
    """The part of ``given`` that a container holds.

    Args:
        path: the clip; its attachments and covers are read from it.
    """
    forms = (False, True) if container in ("mp4", "mov") else (False,)
    short = file_tags.writable(given.tags)
    by_form = [_held(Metadata(short, uses_keys=uses_keys), container, timing) for uses_keys in forms]
    tags = max(by_form, key=lambda one: len(one.tags))  # the first of two that hold as many
    chapters = _held_chapters(given.chapters, container, timing)
    video_tags = dict(_held_video_tags(given.video_tags, container, timing))
    if chapters and container in ("mp4", "mov"):
        # FFmpeg stores one reference from the video track to another: to its chapters or to its time code.
        video_tags.pop("timecode", None)
    kept = replace(tags, video_tags=video_tags, chapters=chapters)
    if _read_back(kept, container, timing) is None:
        kept = Metadata()
    return replace(
        kept,
        attachments=_held_attachments(given.attachments, container, timing, path),
        covers=_held_covers(given.covers, container, timing, path, uses_keys=kept.uses_keys),
    )


@cache
def language(code: str, container: str) -> str:
    """The code by which a container holds a language, which may be another one of the same language."""
    for candidate in filter(None, (code, OTHER_CODES.get(code))):
        if _held(Metadata(video_tags={"language": candidate}), container, Timing()).video_tags:
            return candidate
    return ""


def _held_video_tags(tags: Mapping[str, str], container: str, timing: Timing) -> Iterator[tuple[str, str]]:
    for name, tag in file_tags.writable(tags).items():
        tag = language(tag, container) if name == "language" else tag
        yield from _held(Metadata(video_tags={name: tag}), container, timing).video_tags.items()


def _held(given: Metadata, container: str, timing: Timing) -> Metadata:
    """What of ``given`` can be read back; all chapters or none."""
    if given == Metadata(uses_keys=given.uses_keys):
        return Metadata()
    read = _read_back(given, container, timing)
    if read is None:
        return Metadata()
    is_same = _are_same(given.chapters, read.chapters, timing)
    chapters = given.chapters if is_same else ()
    return Metadata(
        _same(given.tags, read.tags),
        _same(given.video_tags, read.video_tags),
        chapters,
        uses_keys=given.uses_keys,
    )


def _same(written: Mapping[str, str], read: Mapping[str, str]) -> dict[str, str]:
    """The tags that read as they were written."""
    return {
        name: tag
        for name, tag in written.items()
        if file_tags.is_kept(name, tag, file_tags.value(read, *_names(name)))
    }


def _names(name: str) -> tuple[str, ...]:
    """The names under which a tag may be read: a track's title is a ``name`` in an MP4."""
    lower = name.lower()
    return (lower, lower.replace(" ", "_"), *(["name"] if lower == "title" else []))


def _held_chapters(given: Sequence[Chapter], container: str, timing: Timing) -> tuple[Chapter, ...]:
    """All chapters or none; an MP4 holds none without a title, so there they are numbered."""
    chapters = tuple(
        replace(chapter, tags=_numbered(number, container) | file_tags.writable(chapter.tags))
        for number, chapter in enumerate(given, start=1)
    )
    return _held(Metadata(chapters=chapters), container, timing).chapters


def _numbered(number: int, container: str) -> dict[str, str]:
    return {"title": f"Chapter {number}"} if container in ("mp4", "mov") else {}


def _are_same(written: Sequence[Chapter], read: Sequence[Chapter], timing: Timing) -> bool:
    rounding = CHAPTER_ROUNDING + timing.time_base / 2
    # FFmpeg lets the first chapter of an MP4 begin at 0, though the file says when it begins.
    starts = [
        abs(one.start - other.start) <= rounding for one, other in zip(written[1:], read[1:], strict=False)
    ]
    titles = [
        [file_tags.value(chapter.tags, "title") for chapter in chapters] for chapters in (written, read)
    ]
    return titles[0] == titles[1] and all(starts)


def _read_back(given: Metadata, container: str, timing: Timing) -> Metadata | None:
    """What can be read from a file into which ``given`` was written; None if it cannot be written."""
    file = io.BytesIO()
    try:
        _write(given, file, container, timing)
        file.seek(0)
        with av.open(file, "r", metadata_errors="surrogateescape") as source:
            chapters = tuple(metadata.chapters(source, Fraction(0)))
            return Metadata(source.metadata, source.streams.video[0].metadata, chapters)
    except FAILURES:
        return None


def _held_attachments(
    numbers: tuple[int, ...], container: str, timing: Timing, path: Path
) -> tuple[int, ...]:
    """All attachments or none."""
    if not numbers or container != "matroska":
        return ()
    try:
        _write(Metadata(attachments=numbers), NullFile(), container, timing, path)
    except FAILURES:
        return ()
    return numbers


def _held_covers(
    numbers: tuple[int, ...], container: str, timing: Timing, path: Path, *, uses_keys: bool
) -> tuple[int, ...]:
    """All covers or none: FFmpeg writes none beside QuickTime's keys."""
    file = io.BytesIO()
    try:
        if numbers:
            _write(Metadata(covers=numbers, uses_keys=uses_keys), file, container, timing, path)
            file.seek(0)
            with av.open(file, "r") as source:
                covers = [stream.disposition & Disposition.attached_pic for stream in source.streams.video]
            return numbers if len(covers) == len(numbers) + 1 and all(covers[1:]) else ()
    except FAILURES:
        pass
    return ()


def _write(
    given: Metadata, file: io.BytesIO | NullFile, container: str, timing: Timing, path: Path | None = None
) -> None:
    """Write one small frame and ``given``; its files, too, if ``path`` is given."""
    options = muxer_options(container, timing.time_base, uses_keys=given.uses_keys, index_first=False)
    with av.open(file, "w", format=container, container_options=options) as target:
        fast = {"preset": "ultrafast", "threads": "1"}
        video = target.add_stream("libx264", rate=timing.rate, options=fast)
        video.width = video.height = 16
        video.codec_context.time_base = timing.time_base
        metadata.add(given, target, video)
        if path:
            target.mux(metadata.add_files(given, target, path))
        frame = av.VideoFrame.from_ndarray(np.zeros((16, 16, 3), np.uint8), format="rgb24")
        frame.pts, frame.time_base = 0, timing.time_base
        target.mux(video.encode(frame))
        target.mux(video.encode(None))
