import os
import shutil
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from pipeline.errors import InputError
from pipeline.video import clip as clips
from tests.support.clips import (
    RED,
    Sound,
    corner,
    rotate,
    seconds_of,
    truncate,
    with_cover,
    write_clip,
    write_sound_only,
)


def is_red(pixel):
    return np.abs(pixel.astype(int) - RED).max() < 40


def test_probe_reads_every_frame_and_its_time(tmp_path):
    path = write_clip(tmp_path / "a.mp4", sounds=[Sound()])

    actual = clips.probe(path)

    assert (actual.height, actual.width) == (48, 64)
    assert seconds_of(actual) == [Fraction(number, 25) for number in range(13)]
    assert (actual.sound, actual.notes, actual.pixel_aspect) == ("aac stereo", (), 1)
    assert actual.seconds == pytest.approx(0.48)


def test_frames_are_rgb_and_as_many_as_probed(tmp_path):
    path = write_clip(tmp_path / "a.mp4")

    actual = list(clips.frames(path))

    assert len(actual) == len(clips.probe(path).frame_times) == 12
    assert all(frame.shape == (48, 64, 3) and frame.dtype == np.uint8 for frame in actual)
    for number, frame in enumerate(actual):
        assert np.abs(frame.astype(int) - corner(number)).mean() < 2


@pytest.mark.parametrize("start", [0, 1, 7, 11, 12, 40])
def test_frames_from_a_later_one_are_the_same_frames(tmp_path, start):
    path = write_clip(tmp_path / "a.mp4", options={"crf": "4", "bf": "3", "g": "5"})
    desired = list(clips.frames(path))[start:]

    actual = list(clips.frames(path, start))

    assert len(actual) == len(desired)
    assert all(np.array_equal(one, other) for one, other in zip(actual, desired, strict=True))


@pytest.mark.parametrize(("angle", "row", "column"), [(0, 4, 4), (90, 4, -4), (180, -4, -4), (270, -4, 4)])
def test_frames_are_upright_with_any_rotation_tag(tmp_path, angle, row, column):
    path = rotate(write_clip(tmp_path / "a.mp4", pixel_aspect=Fraction(4, 3)), angle)

    probed, guessed, frame = clips.probe(path), clips.guess(path), next(clips.frames(path))

    upright = (48, 64) if angle % 180 == 0 else (64, 48)
    assert (probed.height, probed.width) == guessed.size == frame.shape[:2] == upright
    assert probed.pixel_aspect == (Fraction(4, 3) if angle % 180 == 0 else Fraction(3, 4))
    reds = [(y, x) for y in (4, -4) for x in (4, -4) if is_red(frame[y, x])]
    assert reds == [(row, column)]


def test_variable_frame_rate_keeps_every_time(tmp_path):
    times = [0, 3, 4, 10, 11, 30]
    path = write_clip(tmp_path / "a.mp4", times=times, time_base=Fraction(1, 600))

    assert seconds_of(clips.probe(path))[:-1] == [Fraction(time, 600) for time in times]


def test_frames_with_the_same_time_get_different_ones(tmp_path):
    path = write_clip(tmp_path / "a.mp4", time_base=Fraction(1, 25))
    data = path.read_bytes()
    steps = data.index(b"stts") + 12
    path.write_bytes(data[: steps + 4] + bytes(4) + data[steps + 8 :])  # every step becomes 0

    actual = clips.probe(path)

    assert len(actual.frame_times) == 12
    assert seconds_of(actual) == [Fraction(number, 25) for number in range(13)]
    assert len(actual.notes) == 1 and "their times are estimated" in actual.notes[0]


def test_joined_transport_streams_follow_one_another(tmp_path):
    path = write_clip(tmp_path / "a.ts")
    path.write_bytes(path.read_bytes() * 2)

    actual = seconds_of(clips.probe(path))

    assert [time - actual[0] for time in actual] == [Fraction(number, 25) for number in range(25)]


def test_a_transport_stream_begins_at_zero(tmp_path):
    path = write_clip(tmp_path / "a.ts", times=range(1000, 1012), sounds=[Sound(start=40.0)])

    actual = clips.probe(path)

    assert 0 <= seconds_of(actual)[0] < Fraction(1, 10)
    assert float(actual.origin) == pytest.approx(40, abs=0.1)


