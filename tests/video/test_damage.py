"""What a cut or a power failure leaves of a video is told from a whole file of others."""

import errno
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from pipeline.errors import InputError
from pipeline.video import clip as clips
from pipeline.video import damage
from pipeline.video.damage import has_holes, is_damaged, start_of
from pipeline.video.writing import encoding
from tests.support.isolated_work import crash_on
from tests.support.media import clip
from tests.support.pictures import noise


@pytest.fixture(params=[".mp4", ".m4v", ".mov", ".mkv"])
def path(request: pytest.FixtureRequest) -> Path:
    source, path = clips.probe(clip("in.mp4", frames=6)), Path("out" + request.param)
    pictures = [Path(f"{number}.png") for number in range(6)]
    for number, picture in enumerate(pictures):
        Image.fromarray(noise(64, 96, seed=number)).save(picture)
    encoding.assemble(pictures, source, path)
    return path


def test_cuts_and_holes_are_damage_and_the_whole_file_is_not(path: Path) -> None:
    data, start = path.read_bytes(), start_of(path)
    assert not is_damaged(path, start)
    half = len(data) // 2
    damaged = {
        "a byte": data[:-1],
        "a tail": data[:-100],
        "half": data[:half],
        "the start": data[:20],
        "three bytes": data[:3],
        "nothing": b"",
        "zeros": bytes(len(data)),
        "a tail of zeros": data[:half] + bytes(len(data) - half),
        "a hole": data[:half] + bytes(4096) + data[half + 4096 :],
    }
    found = {}
    for name, content in damaged.items():
        path.write_bytes(content)
        found[name] = is_damaged(path, start)
    assert found == dict.fromkeys(damaged, True)


def test_other_whole_files_are_not_damage(path: Path) -> None:
    start = start_of(path)
    for name in ("in.mp4", "in.mkv", "in.mov"):
        assert not is_damaged(clip(name, frames=3), start)
    data = path.read_bytes()
    others = {
        "notes": b"my notes",
        "more notes": b"my notes " * 99,
        "numbers": np.arange(999, dtype=np.uint8).tobytes(),
        "another clip that is being copied": Path("in.mkv").read_bytes()[:900],
        "the same of an MP4": Path("in.mp4").read_bytes()[:900],
        "a picture in the same boxes": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(range(200)),
        "the video with another beginning": data[:4] + data[4:8][::-1] + data[8:],
    }
    damaged = {}
    for name, content in others.items():
        path.write_bytes(content)
        damaged[name] = is_damaged(path, start)
    assert damaged == dict.fromkeys(others, False)


def test_a_video_whose_start_is_not_known_is_damaged_only_where_nothing_is_left() -> None:
    path = clip("a.mp4", frames=2)
    data = path.read_bytes()
    for content, desired in ((data[:-1], False), (b"", True), (bytes(len(data)), True)):
        path.write_bytes(content)
        assert is_damaged(path, b"") is desired


@pytest.mark.parametrize(
    "error", [av.OSError(errno.EIO, "failed"), av.MemoryError(errno.ENOMEM, "failed")], ids=["disk", "memory"]
)
def test_a_disk_that_cannot_be_read_and_a_lack_of_memory_are_no_holes(
    error: av.FFmpegError, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*arguments: object, **options: object) -> None:
        raise error

    path = clip("a.mp4", frames=2)
    monkeypatch.setattr(av, "open", fails)
    with pytest.raises(InputError):
        has_holes(path)


def test_a_crash_while_holes_are_looked_for_is_no_damage(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which also shows that they are looked for in a process of its own."""
    path = clip("a.mp4", frames=2)
    monkeypatch.setattr(damage, "has_holes", crash_on)
    assert not is_damaged(path, start_of(path))
