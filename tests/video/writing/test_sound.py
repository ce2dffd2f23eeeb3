from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import psutil
import pytest

from pipeline.errors import InputError, OutputError
from pipeline.video import clip as clips
from pipeline.video.writing import sound
from pipeline.video.writing.sound import MuxPlan, Treatment
from tests.support.clips import Sound, bursts, heard_at, through, write_clip

MPEG4 = {"codec": "mpeg4", "options": {"qscale": "2"}}


def tried(path, output):
    return sound.try_mux(clips.probe(path), Path(output))


def ways(path, output):
    return [treatment.way for treatment in tried(path, output).treatments]


def length(path, track=0):
    """Seconds from the first sample of a sound track to the last."""
    with av.open(str(path)) as container:
        frames = list(container.decode(container.streams.audio[track]))
    return float(frames[-1].time - frames[0].time) + frames[-1].samples / frames[-1].sample_rate


def transcode(path, output):
    """Write the first sound track of ``path`` as AAC, alone; the most bytes of memory that this took."""
    process, most = psutil.Process(), 0
    with av.open(str(path)) as source, av.open(str(output), "w") as target:
        treatment = Treatment(source.streams.audio[0].index, "audio", "transcode")
        tracks = sound.add_tracks(source, target, MuxPlan("mp4", (treatment,)), Fraction(0))
        before = process.memory_info().rss
        for packet in sound.packets(source, tracks):
            target.mux(packet)
            most = max(most, process.memory_info().rss - before)
    return most


KEPT = [
    # source, its sound, output, way, what the output's sound is
    ("a.mp4", Sound(), ".mp4", "copy", "aac stereo"),
    ("a.mp4", Sound(layout="5.1"), ".mp4", "copy", "aac 5.1"),
    ("a.mp4", Sound("libmp3lame"), ".mp4", "copy", "mp3 stereo"),
    ("a.mkv", Sound("ac3", "5.1"), ".mp4", "copy", "ac3 5.1(side)"),
    ("a.mkv", Sound("libopus"), ".mp4", "copy", "opus stereo"),
    ("a.mkv", Sound("flac", rate=44100), ".m4v", "copy", "flac stereo"),
    ("a.mkv", Sound("vorbis"), ".mp4", "transcode", "aac stereo"),
    ("a.mkv", Sound("pcm_s16le", "5.1"), ".mp4", "transcode", "aac 5.1"),
    ("a.mov", Sound("pcm_s16le"), ".mov", "copy", "pcm_s16le stereo"),
    ("a.mov", Sound("pcm_s16le", "mono", rate=22050), ".mp4", "transcode", "aac mono"),
    ("a.avi", Sound("pcm_s16le", rate=96000), ".mp4", "transcode", "aac stereo"),
    ("a.mkv", Sound("pcm_f32le", rate=192000), ".mp4", "transcode", "aac stereo"),
    ("a.mkv", Sound("libopus"), ".mov", "transcode", "aac stereo"),
    ("a.mp4", Sound(), ".mkv", "copy", "aac stereo"),
    ("a.mp4", Sound("libmp3lame"), ".mkv", "copy", "mp3 stereo"),
    ("a.mkv", Sound("vorbis"), ".mkv", "copy", "vorbis stereo"),
    ("a.ts", Sound("aac", start=0.2), ".mp4", "copy", "aac stereo"),
    ("a.mp4", Sound(start=0.3), ".mp4", "copy", "aac stereo"),
    ("a.mkv", Sound("pcm_s16le", start=0.3), ".mp4", "transcode", "aac stereo"),
]


@pytest.mark.parametrize(
    ("name", "track", "suffix", "way", "desired"),
    KEPT,
    ids=[f"{name}-{track.codec}-{track.layout}-{track.start}{suffix}" for name, track, suffix, _, _ in KEPT],
)
def test_sound_is_kept_in_its_place(tmp_path, name, track, suffix, way, desired):
    path = write_clip(tmp_path / name, sounds=[track], **(MPEG4 if name.endswith("avi") else {}))
    output = tmp_path / f"out{suffix}"

    actual = through(path, output)

    assert ways(path, output) == [way]
    assert actual.sound == desired
    with av.open(str(path)) as source, av.open(str(output)) as target:
        starts = [float(next(container.decode(video=0)).time) for container in (source, target)]
    offsets = [heard_at(path) - starts[0], heard_at(output) - starts[1]]
    assert offsets[1] == pytest.approx(offsets[0], abs=0.003)
    assert length(output) == pytest.approx(length(path), abs=0.04)