def test_a_late_start_is_kept(tmp_path):
    path = write_clip(tmp_path / "a.mp4", times=range(13, 25), sounds=[Sound()])

    actual = clips.probe(path)

    assert seconds_of(actual)[0] == Fraction(13, 25)
    assert actual.origin == 0


def test_a_wrong_count_in_the_header_is_ignored(tmp_path):
    path = write_clip(tmp_path / "a.avi", codec="mpeg4", options={"qscale": "2"})
    data = bytearray(path.read_bytes())
    for tag, offset in ((b"avih", 8 + 16), (b"strh", 8 + 32)):
        place = data.index(tag) + offset
        data[place : place + 4] = (500).to_bytes(4, "little")
    path.write_bytes(data)

    assert clips.guess(path).frames == 500
    assert len(clips.probe(path).frame_times) == len(list(clips.frames(path))) == 12


def test_guess_reads_the_header_alone(tmp_path):
    path = write_clip(tmp_path / "a.mp4", sounds=[Sound()])

    assert clips.guess(path) == (12, (48, 64), pytest.approx(0.48))


@pytest.mark.parametrize("size", [(47, 63), (1, 1), (2, 90)])
def test_odd_sizes_are_read_as_they_are(tmp_path, size):
    path = write_clip(
        tmp_path / "a.avi", size=size, codec="ffv1", pixel_format="bgr0", options={"g": "1"}, frames=3
    )

    frame = next(clips.frames(path))

    assert frame.shape == (*size, 3)
    np.testing.assert_array_equal(frame, corner(0, size))


def test_frames_keep_the_first_ones_size(tmp_path):
    small, large = (write_clip(tmp_path / f"{side}.ts", size=(side, side)) for side in (48, 64))
    path = tmp_path / "both.ts"
    path.write_bytes(small.read_bytes() + large.read_bytes())

    assert {frame.shape for frame in clips.frames(path)} == {(48, 48, 3)}
    assert len(list(clips.frames(path))) == len(clips.probe(path).frame_times) == 24


@pytest.fixture
def covered(tmp_path):
    """A clip with a cover picture."""
    return with_cover(write_clip(tmp_path / "plain.mp4"), tmp_path / "covered.mp4")


def test_a_cover_picture_is_not_the_clip(covered):
    actual = clips.probe(covered)

    assert (actual.height, actual.width, len(actual.frame_times)) == (48, 64, 12)


def test_a_cover_picture_before_the_clip_is_not_the_clip(covered):
    """OpenCV takes the first stream, whatever it is."""
    data = covered.read_bytes()
    track, tags = (data.index(name) - 4 for name in (b"trak", b"udta"))
    covered.write_bytes(data[:track] + data[tags:] + data[track:tags])

    frames = list(clips.frames(covered))

    assert (len(frames), frames[0].shape) == (12, (48, 64, 3))
    assert is_red(frames[0][4, 4]) and not is_red(frames[0][-4, -4])


@pytest.mark.parametrize("colour", [1, 6, None])
def test_colours_are_read_by_the_clips_own_matrix(tmp_path, colour):
    colours = [(200, 30, 30), (30, 200, 30), (30, 30, 200), (128, 128, 128), (220, 180, 40)]
    path = write_clip(
        tmp_path / "a.mp4",
        frames=len(colours),
        colour=colour,
        picture=lambda number, size: np.full((*size, 3), colours[number], np.uint8),
    )

    actual = [frame[20, 20] for frame in clips.frames(path)]

    np.testing.assert_allclose(actual, colours, atol=3)


AWKWARD = [
    "-x.mp4",
    "a:b.mp4",
    "http:x.mp4",
    "file:x.mp4",
    "a b%03d.mp4",
    "new\nline.mp4",
    "ein Füchslein 狐.mp4",
]


@pytest.mark.parametrize("name", AWKWARD)
def test_any_file_name_can_be_read(tmp_path, monkeypatch, name):
    shutil.copy(write_clip(tmp_path / "plain.mp4"), tmp_path / name)
    monkeypatch.chdir(tmp_path)

    assert len(clips.probe(Path(name)).frame_times) == 12
    assert clips.guess(Path(name)).frames == 12
    assert len(list(clips.frames(Path(name)))) == 12


