"""Which decoder reads a clip, and that its frames are right whichever it is."""

import pickle
from fractions import Fraction

import av
import numpy as np
import pytest
from av.stream import Disposition

from pipeline.errors import InputError
from pipeline.video import clip as clips
from pipeline.video.decoding import comparison, opencv_frames
from tests.support.clips import (
    BT709,
    Sound,
    seconds_of,
    truncate,
    turn,
    with_cover,
    write_clip,
    write_sound_only,
)
from tests.support.hdr import BT709_OF_BT2020, BT2020, HLG, PQ, levels_of_bt709

CORNERS = ((220, 40, 40), (40, 160, 60), (50, 60, 200), (200, 190, 60))
"""The colours of a picture's quarters: top left, top right, bottom left, bottom right."""

TOLERANCE = 12
"""Levels by which lossy compression may change the middle of a quarter."""

ORIENTATIONS = {
    "as stored": (1, 0, 0, 1),
    "90": (0, 1, -1, 0),
    "180": (-1, 0, 0, -1),
    "270": (0, -1, 1, 0),
    "hflip": (-1, 0, 0, 1),
    "vflip": (1, 0, 0, -1),
    "transpose": (0, 1, 1, 0),
    "transverse": (0, -1, -1, 0),
}
"""a, b, c, d of ISO/IEC 14496-12: what is stored at (p, q) is shown at (a·p + c·q, b·p + d·q) and a shift."""


