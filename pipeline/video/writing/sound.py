"""Copy a clip's sound, subtitles and data, convert sound to AAC, or leave them out.

Which of these works is tried before any frame is stylised.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, Protocol

import av
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Stream

from pipeline.base.messages import shown
from pipeline.video import isolation
from pipeline.video.clip import Clip
from pipeline.video.decoding.containers import (
    check_output,
    demuxed,
    open_container,
    reason,
    skipping_damage,
    video_stream,
)
from pipeline.video.decoding.rising_times import MonotonicTimestamps
from pipeline.video.writing import lost_features, metadata, metadata_trial, track_tags
from pipeline.video.writing.aac import AacTrack
from pipeline.video.writing.metadata import Metadata
from pipeline.video.writing.metadata_trial import Timing
from pipeline.video.writing.muxer_options import average_rate
from pipeline.video.writing.null_file import NullFile

UNPLAYABLE = {"mp4": ("pcm_", "vorbis")}
"""Container -> beginnings of the names of codecs that FFmpeg writes into it and hardly any player reads."""

MAX_REPAIRED = 0.1
"""Share of a track's packets whose times may be repaired; above it the track is not copied."""

Way = Literal["copy", "transcode", "drop"]
Packets = list["Packet[Any]"]


@dataclass(frozen=True)
class Treatment:
    """What is done with one stream.

    Attributes:
        stream: its number in the source.
        kind: ``audio``, ``subtitle`` or ``data``.
        why: the reason, in a few words; empty where the stream is copied unchanged.
    """

    stream: int
    kind: str
    way: Way
    why: str = ""


@dataclass(frozen=True)
class MuxPlan:
    """What is done with each stream but the video's, and with the metadata; made by :func:`try_mux`.

    Attributes:
        container: FFmpeg's name of the output's container.
        notes: one line for each stream that is not copied unchanged, and for all else that is not kept.
        metadata: what is kept of tags, chapters and attached files.
    """

    container: str
    treatments: tuple[Treatment, ...] = ()
    notes: tuple[str, ...] = ()
    metadata: Metadata = field(default_factory=Metadata)


class Track(Protocol):
    """One stream that is written to the output."""

    @property
    def repairs(self) -> int:
        """How many packets so far had no usable time."""

    def packets(self, packet: "Packet[Any]") -> Packets:
        """The packets to mux for a packet of the source."""

    def flush(self) -> Packets:
        """The packets that are left at the end."""


class _CopiedTrack:
    """Copies packets unchanged, but for times that do not rise."""

    def __init__(self, source: Stream, target: OutputContainer, origin: Fraction) -> None:
        self.stream = target.add_stream_from_template(source)
        time_base = source.time_base or Fraction(1, 1000)
        self._shift = round(origin / time_base)
        self._starts_at_zero = target.format.name == "matroska"
        self._timestamps = MonotonicTimestamps(jump=round(1 / time_base))

    @property
    def repairs(self) -> int:
        return self._timestamps.repairs

    def packets(self, packet: "Packet[Any]") -> Packets:
        time = packet.pts if packet.pts is not None else packet.dts
        time = None if time is None else time - self._shift
        packet.pts = packet.dts = self._timestamps(time, packet.duration or 0)
        packet.stream = self.stream
        # Encoders put some sound before time 0. An MP4 hides it; Matroska would play it.
        hidden = self._starts_at_zero and packet.pts + (packet.duration or 0) <= 0
        return [] if hidden else [packet]

    def flush(self) -> Packets:
        return []


def try_mux(clip: Clip, output: Path) -> MuxPlan:
    """Mux all of the clip's sound and subtitles into a scratch container, before hours are spent on frames.

    A stream that the container takes is copied; sound that it does not take is converted to AAC; a stream for
    which neither works is left out, and a note says so.

    Raises:
        InputError: the clip is missing or unreadable.
        OutputError: nstpipe does not write videos with the suffix of ``output``.
        TooLargeError: decoding needs more memory than is free.
    """
    check_output(output)
    return isolation.call(clip.path, _try_mux, clip, output)


