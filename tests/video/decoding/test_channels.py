"""Sound of more than two channels, in an order of FFmpeg's own and in orders that a MOV lists itself."""

import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from pipeline.video import clip as clips
from pipeline.video.decoding.channels import name_of, native_name
from pipeline.video.writing import encoding, sound
from pipeline.video.writing.aac import AacTrack
from pipeline.video.writing.null_file import NullFile
from tests.support.clips import split

RATE, SAMPLES = 48000, 960

MPEG_6_1, MPEG_7_1 = 142, 128
"""Tags of Apple's Core Audio: FC FL FR SL SR BC LFE, and FL FR FC LFE SL SR BL BR."""


def write_mov(path: Path, layout: str, *, tag: int | None = None, hole: bool = False) -> Path:
    """A clip with PCM sound of 60 Hz, which an LFE channel can hold; channel n, from 1, is n times as loud.

    Args:
        layout: FFmpeg's name.
        tag: put into the file instead of the layout's own.
        hole: half a second without sound in the middle.
    """
    channels = av.AudioLayout(layout).nb_channels
    with av.open(str(path), "w") as output:
        video = output.add_stream("mpeg4", rate=25, options={"qscale": "2"})
        video.width = video.height = 32
        video.pix_fmt = "yuv420p"
        audio = output.add_stream("pcm_s16le", rate=RATE)
        audio.codec_context.layout = layout
        for number in range(25):
            frame = av.VideoFrame.from_ndarray(np.full((32, 32, 3), 9 * number, np.uint8), format="rgb24")
            frame.pts = number
            output.mux(video.encode(frame))
        output.mux(video.encode())
        for number in range(50):
            if not (hole and 15 <= number < 40):
                output.mux(audio.encode(_sound(layout, channels, number)))
        output.mux(audio.encode(None))
    if tag is not None:
        data = bytearray(path.read_bytes())
        place = data.index(b"chan") + 8
        data[place : place + 8] = struct.pack(">II", tag << 16 | channels, 0)
        path.write_bytes(data)
    return path


def _sound(layout: str, channels: int, number: int) -> av.AudioFrame:
    time = (np.arange(SAMPLES) + number * SAMPLES) / RATE
    loudness = 2000 * np.arange(1, channels + 1)
    samples = np.sin(2 * np.pi * 60 * time)[:, None] * loudness  # (samples, channels)
    frame = av.AudioFrame(format="s16", layout=layout, samples=SAMPLES)
    frame.planes[0].update(samples.astype(np.int16).tobytes())
    frame.sample_rate, frame.time_base, frame.pts = RATE, Fraction(1, RATE), number * SAMPLES
    return frame


def heard(path: Path) -> dict[str, float]:
    """How many times as loud as the quietest each channel is, by its name."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        names = [channel.name for channel in stream.layout.channels]
        packed = av.AudioResampler(format="flt", layout=stream.layout.name)  # eight planes cannot be read
        pieces = [
            piece.to_ndarray().reshape(-1, len(names))
            for frame in container.decode(stream)
            for piece in packed.resample(frame)
        ]
    loudness = np.sqrt((np.concatenate(pieces)[RATE // 4 : -RATE // 4] ** 2).mean(axis=0))
    return dict(zip(names, np.round(loudness / loudness.min(), 1), strict=True))


@pytest.mark.parametrize(
    ("layout", "tag", "desired"),
    [
        ("6.1", MPEG_6_1, {"FC": 1, "FL": 2, "FR": 3, "SL": 4, "SR": 5, "BL": 4.2, "BR": 4.2, "LFE": 7}),
        ("7.1", MPEG_7_1, {"FL": 1, "FR": 2, "FC": 3, "LFE": 4, "SL": 5, "SR": 6, "BL": 7, "BR": 8}),
    ],
)
def test_each_channel_stays_itself_where_a_mov_has_an_order_of_its_own(tmp_path, layout, tag, desired):
    """The back centre of 6.1, 6 times as loud, becomes two of 6 / √2."""
    path = write_mov(tmp_path / "a.mov", layout, tag=tag)
    clip = clips.probe(path)
    assert clip.sound == f"pcm_s16le {layout}"

    plan = sound.try_mux(clip, tmp_path / "out.mp4")
    encoding.assemble(split(path, tmp_path / "frames"), clip, tmp_path / "out.mp4", plan)

    assert [treatment.way for treatment in plan.treatments] == ["transcode"]
    assert heard(tmp_path / "out.mp4") == pytest.approx(desired, abs=0.3)


@pytest.mark.parametrize("tag", [127, 130, 139, 140])
@pytest.mark.parametrize(("suffix", "way"), [(".mov", "copy"), (".mp4", "transcode")])
def test_sound_in_an_order_of_its_own_is_kept(tmp_path, tag, suffix, way):
    path = write_mov(tmp_path / "a.mov", "6.1" if tag > 130 else "7.1", tag=tag)
    clip = clips.probe(path)

    plan = sound.try_mux(clip, tmp_path / f"out{suffix}")

    assert [treatment.way for treatment in plan.treatments] == [way]


@pytest.mark.parametrize("layout", ["6.1", "7.1(wide)", "7.1.4", "22.2"])
@pytest.mark.parametrize("suffix", [".mov", ".mkv"])
def test_sound_of_many_channels_is_kept_in_mp4(tmp_path, layout, suffix):
    path = write_mov(tmp_path / f"a{suffix}", layout)

    plan = sound.try_mux(clips.probe(path), tmp_path / "out.mp4")

    assert [treatment.way for treatment in plan.treatments] == ["transcode"]


def test_a_hole_in_sound_of_eight_channels_is_filled(tmp_path):
    path = write_mov(tmp_path / "a.mkv", "7.1", hole=True)
    clip = clips.probe(path)

    encoding.assemble(split(path, tmp_path / "frames"), clip, tmp_path / "out.mp4")

    with av.open(str(tmp_path / "out.mp4")) as container:
        seconds = sum(frame.samples for frame in container.decode(audio=0)) / RATE
    assert seconds == pytest.approx(1.0, abs=0.05)


class Labelled:
    """A layout with a label that is not UTF-8."""

    nb_channels = 2

    @property
    def name(self):
        return b"2 channels (FL@\xe4+FR)".decode()


class Frame:
    """Sound in that layout, and a packet and a resampler that give it back."""

    format, layout, sample_rate, samples, pts = av.AudioFormat("s16"), Labelled(), RATE, SAMPLES, None

    def decode(self):
        return [self]

    def resample(self, frame):
        assert frame is self
        return []


def test_a_label_that_is_not_utf8_costs_no_sound(tmp_path, monkeypatch):
    path, frame = write_mov(tmp_path / "a.mov", "stereo"), Frame()
    with av.open(str(path)) as source, av.open(NullFile(), "w", format="mp4") as target:
        track = AacTrack(source.streams.audio[0], target, Fraction(0))
        monkeypatch.setattr(track, "_new_resampler", lambda: frame)
        assert track.packets(frame) == []
    assert (name_of(frame.layout), native_name(frame.layout)) == ("2 channels", "2 channels")


@pytest.mark.parametrize(
    ("name", "desired"),
    [
        ("5.1(side)", "5.1(side)"),
        ("LFE+FL+FR", "2.1"),
        ("FC+FL+FR+SL+SR+BC+LFE", "6.1"),
        ("FR+FL", "stereo"),
        ("FL+FR+DL+FC", "4 channels"),
        ("FL+TBR+FC", "3 channels"),
    ],
)
def test_a_layout_is_named_by_its_channels(name, desired):
    assert native_name(av.AudioLayout(name)) == desired