def test_no_sound_needs_nothing(tmp_path):
    actual = tried(write_clip(tmp_path / "a.mp4"), "out.mp4")

    assert (actual.treatments, actual.notes, actual.container) == ((), (), "mp4")


def test_copied_sound_is_the_same_to_the_bit(tmp_path):
    path = write_clip(tmp_path / "a.mp4", sounds=[Sound()])
    through(path, tmp_path / "out.mp4")

    def packets(name):
        with av.open(str(tmp_path / name)) as container:
            return [(packet.pts, packet.duration, bytes(packet)) for packet in container.demux(audio=0)]

    assert packets("out.mp4") == packets("a.mp4")


def test_every_track_keeps_its_language(tmp_path):
    sounds = [Sound(language="eng"), Sound("ac3", "5.1", language="fra", burst=0.1)]
    path, output = write_clip(tmp_path / "a.mkv", sounds=sounds), tmp_path / "out.mp4"

    actual = through(path, output)

    assert actual.sound == "aac stereo, ac3 5.1(side)"
    with av.open(str(output)) as container:
        assert [stream.metadata["language"] for stream in container.streams.audio] == ["eng", "fra"]
    assert [heard_at(output, track) for track in (0, 1)] == pytest.approx([0.2, 0.1], abs=0.003)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_repeated_time_stamps_are_corrected(tmp_path, suffix):
    path = write_clip(tmp_path / "a.mkv", sounds=[Sound(repeated=[3, 4])])

    actual, output = tried(path, f"out{suffix}"), tmp_path / f"out{suffix}"
    through(path, output)

    assert [treatment.way for treatment in actual.treatments] == ["copy"]
    assert len(actual.notes) == 1 and "2 time stamps" in actual.notes[0]
    assert heard_at(output) == pytest.approx(0.2, abs=0.003)


def test_sound_without_usable_time_stamps_is_transcoded(tmp_path):
    path = write_clip(tmp_path / "a.mkv", sounds=[Sound(repeated=range(30))])

    actual, output = tried(path, "out.mp4"), tmp_path / "out.mp4"
    through(path, output)

    assert [treatment.way for treatment in actual.treatments] == ["transcode"]
    assert "out of order" in actual.notes[0]
    assert heard_at(output) == pytest.approx(0.2, abs=0.03)
    assert length(output) == pytest.approx(0.5, abs=0.05)


def test_joined_transport_streams_play_one_after_the_other(tmp_path):
    path = write_clip(tmp_path / "a.ts", sounds=[Sound()])
    path.write_bytes(path.read_bytes() * 2)

    through(path, tmp_path / "out.mp4")

    assert length(tmp_path / "out.mp4") == pytest.approx(1.06, abs=0.05)


def change_sound(source_path, path, start, end, junk=b""):
    """Copy a clip, but for the sound packets that begin between ``start`` and ``end`` (seconds).

    Those are left out, or hold ``junk``.
    """
    with av.open(str(source_path)) as source, av.open(str(path), "w") as target:
        streams = [target.add_stream_from_template(stream) for stream in source.streams]
        changed = 0
        for packet in source.demux():
            if not packet.size:
                continue
            stream = streams[packet.stream.index]
            if packet.stream.type == "audio" and start < packet.pts * packet.time_base < end:
                changed += 1
                if not junk:
                    continue
                times = packet.pts, packet.dts, packet.time_base, packet.duration
                packet = av.Packet(junk)
                packet.pts, packet.dts, packet.time_base, packet.duration = times
            packet.stream = stream
            target.mux(packet)
    assert changed > 10
    return path