def _try_mux(clip: Clip, output: Path) -> MuxPlan:
    container = check_output(output)
    with open_container(clip.path) as source:
        given = metadata.read(source, video_stream(source, clip.path), clip.origin)
        streams = [(stream.index, stream.type) for stream in track_tags.copied(source, given.chapters)]
    treatments = tuple(_treatment(clip, container, index, kind) for index, kind in streams)
    notes = [note for treatment in treatments if (note := _note(clip, output, treatment))]
    timing = Timing(clip.time_base, average_rate(clip))
    kept = metadata_trial.held(given, container, timing, clip.path)
    copied = [treatment.stream for treatment in treatments if treatment.way != "drop"]
    for what in lost_features.of_clip(clip.path, given, kept, container, copied):
        notes.append(f"{shown(clip.path)}: lost in {shown(output.suffix)}: {what}")
    return MuxPlan(container, treatments, tuple(notes), kept)


def add_tracks(
    source: InputContainer, target: OutputContainer, mux_plan: MuxPlan, origin: Fraction
) -> dict[int, Track]:
    """Add a stream to ``target`` for each that is not dropped; {number in the source: its track}."""
    return {
        treatment.stream: _add_track(source, target, treatment.stream, treatment.way, origin)
        for treatment in mux_plan.treatments
        if treatment.way != "drop"
    }


def packets(source: InputContainer, tracks: Mapping[int, Track]) -> Iterator["Packet[Any]"]:
    """The packets to mux, in the source's order; what is left of each track comes last."""
    streams = [source.streams[number] for number in tracks]
    for packet in demuxed(source, streams, []) if streams else ():
        if packet.size:  # an empty one marks the end of a stream
            yield from tracks[packet.stream.index].packets(packet)
    for track in tracks.values():
        yield from track.flush()


def _add_track(
    source: InputContainer, target: OutputContainer, number: int, way: Way, origin: Fraction
) -> Track:
    stream: Any = source.streams[number]
    track: _CopiedTrack | AacTrack = (_CopiedTrack if way == "copy" else AacTrack)(stream, target, origin)
    track.stream.metadata.update(track_tags.held(stream, target.format.name))
    track.stream.disposition = stream.disposition
    return track


def _treatment(clip: Clip, container: str, number: int, kind: str) -> Treatment:
    """The first way that works for one stream."""
    ways: tuple[Way, ...] = ("copy", "transcode") if kind == "audio" else ("copy",)
    refusals: list[str] = []
    for way in ways:
        try:
            repairs = _try_way(clip, container, number, way)
            return Treatment(number, kind, way, "; ".join([*refusals, *repairs]))
        except (av.FFmpegError, ValueError) as error:
            refusals.append(reason(error))
    return Treatment(number, kind, "drop", "; ".join(refusals))


def _try_way(clip: Clip, container: str, number: int, way: Way) -> list[str]:
    """Mux one stream in one way into a scratch container; what was repaired, in words.

    Raises:
        av.FFmpegError, ValueError: this way does not work.
    """
    with open_container(clip.path) as source:
        _check_playable(source.streams[number], container, way)
        target = av.open(NullFile(), "w", format=container)
        track = _add_track(source, target, number, way, clip.origin)
        count = 0
        try:
            for packet in packets(source, {number: track}):
                target.mux_one(packet)
                count += 1
            if not count:
                target.start_encoding()  # writes the header, which the first packet does otherwise
        finally:
            with skipping_damage():
                target.close()
    if track.repairs > MAX_REPAIRED * count:
        raise ValueError("its time stamps are out of order")
    return [f"{track.repairs} time stamps out of order were corrected"] if track.repairs else []


def _check_playable(stream: Stream, container: str, way: Way) -> None:
    if stream.type == "data" and stream.name:
        return
    # FFmpeg copies data of unknown kinds into a MOV without the table that explains them.
    if stream.codec_context is None:
        raise ValueError("its codec is unknown")
    codec = stream.codec_context.codec.canonical_name
    if way == "copy" and codec.startswith(UNPLAYABLE.get(container, ())):
        raise ValueError(f"players do not play {codec} in {container}")


def _note(clip: Clip, output: Path, treatment: Treatment) -> str:
    """One line for people about a stream that is not copied unchanged; empty for one that is.

    Data tracks that are left out share a line, which is made elsewhere: phones write four of them.
    """
    if treatment.kind == "data" and treatment.way == "drop":
        return ""
    what = "sound" if treatment.kind == "audio" else treatment.kind
    track = f"{shown(clip.path)}: {what} track (stream {treatment.stream})"
    if treatment.way == "drop":
        return f"{track} is lost in {shown(output.suffix)}: {treatment.why}"
    if treatment.way == "transcode":
        return f"{track} is converted to AAC: {treatment.why}"
    return f"{track} is kept: {treatment.why}" if treatment.why else ""