@pytest.mark.skipif(os.name != "posix", reason="names are bytes on POSIX alone")
def test_a_file_name_that_is_not_utf8_can_be_read(tmp_path):
    plain = write_clip(tmp_path / "plain.mp4")
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.mp4"))
    try:
        shutil.copy(plain, path)
    except OSError:
        pytest.skip("this file system takes UTF-8 alone")

    assert len(list(clips.frames(path))) == len(clips.probe(path).frame_times) == 12


def missing(path):
    return path


def folder(path):
    path.mkdir()
    return path


def empty(path):
    path.touch()
    return path


def text(path):
    path.write_text("Dear diary,\n")
    return path


def picture(path):
    Image.new("RGB", (8, 8)).save(path, format="PNG")
    return path


def no_index(path):
    return truncate(write_clip(path), 0.6)


def no_frame(path):
    return truncate(write_clip(path, container={"movflags": "+faststart"}, sounds=[Sound()]), 0.3)


BAD = {
    missing: "no such file",
    folder: "is a folder",
    empty: "is empty",
    text: "is not a video that can be read",
    picture: "is not a video; nstpipe image",
    no_index: "is cut short",
    no_frame: "none of its frames can be read",
    write_sound_only: "has no video stream",
}


@pytest.mark.parametrize(("make", "why"), BAD.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_a_bad_file_costs_one_clear_line(tmp_path, capfd, make, why):
    path = make(tmp_path / "bad.mp4")
    capfd.readouterr()

    for read in (clips.probe, clips.guess, lambda path: next(clips.frames(path))):
        if (make, read) == (no_frame, clips.guess):
            continue  # its header is whole
        with pytest.raises((InputError, StopIteration)) as caught:
            read(path)
        if caught.type is InputError:
            assert str(caught.value).startswith(f"{path}: ") and why in str(caught.value)
            assert "\n" not in str(caught.value)

    with pytest.raises(InputError, match=why):
        clips.probe(path)
    assert capfd.readouterr() == ("", "")


def test_a_newline_in_the_name_stays_on_one_line(tmp_path):
    with pytest.raises(InputError) as caught:
        clips.probe(tmp_path / "new\nline.mp4")

    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_clip_cut_short_gives_what_it_has_and_says_so(tmp_path, capfd, suffix):
    options = {"movflags": "+faststart"} if suffix == ".mp4" else {}
    path = write_clip(tmp_path / f"a{suffix}", frames=40, container=options, sounds=[Sound(seconds=1.6)])
    truncate(path, 0.8)

    actual = clips.probe(path)

    assert 5 < len(actual.frame_times) < 40
    assert len(list(clips.frames(path))) == len(actual.frame_times)
    assert len(actual.notes) == 1 and "damaged or cut short" in actual.notes[0]
    assert capfd.readouterr() == ("", "")


def test_damage_half_way_is_reported_and_survived(tmp_path, capfd):
    path = write_clip(tmp_path / "a.mp4", frames=40, options={"crf": "4", "bf": "0", "g": "10"})
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 400] = b"\xff" * 400
    path.write_bytes(data)

    actual = clips.probe(path)

    assert len(list(clips.frames(path))) == len(actual.frame_times) > 20
    assert capfd.readouterr() == ("", "")


def test_the_log_level_of_opencv_is_restored(tmp_path):
    path = write_clip(tmp_path / "a.mp4")
    desired = cv2.utils.logging.getLogLevel()

    list(clips.frames(path))

    assert cv2.utils.logging.getLogLevel() == desired


def test_frames_of_a_stream_that_changes_its_size_have_one_size(tmp_path):
    """OpenCV scales them."""
    small, large = (write_clip(tmp_path / f"{n}.ts", size=(24 * n, 32 * n), frames=6) for n in (2, 4))
    path = tmp_path / "both.ts"
    path.write_bytes(small.read_bytes() + large.read_bytes())
    frames = list(clips.frames(path))
    assert len(frames) == 12
    assert {frame.shape for frame in frames} == {(*clips.guess(path).size, 3)}