def test_a_hole_in_transcoded_sound_is_silent(tmp_path):
    whole = write_clip(tmp_path / "whole.mkv", sounds=[Sound("pcm_s16le", seconds=3, burst=2.5)])
    path = change_sound(whole, tmp_path / "a.mkv", 0.3, 2.3)

    through(path, tmp_path / "out.mp4")

    assert heard_at(tmp_path / "out.mp4") == pytest.approx(2.5, abs=0.003)
    assert length(tmp_path / "out.mp4") == pytest.approx(3, abs=0.03)


def test_a_hole_after_a_clock_reset_is_silent(tmp_path):
    whole = write_clip(tmp_path / "whole.ts", sounds=[Sound("libopus", seconds=3, burst=2.5)])
    path = change_sound(whole, tmp_path / "a.ts", 0.3, 2.3)
    path.write_bytes(whole.read_bytes() + path.read_bytes())

    output = through(path, tmp_path / "out.mov")

    assert ways(path, "out.mov") == ["transcode"]
    assert output.sound == "aac stereo"
    assert bursts(tmp_path / "out.mov") == pytest.approx([2.5, 5.5], abs=0.1)


def test_damaged_packets_of_transcoded_sound_are_silent(tmp_path):
    whole = write_clip(tmp_path / "whole.mkv", sounds=[Sound("vorbis", seconds=1, burst=0.8)])
    path = change_sound(whole, tmp_path / "a.mkv", 0.1, 0.6, junk=b"\xff" * 40)

    through(path, tmp_path / "out.mp4")

    assert ways(path, "out.mp4") == ["transcode"]
    assert heard_at(tmp_path / "out.mp4") == pytest.approx(0.8, abs=0.003)


def test_a_long_hole_in_transcoded_sound_takes_little_memory(tmp_path):
    path = write_clip(tmp_path / "a.mkv", sounds=[Sound("pcm_s16le", seconds=300, burst=299.8)])
    path = change_sound(path, tmp_path / "hole.mkv", 0.3, 299.7)

    most = transcode(path, tmp_path / "out.mp4")

    assert bursts(tmp_path / "out.mp4") == pytest.approx([299.8], abs=0.003)
    assert most < 30e6  # five minutes of stereo, decoded, are 115 MB


@pytest.mark.parametrize(
    ("codec", "suffix", "way"), [("aac", ".mp4", "copy"), ("libopus", ".mov", "transcode")]
)
def test_sound_of_a_clip_whose_clock_starts_at_5_s_keeps_its_place(tmp_path, codec, suffix, way):
    """The pictures begin at 5 s by the clip's clock, its sound 0.4 s later, with a tone 0.2 s into it."""
    path = write_clip(tmp_path / "a.ts", times=range(125, 137), sounds=[Sound(codec, start=5.4, burst=0.2)])
    output = tmp_path / f"out{suffix}"

    through(path, output)

    assert ways(path, output) == [way]
    assert heard_at(output) == pytest.approx(0.4 + 0.2, abs=0.003)


@pytest.mark.parametrize(
    ("sound_before", "sound_after"),
    [
        (Sound("libmp3lame"), Sound("libmp3lame", rate=32000)),
        (Sound("libmp3lame"), Sound("libmp3lame", "mono")),
    ],
    ids=["rate", "layout"],
)
def test_transcoded_sound_that_changes_half_way_keeps_its_place(tmp_path, sound_before, sound_after):
    parts = [
        write_clip(tmp_path / "before.ts", sounds=[sound_before]),
        write_clip(tmp_path / "after.ts", sounds=[replace(sound_after, start=5)], times=range(125, 137)),
    ]
    path = tmp_path / "a.ts"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))

    transcode(path, tmp_path / "out.mp4")

    # FFmpeg's MP3 decoder gives the first frame after a change the rate before it: 12 ms here.
    assert bursts(tmp_path / "out.mp4") == pytest.approx([heard_at(part) for part in parts], abs=0.015)


