import subprocess
import sys
import tracemalloc
from collections import deque
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from PIL import Image

from pipeline.errors import InputError, OutputError
from pipeline.video import clip as clips
from pipeline.video.decoding.reading import Reading
from pipeline.video.writing import encoding
from pipeline.video.writing.sound import MuxPlan
from tests.support import ROOT
from tests.support.clips import Sound, corner, rotate, seconds_of, split, through, write_clip

COLOURS = [
    (200, 30, 30), (30, 200, 30), (30, 30, 200), (128, 128, 128), (250, 250, 250), (5, 5, 5),
    (220, 180, 40), (90, 160, 210), (255, 0, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0),
]  # fmt: skip


def write_pictures(folder, pictures):
    folder.mkdir()
    paths = [folder / f"{number}.png" for number in range(len(pictures))]
    for path, pixels in zip(paths, pictures, strict=True):
        Image.fromarray(pixels).save(path)
    return paths


def decoded(path):
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


VARIABLE = {"times": [0, 3, 4, 10, 11, 30, 31, 90], "time_base": Fraction(1, 600)}
BROADCAST = {"times": [1001 * number for number in range(12)], "time_base": Fraction(1, 30000)}
LATE = {"times": range(13, 25), "sounds": [Sound()]}
BACKWARD = {"options": {"crf": "4", "bf": "3"}, "sounds": [Sound()]}
ONE = {"frames": 1}


@pytest.mark.parametrize("given", [{}, VARIABLE, BROADCAST, LATE, BACKWARD, ONE], ids=str)
@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
def test_every_frame_keeps_its_time(tmp_path, given, suffix):
    path = write_clip(tmp_path / "a.mp4", **given)

    actual = through(path, tmp_path / f"out{suffix}")

    assert seconds_of(actual) == seconds_of(clips.probe(path))
    assert actual.notes == ()


@pytest.mark.parametrize("given", [{}, VARIABLE, BROADCAST, LATE, BACKWARD], ids=str)
def test_matroska_keeps_times_to_the_millisecond(tmp_path, given):
    path = write_clip(tmp_path / "a.mp4", **given)

    actual = through(path, tmp_path / "out.mkv")

    desired = seconds_of(clips.probe(path))[:-1]
    assert len(actual.frame_times) == len(desired)
    np.testing.assert_allclose(np.float64(seconds_of(actual)[:-1]), np.float64(desired), atol=0.00051)


@pytest.mark.parametrize("name", ["a.avi", "a.mkv", "a.webm", "a.ts", "a.mov"])
def test_any_source_becomes_an_mp4_with_its_times(tmp_path, name):
    codec = {".avi": "mpeg4", ".webm": "libvpx"}.get(Path(name).suffix, "libx264")
    path = write_clip(tmp_path / name, codec=codec, options={"b": "400000"})

    actual = through(path, tmp_path / "out.mp4")

    assert seconds_of(actual) == seconds_of(clips.probe(path))


def test_a_nanosecond_clock_is_kept(tmp_path):
    path = write_clip(tmp_path / "a.mp4")
    times = tuple(33_366_701 * number for number in range(12))
    clip = clips.Clip(path, 48, 64, times, Fraction(1, 10**9), 33_366_701, Reading(path, "opencv", (48, 64)))

    encoding.assemble(split(path, tmp_path / "frames"), clip, tmp_path / "out.mp4")

    assert seconds_of(clips.probe(tmp_path / "out.mp4")) == seconds_of(clip)