def quarters(index, size):
    """Four coloured quarters; they brighten by a level a frame."""
    height, width = size
    colours = np.array(CORNERS, np.uint8).reshape(2, 2, 3) + np.uint8(index)
    return colours.repeat(-(-height // 2), 0).repeat(-(-width // 2), 1)[:height, :width]


def middles(frame):
    """The colours in the middles of the quarters: (2, 2, 3)."""
    height, width = frame.shape[:2]
    return frame[[[height // 4], [-height // 4]], [width // 4, -width // 4]].astype(int)


def assert_shows_quarters(frames, size, shift=0):
    """Every frame is a picture of quarters, of its number."""
    for number, frame in enumerate(frames, start=shift):
        assert frame.shape == (*size, 3) and frame.dtype == np.uint8
        np.testing.assert_allclose(middles(frame), middles(quarters(number, size)), atol=TOLERANCE)


@pytest.mark.parametrize("matrix", ORIENTATIONS.values(), ids=ORIENTATIONS)
def test_frames_are_shown_as_the_display_matrix_says(tmp_path, matrix):
    path = turn(
        write_clip(tmp_path / "a.mp4", frames=2, picture=quarters, pixel_aspect=Fraction(4, 3)), matrix
    )
    a, b, c, d = matrix
    stored, desired = middles(quarters(0, (48, 64))), np.zeros((2, 2, 3), int)
    for q, p in np.ndindex(2, 2):  # -1 and 1 about the centre
        x, y = a * (2 * p - 1) + c * (2 * q - 1), b * (2 * p - 1) + d * (2 * q - 1)
        desired[(y + 1) // 2, (x + 1) // 2] = stored[q, p]

    clip = clips.probe(path)
    actual = next(clips.frames(clip.reading))

    is_sideways = a == 0
    assert actual.shape == ((64, 48, 3) if is_sideways else (48, 64, 3))
    assert (clip.height, clip.width) == clips.guess(path).size == actual.shape[:2]
    assert clip.pixel_aspect == (Fraction(3, 4) if is_sideways else Fraction(4, 3))
    np.testing.assert_allclose(middles(actual), desired, atol=TOLERANCE)
    is_mirrored = a * d - b * c < 0
    assert clip.reading.decoder == ("pyav" if is_mirrored else "opencv")


INTERLACED = {
    "H.264": ("a.mp4", {}),
    "H.264, bottom field first": ("a.mkv", {"fields": "bff"}),
    "AVCHD": ("a.mts", {"form": "mpegts", "options": {"bf": "2", "g": "6", "crf": "4"}}),
    "DVD": ("a.vob", {"codec": "mpeg2video", "options": {"qscale": "2", "bf": "2"}}),
    "MPEG-2": ("a.mpg", {"codec": "mpeg2video", "options": {"qscale": "2"}}),
    "broadcast": ("a.ts", {"codec": "mpeg2video", "pixel_format": "yuv422p", "options": {"qscale": "2"}}),
    "DV": ("a.dv", {"codec": "dvvideo", "size": (576, 720), "options": {}, "colour": None, "fields": "bff"}),
    "DV in AVI": (
        "a.avi",
        {
            "codec": "dvvideo",
            "size": (480, 720),
            "pixel_format": "yuv411p",
            "options": {},
            "colour": None,
            "fields": "bff",
            "rate": Fraction(30000, 1001),
            "time_base": Fraction(1001, 30000),
        },
    ),
    "ProRes": ("a.mov", {"codec": "prores_ks", "pixel_format": "yuv422p10le", "options": {"qscale": "4"}}),
    "FFV1": ("a.mkv", {"codec": "ffv1", "options": {"g": "1"}}),
    "odd size": ("a.mkv", {"codec": "ffv1", "options": {"g": "1"}, "size": (47, 63)}),
    "two lines": ("a.mkv", {"codec": "ffv1", "options": {"g": "1"}, "size": (2, 64)}),
}


@pytest.mark.parametrize(("name", "how"), INTERLACED.values(), ids=INTERLACED)
def test_interlaced_frames_are_read_each_at_its_time(tmp_path, name, how):
    path = write_clip(tmp_path / name, **{"frames": 5, "picture": quarters, "fields": "tff"} | how)

    clip = clips.probe(path)
    actual = list(clips.frames(clip.reading))

    assert (clip.reading.decoder, clip.reading.is_interlaced, clip.notes) == ("pyav", True, ())
    steps = [later - sooner for sooner, later in zip(seconds_of(clip), seconds_of(clip)[1:], strict=False)]
    rate = how.get("rate", Fraction(25))
    assert len(actual) == len(steps) == 5
    assert all(abs(step - 1 / rate) < Fraction(1, 500) for step in steps)
    if how.get("size") != (2, 64):
        assert_shows_quarters(actual, how.get("size", (48, 64)))
    assert np.ptp(actual[0]) > 100
    assert clips.guess(path).frames <= 6


def combs(index, size):
    """A bright square that moves 8 pixels from the top field to the bottom one."""
    picture = np.full((*size, 3), 40, np.uint8)
    for field in (0, 1):
        x = 4 + 16 * index + 8 * field
        picture[16 + field : 32 : 2, x : x + 8] = 220
    return picture


def test_interlaced_frames_have_no_combs(tmp_path):
    path = write_clip(
        tmp_path / "a.mkv", codec="ffv1", options={"g": "1"}, picture=combs, fields="tff", frames=3
    )

    frames = list(clips.frames(path))

    for number, frame in enumerate(frames):
        rows = frame[18:30, :, 0].astype(int)
        lines = np.abs(np.diff(rows, axis=0)).max()
        assert lines < 40, "alternate lines differ"
        at = 4 + 16 * number
        assert rows[:, at + 2 : at + 6].min() > 180, "the top field is what is shown"


def test_progressive_frames_among_interlaced_ones_stay_as_they_are(tmp_path):
    """The frame's flag counts, not the picture: a broadcast may switch between films and sports."""
    options = {"g": "1"}
    for name, fields in (("a", None), ("b", "tff")):
        write_clip(
            tmp_path / f"{name}.mkv", codec="ffv1", options=options, picture=combs, fields=fields, frames=2
        )
    progressive, interlaced = (list(clips.frames(tmp_path / f"{name}.mkv")) for name in "ab")
    joined = tmp_path / "joined.ts"
    for name, fields in (("a", None), ("b", "tff")):
        write_clip(tmp_path / f"{name}.ts", picture=combs, fields=fields, frames=2)
    joined.write_bytes((tmp_path / "a.ts").read_bytes() + (tmp_path / "b.ts").read_bytes())

    actual = list(clips.frames(joined))

    assert len(actual) == 4
    for frame, desired in zip(actual[:2], progressive, strict=True):
        assert np.abs(frame.astype(int) - desired).mean() < 3
    assert np.abs(actual[3].astype(int) - interlaced[1]).mean() < 3


@pytest.mark.parametrize("start", [0, 1, 3, 4, 9])
@pytest.mark.parametrize("fields", [None, "tff"])
def test_pyavs_frames_from_a_later_one_are_the_same_frames(tmp_path, fields, start):
    path = write_clip(
        tmp_path / "a.mp4", frames=5, picture=combs, fields=fields, options={"bf": "3", "g": "5", "crf": "4"}
    )
    reading = clips.probe(turn(path, ORIENTATIONS["hflip"])).reading
    whole = list(clips.frames(reading))

    actual = list(clips.frames(reading, start))

    assert len(whole) == 5 and reading.decoder == "pyav"
    assert len(actual) == max(0, 5 - start)
    assert all(np.array_equal(one, other) for one, other in zip(actual, whole[start:], strict=True))


AV1 = {"codec": "libsvtav1", "options": {"preset": "12", "crf": "10"}}


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".webm"])
def test_av1_is_read_from_any_container(tmp_path, suffix):
    path = write_clip(tmp_path / f"a{suffix}", size=(96, 128), frames=4, picture=quarters, **AV1)

    clip = clips.probe(path)

    assert (clip.reading.decoder, clip.notes, len(clip.frame_times)) == ("pyav", (), 4)
    assert clips.guess(path).size == (96, 128)
    assert_shows_quarters(list(clips.frames(clip.reading)), (96, 128))


ORDINARY = {
    "H.264": ("a.mp4", {}),
    "4:4:4": ("a.mp4", {"pixel_format": "yuv444p"}),
    "HEVC, 10 bits": (
        "a.mp4",
        {"codec": "libx265", "pixel_format": "yuv420p10le", "options": {"x265-params": "log-level=none"}},
    ),
    "VP9": ("a.webm", {"codec": "libvpx-vp9", "options": {"crf": "8", "b": "0"}}),
    "VP9 with alpha": (
        "a.webm",
        {"codec": "libvpx-vp9", "pixel_format": "yuva420p", "options": {"crf": "8", "b": "0"}},
    ),
    "VP8": ("a.webm", {"codec": "libvpx", "colour": None, "options": {"crf": "4", "b": "2M"}}),
    "MJPEG": (
        "a.avi",
        {"codec": "mjpeg", "pixel_format": "yuvj420p", "colour": None, "options": {"qscale": "2"}},
    ),
    "ProRes": ("a.mov", {"codec": "prores_ks", "pixel_format": "yuv422p10le", "options": {"qscale": "4"}}),
    "uncompressed": ("a.avi", {"codec": "rawvideo", "pixel_format": "bgr24", "colour": None, "options": {}}),
    "RGB in MOV": ("a.mov", {"codec": "rawvideo", "pixel_format": "rgb24", "colour": None, "options": {}}),
    "FFV1": ("a.mkv", {"codec": "ffv1", "pixel_format": "bgr0", "options": {"g": "1"}, "size": (47, 63)}),
    "APNG": ("a.apng", {"codec": "apng", "form": "apng", "pixel_format": "rgb24", "options": {}}),
    "HD with tags": ("a.mp4", {"size": (720, 1280)}),
    "HD in RGB": (
        "a.mkv",
        {
            "size": (720, 1280),
            "codec": "ffv1",
            "pixel_format": "bgr0",
            "colour": None,
            "options": {"g": "1"},
            "frames": 1,
        },
    ),
}


@pytest.mark.parametrize(("name", "how"), ORDINARY.values(), ids=ORDINARY)
def test_what_opencv_reads_rightly_keeps_its_pixels(tmp_path, name, how):
    path = write_clip(tmp_path / name, **{"frames": 3, "picture": quarters} | how)

    clip = clips.probe(path)
    actual = list(clips.frames(clip.reading))

    assert (clip.reading.decoder, clip.notes) == ("opencv", ())
    assert_shows_quarters(actual, how.get("size", (48, 64)))
    assert all(
        np.array_equal(one, other) for one, other in zip(actual, opencv_frames.read(path), strict=True)
    )


RED = (224, 16, 16)


def red(index, size):
    return np.full((*size, 3), RED, np.uint8)


@pytest.mark.parametrize(
    ("size", "colour", "encoded"),
    [
        ((720, 1280), None, 1),
        ((544, 1280), None, 1),
        ((1280, 720), None, 1),
        ((720, 1280), 1, 1),
        ((720, 1280), 6, 6),
        ((576, 720), None, 6),
        ((576, 720), 1, 1),
    ],
)
def test_untagged_hd_has_the_colours_of_bt709(tmp_path, size, colour, encoded):
    """By BT.601 the red of HD would be 204, 0, 17."""
    path = write_clip(tmp_path / "a.mp4", size=size, frames=1, picture=red, colour=colour, encoded=encoded)

    pixels = next(clips.frames(path))

    np.testing.assert_allclose(pixels[::40, ::40].reshape(-1, 3), [RED] * pixels[::40, ::40, 0].size, atol=2)


def test_jpegs_of_hd_keep_the_matrix_of_jpeg(tmp_path):
    """JFIF says BT.601 at any size."""
    path = write_clip(
        tmp_path / "a.avi", size=(720, 1280), frames=1, picture=red, colour=None, codec="mjpeg",
        pixel_format="yuvj420p", options={"qscale": "2"},
    )  # fmt: skip

    np.testing.assert_allclose(next(clips.frames(path))[360, 640], RED, atol=2)


@pytest.mark.parametrize("rate", [1, 10, 15, 24])
@pytest.mark.parametrize(("name", "codec"), [("a.flv", "flv"), ("a.wmv", "wmv2"), ("a.flv", "libx264")])
def test_a_whole_clip_whose_packets_have_no_duration_is_not_cut_short(tmp_path, name, codec, rate):
    options = None if codec == "libx264" else {"qscale": "2"}
    path = write_clip(
        tmp_path / name,
        codec=codec,
        colour=None,
        options=options,
        rate=Fraction(rate),
        time_base=Fraction(1, rate),
    )

    clip = clips.probe(path)

    assert clip.notes == ()
    assert float(clip.seconds) == pytest.approx(12 / rate, abs=0.01)


def test_slides_of_different_lengths_are_not_cut_short(tmp_path):
    path = write_clip(
        tmp_path / "a.flv", codec="flv", colour=None, options={"qscale": "2"}, times=[0, 10, 20, 70],
        time_base=Fraction(1, 10), rate=Fraction(1, 5),
    )  # fmt: skip

    assert clips.probe(path).notes == ()


def test_an_flv_cut_short_is_reported(tmp_path):
    path = write_clip(
        tmp_path / "a.flv", codec="flv", colour=None, options={"qscale": "2"}, frames=40, rate=Fraction(10),
        time_base=Fraction(1, 10), sounds=[Sound("mp3", seconds=4.0, rate=44100)],
    )  # fmt: skip

    clip = clips.probe(truncate(path, 0.7))

    assert len(clip.frame_times) < 40
    assert len(clip.notes) == 1 and "damaged or cut short" in clip.notes[0]


def test_a_reading_can_be_sent_to_another_process(tmp_path):
    path = turn(write_clip(tmp_path / "a.mp4", frames=2), ORIENTATIONS["transpose"])

    reading = clips.probe(path).reading

    assert pickle.loads(pickle.dumps(reading)) == reading
    assert len(pickle.dumps(reading)) < 1000


@pytest.mark.parametrize(("matrix", "transfer"), [(10, 1), (12, 1), (13, 1), (1, 9), (1, 10)], ids=str)
def test_a_picture_that_opencv_makes_up_is_not_taken(tmp_path, matrix, transfer):
    """Its read() says True, and gives whatever was in memory, for tags that its scaler refuses."""
    path = write_clip(
        tmp_path / "a.mp4", frames=3, picture=quarters, colour=matrix, encoded=1, transfer=transfer
    )

    frames = list(clips.frames(path))

    assert_shows_quarters(frames, (48, 64))


def test_a_matrix_that_nobody_knows_is_one_clear_line(tmp_path):
    path = write_clip(tmp_path / "a.mp4", frames=3, colour=14, encoded=1, transfer=1)

    with pytest.raises(InputError, match="its colours cannot be converted") as caught:
        clips.probe(path)

    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("changed", [None, 0, 2, 16, 32])
def test_frames_that_the_decoders_see_differently_are_noticed(tmp_path, changed):
    """OpenCV reads a clip that differs in one frame from the clip that PyAV has read."""

    def other(index, size):
        return np.zeros((*size, 3), np.uint8) if index == changed else quarters(index, size)

    options = {"g": "1"}
    path = write_clip(tmp_path / "a.mkv", codec="ffv1", frames=40, picture=quarters, options=options)
    other_path = write_clip(tmp_path / "b.mkv", codec="ffv1", frames=40, picture=other, options=options)
    sampled = comparison.SampledFrames()
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            sampled.add(frame)

    actual = comparison.by_opencv(other_path, sampled)
    seen = []
    assert comparison.by_opencv(other_path, sampled, seen.append) == actual

    assert (actual.count, actual.size, actual.is_same) == (40, (48, 64), changed is None)
    assert len(seen) == (40 if changed is None else changed)


@pytest.mark.parametrize(
    ("by_pyav", "desired"), [(2, ("opencv", 3)), (3, ("opencv", 3)), (4, ("pyav", 4)), (0, ("opencv", 3))]
)
def test_the_decoder_that_finds_more_frames_reads_the_clip(tmp_path, by_pyav, desired):
    path = write_clip(tmp_path / "a.mp4", frames=3, picture=quarters)
    sampled = comparison.SampledFrames()

    reading, count = clips.choose_reading(path, 0, sampled, by_pyav)

    assert (reading.decoder, count) == desired


def test_frames_after_a_change_of_size_have_the_first_ones_size(tmp_path):
    for number, size in enumerate([(48, 64), (96, 128)]):
        write_clip(tmp_path / f"{number}.ts", size=size, frames=3, picture=quarters)
    path = tmp_path / "both.ts"
    path.write_bytes(b"".join((tmp_path / f"{number}.ts").read_bytes() for number in (0, 1)))

    clip = clips.probe(path)
    frames = list(clips.frames(clip.reading))

    assert (clip.height, clip.width) == clips.guess(path).size == (48, 64)
    assert_shows_quarters(frames[:3], (48, 64))
    assert_shows_quarters(frames[3:], (48, 64))


def test_of_two_tracks_the_default_one_is_read(tmp_path):
    first = write_clip(tmp_path / "first.mp4", frames=2)
    second = write_clip(tmp_path / "second.mp4", frames=3, picture=quarters)
    path = tmp_path / "both.mkv"
    with av.open(str(first)) as a, av.open(str(second)) as b, av.open(str(path), "w") as output:
        sources = [a, b]
        tracks = [output.add_stream_from_template(source.streams.video[0]) for source in sources]
        tracks[0].disposition = Disposition(0)
        tracks[1].disposition = Disposition.default
        for source, track in zip(sources, tracks, strict=True):
            for packet in source.demux(video=0):
                if packet.size:
                    packet.stream = track
                    output.mux(packet)

    clip = clips.probe(path)

    assert (clip.reading.decoder, clip.reading.stream, len(clip.frame_times)) == ("pyav", 1, 3)
    assert_shows_quarters(list(clips.frames(clip.reading)), (48, 64))


WIDE_PATCHES = ((128, 128, 128), (150, 130, 110), (110, 140, 120), (120, 120, 150), (160, 110, 110))
"""Colours of BT.2020 that BT.709 has, too."""


def write_patches(path, transfer, colours=WIDE_PATCHES):
    def patches(index, size):
        height, width = size
        return np.array(colours, np.uint8)[None].repeat(width // len(colours), 1).repeat(height, 0)

    return write_clip(
        path, size=(32, 160), frames=2, picture=patches, pixel_format="yuv420p10le", colour=9, encoded=9,
        primaries=9, transfer=transfer, options={"crf": "2", "bf": "0"},
    )  # fmt: skip


def colours_of_patches(frame):
    return frame[16, 16::32].astype(int)


def test_colours_of_bt2020_become_those_of_bt709(tmp_path):
    """The transfer is the display's, 2.4 (BT.1886). OpenCV's green and red are 4 levels off."""
    light = (np.array(WIDE_PATCHES) / 255) ** 2.4
    desired = 255 * (light @ BT709_OF_BT2020.T) ** (1 / 2.4)

    clip = clips.probe(write_patches(tmp_path / "a.mp4", transfer=14))
    frames = list(clips.frames(clip.reading))

    assert (clip.reading.decoder, len(frames)) == ("pyav", 2)
    for frame in frames:
        np.testing.assert_allclose(colours_of_patches(frame), desired, atol=2)


HDR_PATCHES = ((112, 112, 112), (115, 106, 94), (94, 112, 100), (100, 100, 118), (118, 97, 97))
"""Signals of HDR whose colours BT.709 has, too."""


@pytest.mark.parametrize("transfer", [PQ, HLG], ids=["PQ", "HLG"])
def test_hdr_keeps_its_light_up_to_the_diffuse_white(tmp_path, transfer):
    desired, is_shown = levels_of_bt709(transfer, np.array(HDR_PATCHES) / 255)
    assert is_shown.all()

    clip = clips.probe(write_patches(tmp_path / "a.mp4", transfer, HDR_PATCHES))
    frames = list(clips.frames(clip.reading))

    assert (clip.reading.reader, len(frames)) == ("pyav 1, wide colours 2", 2)
    for frame in frames:
        np.testing.assert_allclose(colours_of_patches(frame), desired, atol=3)


@pytest.mark.parametrize("size", [(46, 62), (48, 64), (50, 130)])
def test_every_pixel_of_hdr_is_converted_whatever_the_size(tmp_path, size):
    """The planes that the colours are looked up in have longer lines than the picture."""
    path = write_clip(
        tmp_path / "a.mkv", size=size, frames=1, codec="ffv1", pixel_format="gbrp10le", picture=quarters,
        colour=BT709, primaries=BT2020, transfer=HLG, options={"g": "1"},
    )  # fmt: skip

    frame = next(clips.frames(path))

    desired = frame[[[0], [-1]], [0, -1]].repeat(size[0] // 2, 0).repeat(size[1] // 2, 1)
    assert frame.shape == (*size, 3)
    np.testing.assert_array_equal(frame, desired)
    assert len(np.unique(desired.reshape(-1, 3), axis=0)) == 4


@pytest.mark.slow
@pytest.mark.parametrize("transfer", [PQ, HLG], ids=["PQ", "HLG"])
def test_hdr_is_converted_as_opencv_does(tmp_path, transfer):
    """Greys are the same; strong colours differ by the levels that OpenCV is wrong by."""
    path = write_patches(tmp_path / "a.mp4", transfer)

    actual = colours_of_patches(next(clips.frames(path)))

    desired = colours_of_patches(next(opencv_frames.read(path)))
    np.testing.assert_allclose(actual[0], desired[0], atol=1)
    np.testing.assert_allclose(actual, desired, atol=16)
    assert np.abs(actual - desired).mean() < 4


def test_frames_after_a_corrupt_packet_are_read(tmp_path):
    """OpenCV stops at some of them; PyAV goes on."""
    options = {"crf": "4", "bf": "0", "g": "5"}
    path = write_clip(tmp_path / "a.flv", frames=40, colour=None, picture=quarters, options=options)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 60] = b"\xff" * 60
    path.write_bytes(data)

    clip = clips.probe(path)
    frames = list(clips.frames(clip.reading))

    assert len(frames) == len(clip.frame_times) >= 35
    assert len(clip.notes) == 1 and "damaged" in clip.notes[0]
    np.testing.assert_allclose(middles(frames[-1]), middles(quarters(39, (48, 64))), atol=TOLERANCE)
    assert seconds_of(clip)[-2] == pytest.approx(39 / 25, abs=0.002)


def test_a_song_with_a_cover_is_not_a_clip(tmp_path):
    path = with_cover(write_sound_only(tmp_path / "a.mp4"), tmp_path / "song.mp4")
    for read in (clips.probe, clips.guess):
        with pytest.raises(InputError, match="no video stream"):
            read(path)
