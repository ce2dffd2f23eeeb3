"""What becomes of a clip's sound and subtitles: copied, made AAC, or left out; tried before any styling."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, Protocol

import av
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Stream

from pipeline.base.messages import shown
from pipeline.video.aac import AacTrack
from pipeline.video.clip import Clip
from pipeline.video.containers import check_output, demuxed, open_container, reason
from pipeline.video.rising_times import MonotonicTimestamps

PLAYERS_REFUSE = {"mp4": ("pcm_", "vorbis")}
"""Beginnings of codecs that FFmpeg writes into a container although hardly any player reads them there."""

FEW_REPAIRS = 0.1
"""Share of a track's packets whose times may be moved; above it the times say too little to be copied."""

Way = Literal["copy", "transcode", "drop"]
Packets = list["Packet[Any]"]


@dataclass(frozen=True)
class Treatment:
    """What becomes of one stream.

    Attributes:
        stream: its number in the source.
        kind: ``audio`` or ``subtitle``.
        why: in a few words; empty where it is copied as it is.
    """

    stream: int
    kind: str
    way: Way
    why: str = ""


@dataclass(frozen=True)
class MuxPlan:
    """What :func:`try_mux` found out, for the assembly to act on.

    Attributes:
        container: FFmpeg's name of the output's container.
        notes: one line each about what will not be as it was.
    """

    container: str
    treatments: tuple[Treatment, ...] = ()
    notes: tuple[str, ...] = ()


class Track(Protocol):
    """One stream on its way into the output."""

    @property
    def repairs(self) -> int:
        """How many packets had no usable time so far."""

    def packets(self, packet: "Packet[Any]") -> Packets:
        """What to mux for a packet of the source."""

    def flush(self) -> Packets:
        """What is left to mux at the end."""


class _Copy:
    """A stream whose packets go over as they are, but for times that do not rise."""

    def __init__(self, source: Stream, target: OutputContainer, origin: Fraction) -> None:
        self.stream = target.add_stream_from_template(source)
        time_base = source.time_base or Fraction(1, 1000)
        self._shift = round(origin / time_base)
        self._from_zero = target.format.name == "matroska"
        self._rising = MonotonicTimestamps(jump=round(1 / time_base))

    @property
    def repairs(self) -> int:
        return self._rising.repairs

    def packets(self, packet: "Packet[Any]") -> Packets:
        told = packet.pts if packet.pts is not None else packet.dts
        told = None if told is None else told - self._shift
        packet.pts = packet.dts = self._rising(told, packet.duration or 0)
        packet.stream = self.stream
        # The sound that an encoder puts before the beginning, which an MP4 hides, Matroska would play.
        hidden = self._from_zero and packet.pts + (packet.duration or 0) <= 0
        return [] if hidden else [packet]

    def flush(self) -> Packets:
        return []


class _NullFile:
    """A file that forgets what is written: a scratch container that costs neither disk nor memory."""

    def __init__(self) -> None:
        self.place = self.size = 0

    def write(self, data: bytes) -> int:
        self.place += len(data)
        self.size = max(self.size, self.place)
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        self.place = offset + (0, self.place, self.size)[whence]
        return self.place

    def tell(self) -> int:
        return self.place


def try_mux(clip: Clip, output: Path) -> MuxPlan:
    """Mux all of the clip's sound and subtitles into a scratch container, before hours are spent on pictures.

    A stream that the container takes is copied; sound that it does not take becomes AAC; what cannot be had
    that way is left out, and a note says so.

    Raises:
        InputError: the clip is missing or unreadable.
        OutputError: ``output`` has a suffix that we do not write.
    """
    container = check_output(output)
    with open_container(clip.path) as source:
        streams = [
            (stream.index, stream.type) for stream in (*source.streams.audio, *source.streams.subtitles)
        ]
    treatments = tuple(_treat(clip, container, index, kind) for index, kind in streams)
    notes = (_note(clip, output, treatment) for treatment in treatments)
    return MuxPlan(container, treatments, tuple(note for note in notes if note))


def begin(
    source: InputContainer, target: OutputContainer, mux_plan: MuxPlan, origin: Fraction
) -> dict[int, Track]:
    """Add a stream to ``target`` for each that was not dropped; {number in the source: its track}."""
    return {
        treatment.stream: _track(source, target, treatment.stream, treatment.way, origin)
        for treatment in mux_plan.treatments
        if treatment.way != "drop"
    }


def carried(source: InputContainer, tracks: Mapping[int, Track]) -> Iterator["Packet[Any]"]:
    """The packets to mux, in the source's order; what is left of every track at the end."""
    streams = [source.streams[number] for number in tracks]
    for packet in demuxed(source, streams, []) if streams else ():
        if packet.size:  # the empty ones only say that a stream ended
            yield from tracks[packet.stream.index].packets(packet)
    for track in tracks.values():
        yield from track.flush()


def _track(source: InputContainer, target: OutputContainer, number: int, way: Way, origin: Fraction) -> Track:
    stream: Any = source.streams[number]
    track: _Copy | AacTrack = (_Copy if way == "copy" else AacTrack)(stream, target, origin)
    if "language" in stream.metadata:
        track.stream.metadata["language"] = stream.metadata["language"]
    track.stream.disposition = stream.disposition
    return track


def _treat(clip: Clip, container: str, number: int, kind: str) -> Treatment:
    """The first way that works."""
    ways: tuple[Way, ...] = ("copy", "transcode") if kind == "audio" else ("copy",)
    refusals: list[str] = []
    for way in ways:
        try:
            why = _try(clip, container, number, way)
            return Treatment(number, kind, way, "; ".join([*refusals, *why]))
        except (av.FFmpegError, ValueError) as error:
            refusals.append(reason(error))
    return Treatment(number, kind, "drop", "; ".join(refusals))


def _try(clip: Clip, container: str, number: int, way: Way) -> list[str]:
    """Mux one stream in one way into nowhere; what had to be repaired, in words.

    Raises:
        av.FFmpegError, ValueError: it does not work.
    """
    with open_container(clip.path) as source:
        _check_taken(source.streams[number], container, way)
        target = av.open(_NullFile(), "w", format=container)
        track = _track(source, target, number, way, clip.origin)
        count = 0
        try:
            for packet in carried(source, {number: track}):
                target.mux_one(packet)
                count += 1
        finally:
            with suppress(av.FFmpegError, ValueError):
                target.close()
    if track.repairs > FEW_REPAIRS * count:
        raise ValueError("its time stamps are out of order")
    return [f"{track.repairs} time stamps out of order were set right"] if track.repairs else []


def _check_taken(stream: Stream, container: str, way: Way) -> None:
    if stream.codec_context is None:
        raise ValueError("its codec is unknown")
    codec = stream.codec_context.codec.canonical_name
    if way == "copy" and codec.startswith(PLAYERS_REFUSE.get(container, ())):
        raise ValueError(f"players do not play {codec} in {container}")


def _note(clip: Clip, output: Path, treatment: Treatment) -> str:
    """One line for people about what will not be as it was; empty where nothing changes."""
    what = "sound" if treatment.kind == "audio" else "subtitle"
    track = f"{shown(clip.path)}: {what} track (stream {treatment.stream})"
    if treatment.way == "drop":
        return f"{track} is lost in {shown(output.suffix)}: {treatment.why}"
    if treatment.way == "transcode":
        return f"{track} becomes AAC: {treatment.why}"
    return f"{track} is kept: {treatment.why}" if treatment.why else ""