def test_the_stream_is_what_browsers_play(tmp_path):
    output = tmp_path / "out.mp4"
    through(write_clip(tmp_path / "a.mp4", sounds=[Sound()]), output)

    with av.open(str(output)) as container:
        stream = container.streams.video[0]
        context = stream.codec_context
        assert (stream.codec.name, context.pix_fmt, context.width, context.height) == (
            "h264",
            "yuv420p",
            64,
            48,
        )
        tags = (context.color_range, context.colorspace, context.color_primaries, context.color_trc)
        assert tags == (1, 1, 1, 1)
        assert "creation_time" not in container.metadata
    data = output.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_colours_survive_both_readers_and_a_second_generation(tmp_path):
    pictures = write_pictures(tmp_path / "in", [np.full((48, 64, 3), c, np.uint8) for c in COLOURS])
    clip = clips.probe(write_clip(tmp_path / "a.mp4"))
    first, second = tmp_path / "first.mp4", tmp_path / "second.mp4"

    encoding.assemble(pictures, clip, first)
    through(first, second)

    def middles(frames):
        return np.int64([frame[24, 32] for frame in frames])

    once = middles(clips.frames(first))
    np.testing.assert_allclose(middles(decoded(first)), COLOURS, atol=3)
    np.testing.assert_allclose(once, COLOURS, atol=3)
    np.testing.assert_allclose(middles(decoded(second)), once, atol=3)
    np.testing.assert_allclose(middles(clips.frames(second)), once, atol=3)


def test_pictures_with_a_gain_are_dimmed_by_it_and_the_others_are_not(tmp_path):
    pictures = write_pictures(tmp_path / "in", [np.full((48, 64, 3), 200, np.uint8)] * 12)
    clip = clips.probe(write_clip(tmp_path / "a.mp4"))

    encoding.assemble(pictures, clip, tmp_path / "out.mp4", gains={0: 0.5, 3: 0.0, 11: 0.25})

    levels = [frame[24, 32].mean() for frame in clips.frames(tmp_path / "out.mp4")]
    np.testing.assert_allclose(levels, [100, 200, 200, 0, *[200] * 7, 50], atol=1.5)


@pytest.mark.parametrize("size", [(47, 63), (1, 1), (48, 63), (2, 90), (90, 3)])
def test_odd_sides_are_padded_by_their_edge(tmp_path, size):
    height, width = size
    pixels = np.full((height, width, 3), 90, np.uint8)
    pixels[-1], pixels[:, -1] = 180, 180
    clip = clips.probe(write_clip(tmp_path / "a.mp4"))

    encoding.assemble(write_pictures(tmp_path / "in", [pixels] * 12), clip, tmp_path / "out.mp4")

    actual = decoded(tmp_path / "out.mp4")[-1]
    assert actual.shape == (height + height % 2, width + width % 2, 3)
    np.testing.assert_allclose(actual[-1, -1], 180, atol=12)


def test_upright_frames_carry_no_rotation_and_oblong_pixels_stay(tmp_path):
    path = rotate(write_clip(tmp_path / "a.mp4", pixel_aspect=Fraction(4, 3)), 90)

    actual = through(path, tmp_path / "out.mp4")

    assert (actual.height, actual.width, actual.pixel_aspect) == (64, 48, Fraction(3, 4))
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert next(container.decode(video=0)).rotation == 0


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov"])
def test_the_same_pictures_give_the_same_bytes(tmp_path, suffix):
    sounds = [Sound(), Sound("vorbis")]
    path = write_clip(tmp_path / "a.mkv", size=(160, 200), sounds=sounds)
    clip, pictures = clips.probe(path), split(path, tmp_path / "frames")
    outputs = [tmp_path / f"{number}{suffix}" for number in range(3)]

    for output in outputs:
        encoding.assemble(pictures, clip, output)

    assert len({output.read_bytes() for output in outputs}) == 1


def test_the_bytes_do_not_depend_on_the_number_of_processors(tmp_path):
    if not hasattr(__import__("os"), "sched_setaffinity"):
        pytest.skip("this system cannot pin a process to one processor")
    path = write_clip(tmp_path / "a.mp4", size=(160, 200))
    clip, pictures = clips.probe(path), split(path, tmp_path / "frames")
    encoding.assemble(pictures, clip, tmp_path / "all.mp4")
    script = (
        "import os, sys; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))});"
        "from pathlib import Path; from pipeline.video import clip;"
        "from pipeline.video.writing import encoding;"
        "source, output, *pictures = map(Path, sys.argv[1:]);"
        "encoding.assemble(pictures, clip.probe(source), output)"
    )
    one = tmp_path / "one.mp4"

    subprocess.run([sys.executable, "-c", script, path, one, *pictures], check=True, cwd=ROOT)

    assert one.read_bytes() == (tmp_path / "all.mp4").read_bytes()


