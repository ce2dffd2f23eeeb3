"""Convert a sound track to AAC, for a container that cannot hold it as it is.

FFmpeg's ``aresample=async=1`` fills gaps with silence, too, but holds all of it in memory: 0.9 MB for each
second of stereo, half a gigabyte for ten minutes, where this module needs 20 MB and half the time. It also
drops sound whose times fall back. So the silence is made here, a second at a time.
"""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.packet import Packet

from pipeline.video.decoding.channels import layout_of, name_of, native_name
from pipeline.video.decoding.containers import skipping_damage

CHANNEL_BIT_RATE = 96_000
"""Bits a second for each channel: at this rate AAC sounds like its source."""

STANDARD_LAYOUTS = {1: "mono", 2: "stereo", 3: "3.0", 4: "4.0", 5: "5.0", 6: "5.1", 7: "7.1", 8: "7.1"}
"""Number of channels -> the layout that an AAC header names and players know."""

TOLERANCE = 0.05
"""Seconds of a gap that is not filled with silence: less is rounding or jitter in the times."""

JUMP = 1.0
"""Seconds; times that fall back by more than this come from a clock that was reset."""


class AacTrack:
    """Decodes one stream and encodes it as AAC, every sample at its time.

    Args:
        origin: seconds that are taken off the times of ``source``.

    Raises:
        av.FFmpegError, ValueError: it cannot be decoded or encoded.
    """

    def __init__(self, source: AudioStream, target: OutputContainer, origin: Fraction) -> None:
        self.source = source
        self.rate = _nearest_rate(source.codec_context.sample_rate)
        self.layout = _standard(layout_of(source.codec_context))
        self.stream: AudioStream = target.add_stream("aac", rate=self.rate)
        self.stream.codec_context.layout = self.layout
        self.stream.codec_context.bit_rate = CHANNEL_BIT_RATE * self.layout.nb_channels
        self.repairs = 0
        self._origin = origin
        self._form: tuple[str, str, int] | None = None
        self._resampler = self._new_resampler()
        self._next: int | None = None  # time of the next sample to encode, in samples
        self._offset = 0  # samples; added to times after a clock reset

    def packets(self, packet: "Packet[Any]") -> list["Packet[Any]"]:
        """The encoded packets that ``packet`` completes; silence replaces a packet that cannot be decoded."""
        frames: list[Any] = []
        with skipping_damage():
            frames += packet.decode()
        for frame in frames:
            layout_of(frame)
        return [encoded for frame in frames for encoded in self._encoded(frame)]

    def flush(self) -> list["Packet[Any]"]:
        """The packets that are left at the end.

        Raises:
            ValueError: nothing could be decoded.
        """
        if self._next is None:
            raise ValueError("none of it can be decoded")
        rest = [packet for frame in self._resampler.resample(None) for packet in self._appended(frame)]
        return [*rest, *self.stream.encode(None)]

    def _new_resampler(self) -> av.AudioResampler:
        return av.AudioResampler(format="fltp", layout=self.layout, rate=self.rate)

    def _encoded(self, frame: AudioFrame) -> Iterator["Packet[Any]"]:
        for silence in self._silence_before(frame):
            yield from self._appended(silence)
        # A resampler takes one form of sound only; a track may change its own half-way.
        form = (frame.format.name, name_of(frame.layout), frame.sample_rate)
        if form != self._form:
            self._form, self._resampler = form, self._new_resampler()
        for piece in self._resampler.resample(frame):
            yield from self._appended(piece)

    def _appended(self, piece: AudioFrame) -> list["Packet[Any]"]:
        """Encode ``piece`` right after the sound so far."""
        assert self._next is not None
        piece.pts, piece.time_base = self._next, Fraction(1, self.rate)
        self._next += piece.samples
        return self.stream.encode(piece)

    def _silence_before(self, frame: AudioFrame) -> Iterator[AudioFrame]:
        """The silence between the sound so far and ``frame``; none before the first frame."""
        if frame.pts is None or frame.time_base is None:
            self._next = self._next or 0
            return
        time = round((frame.pts * frame.time_base - self._origin) * self.rate)
        if self._next is None:
            self._next = time
        gap = time + self._offset - self._next
        if gap < -JUMP * self.rate:
            self._offset -= gap
        while gap > TOLERANCE * self.rate:
            samples = min(gap, self.rate)
            yield self._silence(samples)
            gap -= samples

    def _silence(self, samples: int) -> AudioFrame:
        # Not planar at once: PyAV 18.1 takes a frame of eight planes for one of more.
        zeros = np.zeros((1, samples * self.layout.nb_channels), np.float32)
        frame = AudioFrame.from_ndarray(zeros, format="flt", layout=self.layout.name)
        frame.sample_rate = self.rate
        return self._new_resampler().resample(frame)[0]


def _nearest_rate(rate: int) -> int:
    """The lowest rate of AAC that is not below ``rate``; 48000 where none is."""
    rates = sorted(av.Codec("aac", "w").audio_rates or [rate])
    return next((candidate for candidate in rates if candidate >= rate), 48000)


def _standard(layout: av.AudioLayout) -> av.AudioLayout:
    """The AAC layout for ``layout``: back speakers for side ones; by its channels if unnamed.

    More than six channels always become 7.1: a decoder would give others back without their names.
    """
    native = native_name(layout)
    name = native.replace("(side)", "")
    if name.endswith("channels"):
        name = STANDARD_LAYOUTS.get(layout.nb_channels, "stereo")
    elif layout.nb_channels > 6:
        name = "7.1"
    return av.AudioLayout(name if name in STANDARD_LAYOUTS.values() else native)
