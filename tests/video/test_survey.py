"""A clip's frames, small, seen while it is probed: the same that reading it gives."""

import av
import cv2
import numpy as np
import pytest

from pipeline.base.resizing import size_to_fit
from pipeline.video import clip as clips
from pipeline.video.decoding import colours
from pipeline.video.decoding.comparison import SampledFrames
from pipeline.video.decoding.small_frames import SmallFrames
from tests.support.clips import BT2020, rotate, turn, write_clip
from tests.support.hdr import HLG, PQ
from tests.support.media import scene

SIZE = (96, 128)


def view(index, size):
    return scene(3 + index // 4, *size)


def write(path, size=SIZE, frames=20, **how):
    return write_clip(path, **{"size": size, "frames": frames, "picture": view} | how)


def surveyed(path, side):
    seen = []
    clip, are_all = clips.survey(path, side, seen.append)
    assert clip == clips.probe(path)
    return clip, are_all, seen


def shrunk(frame, side):
    height, width = size_to_fit(frame.shape[:2], side)
    return cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA)


ORDINARY = {
    "H.264": lambda folder: write(folder / "a.mp4"),
    "portrait": lambda folder: rotate(write(folder / "a.mp4"), 90),
    "odd": lambda folder: write(
        folder / "a.mkv", (95, 127), codec="ffv1", pixel_format="bgr0", options={"g": "1"}
    ),
    "mirrored": lambda folder: turn(write(folder / "a.mp4"), (0, 1, 1, 0)),
    "AV1": lambda folder: write(folder / "a.webm", codec="libsvtav1", options={"preset": "12", "crf": "20"}),
    "untagged HD": lambda folder: write(folder / "a.mp4", (720, 1280), frames=3, colour=None),
}  # fmt: skip


@pytest.mark.parametrize("write_one", ORDINARY.values(), ids=ORDINARY)
@pytest.mark.parametrize("side", [40, 2000])
def test_the_frames_are_those_that_reading_gives(tmp_path, write_one, side):
    path = write_one(tmp_path)

    clip, are_all, seen = surveyed(path, side)

    assert are_all and len(seen) == len(clip.frame_times)
    for small, frame in zip(seen, clips.frames(clip.reading), strict=True):
        np.testing.assert_array_equal(small, shrunk(frame, side))


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_frames_of_hdr_are_shrunk_before_their_colours_are_converted(tmp_path, transfer, monkeypatch):
    def dim(index, size):
        return (view(index, size) * 0.6).astype(np.uint8)

    path = write(
        tmp_path / "a.mp4", (288, 384), frames=3, picture=dim, pixel_format="yuv420p10le", colour=BT2020,
        primaries=BT2020, transfer=transfer,
    )  # fmt: skip

    clip, are_all, seen = surveyed(path, 40)

    assert are_all and clip.reading.has_wide_colours
    for small, frame in zip(seen, clips.frames(clip.reading), strict=True):
        difference = np.abs(small.astype(int) - shrunk(frame, 40))
        assert difference.mean() < 1 and small.shape == (30, 40, 3)


def two_sizes(folder):
    """PyAV is needed from the fourth frame on."""
    parts = [write(folder / f"{side}.ts", (side, 64), frames=3) for side in (48, 96)]
    path = folder / "both.ts"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path


ODD = {
    "interlaced": lambda folder: write(folder / "a.mp4", fields="tff", frames=3),
    "two sizes": two_sizes,
}


@pytest.mark.parametrize("write_one", ODD.values(), ids=ODD)
def test_what_was_seen_of_an_odd_clip_is_of_no_use(tmp_path, write_one):
    clip, are_all, _ = surveyed(write_one(tmp_path), 40)

    assert not are_all and clip.reading.decoder == "pyav"


def test_a_frame_that_cannot_be_converted_is_left_to_reading(tmp_path, monkeypatch):
    seen = []
    path = turn(write(tmp_path / "a.mp4", frames=5), (-1, 0, 0, 1))
    small, sampled = SmallFrames(path, 40, seen.append), SampledFrames()
    to_rgb, count = colours.RgbConverter.to_rgb, []

    def fail_at_third(converter, frame):
        count.append(frame)
        if len(count) == 3:
            raise ValueError
        return to_rgb(converter, frame)

    monkeypatch.setattr(colours.RgbConverter, "to_rgb", fail_at_third)
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            sampled.add(frame)
            small.add_pyavs(frame, sampled)

    assert len(seen) == 2
    assert not small.are_all_of(clips.probe(path).reading, 5)


@pytest.mark.parametrize("count", [19, 21])
def test_frames_that_one_decoder_lacks_are_noticed(tmp_path, count):
    """What was seen is of no use, whatever decoder reads the clip then."""
    path = write(tmp_path / "a.mp4")
    small = SmallFrames(path, 40, lambda frame: None)
    for frame in clips.frames(path):
        small.add_opencvs(frame)

    reading = clips.probe(path).reading

    assert small.are_all_of(reading, 20)
    assert not small.are_all_of(reading, count)