def test_sound_that_cannot_be_decoded_is_left_out_with_a_reason(tmp_path):
    path = write_clip(tmp_path / "a.mkv", sounds=[Sound("vorbis")])
    with av.open(str(path)) as container:
        packets = [bytes(packet) for packet in container.demux(audio=0) if packet.size]
    data = path.read_bytes()
    for packet in packets:
        data = data.replace(packet, b"\xff" * len(packet))
    path.write_bytes(data)

    actual, output = tried(path, "out.mp4"), through(path, tmp_path / "out.mp4")

    assert [treatment.way for treatment in actual.treatments] == ["drop"]
    assert len(actual.notes) == 1 and "sound track (stream 1) is lost in .mp4: " in actual.notes[0]
    assert (output.sound, len(output.frame_times)) == (None, 12)


SUBTITLES = [(100, 200, "Grüße"), (320, 100, "aus Tübingen")]


@pytest.mark.parametrize(
    ("name", "suffix", "desired"),
    [
        ("a.mkv", ".mkv", ["copy"]),
        ("a.mov", ".mp4", ["copy"]),
        ("a.mov", ".mov", ["copy"]),
        ("a.mkv", ".mp4", ["drop"]),
        ("a.mov", ".mkv", ["drop"]),
    ],
)
def test_subtitles_go_where_the_container_takes_them(tmp_path, name, suffix, desired):
    path, output = write_clip(tmp_path / name, subtitles=SUBTITLES), tmp_path / f"out{suffix}"

    actual = tried(path, output)
    through(path, output)

    assert [treatment.way for treatment in actual.treatments] == desired
    with av.open(str(output)) as container:
        texts = (
            [
                (round(packet.pts * packet.time_base * 1000), bytes(packet).decode(errors="ignore")[-5:])
                for packet in container.demux(container.streams.subtitles)
                if packet.size > 2
            ]
            if container.streams.subtitles
            else []
        )
    if desired == ["copy"]:
        assert texts == [(100, "Grüße"), (320, "ingen")]
        assert actual.notes == ()
    else:
        assert texts == []
        assert "subtitle track (stream 1) is lost" in actual.notes[0]


@pytest.mark.parametrize("name", ["out.webm", "out.avi", "out.gif", "out", "out.MP5"])
def test_other_containers_are_refused_by_name(tmp_path, name):
    path = write_clip(tmp_path / "a.mp4")

    with pytest.raises(OutputError) as caught:
        tried(path, name)

    assert str(caught.value).startswith(f"{name}: ") and ".mp4, .m4v, .mov, .mkv" in str(caught.value)


def test_a_clip_that_vanished_is_named(tmp_path):
    clip = clips.probe(write_clip(tmp_path / "a.mp4"))
    clip.path.unlink()

    with pytest.raises(InputError, match="no such file"):
        sound.try_mux(clip, tmp_path / "out.mp4")


def test_trying_leaves_no_file(tmp_path, capfd):
    path = write_clip(tmp_path / "a.mkv", sounds=[Sound(), Sound("vorbis")], subtitles=SUBTITLES)
    capfd.readouterr()

    tried(path, tmp_path / "out.mp4")

    assert [file.name for file in tmp_path.iterdir()] == ["a.mkv"]
    assert capfd.readouterr() == ("", "")


def test_silence_is_as_long_as_the_sound(tmp_path):
    path = write_clip(tmp_path / "a.mkv", sounds=[Sound("pcm_s16le", seconds=1.3, burst=9)])

    through(path, tmp_path / "out.mp4")

    with av.open(str(tmp_path / "out.mp4")) as container:
        samples = np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)
    assert np.abs(samples).max() < 1e-3
    assert samples.shape[1] / 48000 == pytest.approx(1.3, abs=0.03)


def test_matroska_does_not_get_the_sound_before_time_0_that_an_mp4_hides(tmp_path):
    """An AAC encoder begins 1024 samples early; players of Matroska would play these."""
    path = write_clip(tmp_path / "a.mp4", sounds=[Sound()])
    starts = {}
    for suffix in (".mkv", ".mp4"):
        through(path, tmp_path / f"out{suffix}")
        with av.open(str(tmp_path / f"out{suffix}")) as container:
            starts[suffix] = next(container.demux(container.streams.audio[0])).pts
    assert starts == {".mkv": 0, ".mp4": -1024}