def test_each_frame_is_reported(tmp_path):
    path = write_clip(tmp_path / "a.mp4")
    numbers = []

    encoding.assemble(
        split(path, tmp_path / "frames"), clips.probe(path), tmp_path / "out.mp4", on_frame=numbers.append
    )

    assert numbers == list(range(1, 13))


def test_an_interruption_keeps_the_earlier_output(tmp_path):
    path, output = write_clip(tmp_path / "a.mp4", sounds=[Sound()]), tmp_path / "out.mp4"
    output.write_bytes(b"before")
    pictures = split(path, tmp_path / "frames")

    def stop(number):
        if number == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        encoding.assemble(pictures, clips.probe(path), output, on_frame=stop)

    assert output.read_bytes() == b"before"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.mp4", "frames", "out.mp4"]


def test_one_picture_too_few_is_refused(tmp_path):
    path = write_clip(tmp_path / "a.mp4")

    with pytest.raises(OutputError, match="11 pictures for 12 frames"):
        encoding.assemble(split(path, tmp_path / "frames")[1:], clips.probe(path), tmp_path / "out.mp4")


def missing(path):
    path.unlink()


def damaged(path):
    path.write_bytes(path.read_bytes()[:60])


def another_size(path):
    Image.new("RGB", (32, 32)).save(path)


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (missing, "cannot be read"),
        (damaged, "cannot be read"),
        (another_size, "is 32x32, the first frame 64x48"),
    ],
)
def test_a_damaged_picture_is_named(tmp_path, damage, why):
    path = write_clip(tmp_path / "a.mp4")
    pictures = split(path, tmp_path / "frames")
    damage(pictures[7])

    with pytest.raises(InputError, match=why) as caught:
        encoding.assemble(pictures, clips.probe(path), tmp_path / "out.mp4")

    assert str(caught.value).startswith(str(pictures[7])) and "\n" not in str(caught.value)
    assert not (tmp_path / "out.mp4").exists()


def test_a_missing_folder_is_named(tmp_path):
    path = write_clip(tmp_path / "a.mp4")

    with pytest.raises(OutputError, match=r"out\.mp4: cannot be written"):
        encoding.assemble(split(path, tmp_path / "frames"), clips.probe(path), tmp_path / "no" / "out.mp4")


@pytest.mark.parametrize("name", ["-x.mp4", "a:b.MP4", "new\nline.mkv", "狐 fox.mov"])
def test_any_name_can_be_written(tmp_path, monkeypatch, name):
    path = write_clip(tmp_path / "a.mp4", sounds=[Sound()])
    pictures = split(path, tmp_path / "frames")
    monkeypatch.chdir(tmp_path)

    encoding.assemble(pictures, clips.probe(path), Path(name))

    assert len(decoded(tmp_path / name)) == 12


def test_opencv_reads_every_frame_of_the_result(tmp_path):
    through(write_clip(tmp_path / "a.mp4", **BACKWARD), tmp_path / "out.mp4")

    capture = cv2.VideoCapture(str(tmp_path / "out.mp4"))
    actual = []
    while (read := capture.read())[0]:
        actual.append(read[1][..., ::-1])

    assert len(actual) == 12
    for number, frame in enumerate(actual):
        assert np.abs(frame.astype(int) - corner(number)).mean() < 4


def test_memory_does_not_grow_with_the_number_of_frames(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 255, (120, 160, 3)).astype(np.uint8)
    picture = write_pictures(tmp_path / "in", [pixels])[0]

    def peak(count):
        clip = clips.Clip(
            path, 120, 160, tuple(range(count)), Fraction(1, 25), 1, Reading(path, "opencv", (120, 160))
        )
        tracemalloc.start()
        output = tmp_path / "out.mp4"
        # In this process, where it can be measured.
        written = encoding._write([picture] * count, clip, output, output, MuxPlan("mp4"), {})
        assert deque(written, maxlen=1).pop() == count
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used

    path = write_clip(tmp_path / "a.mp4")
    peak(10)

    assert peak(200) < peak(50) + 2 * pixels.nbytes
