"""What a cut or a power failure leaves of a video is told from a whole file of others."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.video import clip as clips
from pipeline.video import encoding
from pipeline.video.damage import is_damaged
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
    data = path.read_bytes()
    assert not is_damaged(path)
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
        found[name] = is_damaged(path)
    assert found == dict.fromkeys(damaged, True)


def test_other_whole_files_are_not_damage() -> None:
    for name in ("in.mp4", "in.mkv", "in.mov"):
        assert not is_damaged(clip(name, frames=3))
    for number, data in enumerate((b"my notes", b"my notes " * 99, np.arange(999, dtype=np.uint8).tobytes())):
        Path(f"{number}.mp4").write_bytes(data)
        assert not is_damaged(Path(f"{number}.mp4"))
    shutil.copy("in.mkv", "out.mp4")
    assert not is_damaged(Path("out.mp4"))
