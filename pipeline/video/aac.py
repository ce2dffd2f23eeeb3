"""A sound track made AAC, because the output's container cannot take it as it is."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.packet import Packet

CHANNEL_BIT_RATE = 96_000
"""Bits a second for each channel: AAC at which a copy is not told from its source."""

STANDARD_LAYOUTS = {1: "mono", 2: "stereo", 3: "3.0", 4: "4.0", 5: "5.0", 6: "5.1", 8: "7.1"}
"""The layouts that an AAC header names in full, by their channels; players know these."""

TOLERANCE = 0.05
"""Seconds that sound may lie off its place before silence is put in."""

JUMP = 1.0
"""Seconds; sound that claims to lie further back than this comes from a clock that was set anew."""


class AacTrack:
    """Decodes one stream and encodes it as AAC, every sample at its time.

    Raises:
        av.FFmpegError, ValueError: it cannot be decoded or encoded.
    """

    def __init__(self, source: AudioStream, target: OutputContainer, origin: Fraction) -> None:
        self.source = source
        self.rate = _nearest_rate(source.codec_context.sample_rate)
        self.layout = _standard(source.codec_context.layout)
        self.stream: AudioStream = target.add_stream("aac", rate=self.rate)
        self.stream.codec_context.layout = self.layout
        self.stream.codec_context.bit_rate = CHANNEL_BIT_RATE * self.layout.nb_channels
        self.repairs = 0
        self._origin = origin
        self._resampler = self._new_resampler()
        self._place: int | None = None  # in samples: where the next one belongs
        self._set_back = 0

    def packets(self, packet: "Packet[Any]") -> list["Packet[Any]"]:
        """What is ready once ``packet`` was decoded; a damaged one is left out, and its place is silent."""
        try:
            frames: list[Any] = packet.decode()
        except av.FFmpegError:
            return []
        return [ready for frame in frames for ready in self._encoded(frame)]

    def flush(self) -> list["Packet[Any]"]:
        """What is left at the end.

        Raises:
            ValueError: nothing could be decoded.
        """
        if self._place is None:
            raise ValueError("none of it can be decoded")
        rest = [ready for frame in self._resampler.resample(None) for ready in self._placed(frame)]
        return [*rest, *self.stream.encode(None)]

    def _new_resampler(self) -> av.AudioResampler:
        return av.AudioResampler(format="fltp", layout=self.layout, rate=self.rate)

    def _encoded(self, frame: AudioFrame) -> Iterator["Packet[Any]"]:
        for silence in self._silence_before(frame):
            yield from self._placed(silence)
        try:
            resampled = self._resampler.resample(frame)
        except ValueError:  # the track changed its layout, format or rate half-way
            self._resampler = self._new_resampler()
            resampled = self._resampler.resample(frame)
        for piece in resampled:
            yield from self._placed(piece)

    def _placed(self, piece: AudioFrame) -> list["Packet[Any]"]:
        assert self._place is not None
        piece.pts, piece.time_base = self._place, Fraction(1, self.rate)
        self._place += piece.samples
        return self.stream.encode(piece)

    def _silence_before(self, frame: AudioFrame) -> Iterator[AudioFrame]:
        """The silence between the sound so far and ``frame``; the first frame sets the place."""
        told = self._told_place(frame)
        if self._place is None:
            self._place = told or 0
        if told is None:
            return
        gap = told + self._set_back - self._place
        if gap < -JUMP * self.rate:
            self._set_back -= gap
        while gap > TOLERANCE * self.rate:
            samples = min(gap, self.rate)
            yield self._silence(samples)
            gap -= samples

    def _told_place(self, frame: AudioFrame) -> int | None:
        if frame.pts is None or frame.time_base is None:
            return None
        return round((frame.pts * frame.time_base - self._origin) * self.rate)

    def _silence(self, samples: int) -> AudioFrame:
        nothing = np.zeros((self.layout.nb_channels, samples), np.float32)
        frame = AudioFrame.from_ndarray(nothing, format="fltp", layout=self.layout.name)
        frame.sample_rate = self.rate
        return frame


def _nearest_rate(rate: int) -> int:
    """A rate that AAC has, not below ``rate`` where one is."""
    known = sorted(av.Codec("aac", "w").audio_rates or [rate])
    return next((candidate for candidate in known if candidate >= rate), 48000)


def _standard(layout: av.AudioLayout) -> av.AudioLayout:
    """``layout`` as AAC headers name it: side speakers are back ones; an unknown one goes by its channels."""
    plain = layout.name.replace("(side)", "")
    if plain.endswith("channels"):
        plain = STANDARD_LAYOUTS.get(layout.nb_channels, "stereo")
    return av.AudioLayout(plain if plain in STANDARD_LAYOUTS.values() else layout.name)
