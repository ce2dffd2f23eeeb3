"""Sequences of pictures: which files, which order, which times, which pixels."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.errors import InputError, SettingsError
from pipeline.footage import sources
from pipeline.footage.picture_sequence import PictureSequence
from tests.support.clips import seconds_of, write_clip
from tests.support.media import picture, scene
from tests.support.pictures import noise, quarters, saved, with_orientation


def numbered(pattern: str, numbers: list[int], *, same: int | None = None) -> None:
    for number in numbers:
        picture(pattern % number, same or number + 1)


def found(path: str, rate: Fraction | None = None) -> PictureSequence:
    sequence = sources.find(Path(path), rate)
    assert isinstance(sequence, PictureSequence)
    return sequence


def test_numbers_start_anywhere_and_keep_their_order() -> None:
    numbered("frames/%d.png", [1009, 1010, 1011])
    numbered("frames/%d.png", [998, 10000])
    for path in ("frames/%d.png", "frames"):
        assert found(path).numbers == (998, 1009, 1010, 1011, 10000)
        assert [file.stem for file in found(path).files] == ["998", "1009", "1010", "1011", "10000"]


@pytest.mark.parametrize("path", ["frames/f_%03d.png", "frames"])
def test_a_gap_is_one_line_and_the_times_close_up(path: str) -> None:
    numbered("frames/f_%03d.png", [5, 6, 8, 11])
    clip = sources.probe(found(path, Fraction(24)))
    (note,) = clip.notes
    assert note == f"{path}: 3 numbers are missing, the first 7; the frames around a gap follow each other"
    assert seconds_of(clip) == [Fraction(n, 24) for n in range(5)]
    Path("frames/f_011.png").unlink()
    assert sources.probe(found(path)).notes[0].startswith(f"{path}: number 7 is missing;")
    picture("frames/f_007.png")
    assert sources.probe(found(path)).notes == ()


def test_a_folder_without_numbers_is_in_natural_order() -> None:
    for name in ("b2_x.png", "b10_y.png", "A3.png", ".hidden.png", "notes.txt"):
        picture(f"frames/{name}" if name != "notes.txt" else "frames/c.png")
    Path("frames/c.png").rename("frames/notes.txt")
    Path("frames/sub").mkdir()
    sequence = found("frames")
    assert [file.name for file in sequence.files] == ["A3.png", "b2_x.png", "b10_y.png"]
    assert (sequence.numbers, sequence.notes) == ((1, 2, 3), ())


@pytest.mark.parametrize("rate", [Fraction(24), Fraction(24000, 1001), Fraction(1, 10)])
def test_frames_are_shown_for_exactly_one_over_the_rate(rate: Fraction) -> None:
    numbered("%04d.png", [1, 2, 3])
    clip = sources.probe(found("%04d.png", rate))
    assert seconds_of(clip) == [n / rate for n in range(4)]
    assert (clip.sound, clip.height, clip.width) == (None, 36, 48)
    assert sources.guess(found("%04d.png", rate)) == (3, (36, 48), pytest.approx(float(3 / rate)))


@pytest.mark.parametrize("start", [0, 2])
def test_the_frames_are_the_pixels_of_the_files(start: int) -> None:
    numbered("%04d.png", [1, 2, 3])
    frames = list(sources.frames(sources.probe(found("%04d.png")).reading, start))
    assert [frame.dtype for frame in frames] == [np.uint8] * (3 - start)
    for frame, number in zip(frames, range(1 + start, 4), strict=True):
        np.testing.assert_array_equal(frame, scene(number + 1))


def test_frames_are_upright_and_of_8_bits() -> None:
    saved(Path(), "1.jpg", with_orientation(quarters(), 6, "JPEG"))
    clip = sources.probe(found("%d.jpg"))
    (frame,) = sources.frames(clip.reading)
    assert (clip.height, clip.width) == frame.shape[:2] == quarters().shape[:2]
    np.testing.assert_allclose(frame[4, 4], (255, 0, 0), atol=8)
    Image.fromarray(np.full((20, 30), 40_000, np.uint16)).save("1.png")
    (frame,) = sources.frames(sources.probe(found("%d.png")).reading)
    assert frame.shape == (20, 30, 3) and (frame == 156).all()


def test_what_a_picture_lacks_is_told() -> None:
    Image.fromarray(noise(40, 40)).save("1.jpg", quality=95)
    Path("1.jpg").write_bytes(Path("1.jpg").read_bytes()[:-2])
    notes: list[str] = []
    assert len(list(sources.frames(sources.probe(found("%d.jpg")).reading, note=notes.append))) == 1
    assert notes == ["1.jpg: lacks its end marker; every pixel is there"]


def test_pictures_of_another_size_or_none_are_named() -> None:
    numbered("%04d.png", [1, 2])
    picture("0003.png", 3, 40, 48)
    with pytest.raises(InputError, match=r"^0003.png: is 48x40 pixels, the first picture .* 48x36; bring"):
        sources.probe(found("%04d.png"))
    Path("0003.png").write_text("no picture")
    with pytest.raises(InputError, match=r"^0003.png: "):
        sources.probe(found("%04d.png"))


def test_a_picture_that_is_cut_short_is_named_when_it_is_read() -> None:
    numbered("%04d.png", [1, 2])
    whole = Path("0002.png").read_bytes()
    Path("0002.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"^0002.png: "):
        list(sources.frames(sources.probe(found("%04d.png")).reading))


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("no/%04d.png", "no: no such folder"),
        ("frames/%03d.png", "frames/%03d.png: no file has a name of this form; check the number of digits"),
        ("empty", "empty: holds no picture that can be read"),
        ("mixed", r"mixed: holds pictures of several kinds \(1 .jpg, 1 .png\); .* such as mixed/%04d.jpg"),
    ],
)
def test_a_sequence_without_pictures_is_one_line(path: str, message: str) -> None:
    numbered("frames/%02d.png", [1])
    Path("empty").mkdir()
    picture("mixed/1.jpg"), picture("mixed/2.png")
    with pytest.raises(InputError, match=message) as caught:
        sources.find(Path(path))
    assert "\n" not in str(caught.value)


def test_a_clip_with_a_rate_is_refused_and_a_file_of_a_patterns_name_is_a_clip() -> None:
    path = write_clip(Path("a%d.mp4"), frames=2)
    assert sources.find(path) == path
    with pytest.raises(SettingsError, match="a%d.mp4: a clip has its own frame times; --fps is for"):
        sources.find(path, Fraction(24))
