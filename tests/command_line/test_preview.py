"""`--preview`: a picture beside the output that is fresh, costs little, and replaces no file of the user."""

import errno
import os
import time
from pathlib import Path

import numpy as np
import pytest

from pipeline.base import atomic
from pipeline.command_line.preview import LONGEST_SIDE, PAUSE, SECONDS, TAG, Preview
from pipeline.core.style_transfer import StepInfo
from pipeline.errors import OutputError
from pipeline.jobs.record.lock import held
from pipeline.pictures import images, writing

OUTPUT, PREVIEW = Path("out/a.png"), Path("out/preview.png")


@pytest.fixture(autouse=True)
def out() -> None:
    OUTPUT.parent.mkdir()


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, which passes only when a test says so."""
    clock = [1e6]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    return clock


def step(level: float = 0.0, size: tuple[int, int] = (20, 30)) -> StepInfo:
    pixels = np.full((*size, 3), level, np.float32)
    return StepInfo(1, 9, 1, 1, {"total": 0.0}, 0.0, lambda: pixels)


def unexpected(message: str) -> None:
    pytest.fail(message)


def level() -> float:
    return float(images.read(PREVIEW).pixels.mean())


def test_it_is_written_at_the_first_step_and_then_every_few_seconds(now: list[float]) -> None:
    """Levels are the seconds since the start."""
    seen = []
    with Preview(OUTPUT) as preview:
        for second in range(12):
            preview.take(step(second), unexpected)
            seen.append(level())
            now[0] += 1
    assert seen == [0] * 5 + [5] * 5 + [10] * 2 and SECONDS == 5


def test_it_is_gone_at_the_end_whatever_the_end() -> None:
    with Preview(OUTPUT) as preview:
        preview.take(step(), unexpected)
        assert PREVIEW.exists()
    assert os.listdir("out") == []
    with pytest.raises(KeyboardInterrupt), Preview(OUTPUT) as preview:
        preview.take(step(), unexpected)
        raise KeyboardInterrupt
    assert os.listdir("out") == []


def test_slow_writing_is_done_less_often(now: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    """A second each: previews take a fiftieth of the time, at most."""
    written = []

    def slow(path: Path, data: bytes) -> None:
        now[0] += 1
        written.append(now[0])
        path.write_bytes(data)

    monkeypatch.setattr(atomic, "write_bytes", slow)
    with Preview(OUTPUT) as preview:
        for _ in range(200):
            preview.take(step(), unexpected)
            now[0] += 1
    assert np.diff(written).min() >= PAUSE
    assert len(written) == 5


def test_a_large_picture_is_shrunk() -> None:
    with Preview(OUTPUT) as preview:
        preview.take(step(size=(100, 3000)), unexpected)
        assert images.read_size(PREVIEW) == (34, LONGEST_SIDE)


@pytest.mark.parametrize("content", ["text", "picture", "folder"])
def test_a_file_of_the_user_is_refused_and_kept(content: str) -> None:
    if content == "folder":
        PREVIEW.mkdir()
    elif content == "text":
        PREVIEW.write_text("mine")
    else:
        writing.write(PREVIEW, np.zeros((20, 20, 3), np.float32), tags={"nstpipe": "{}"})
    with pytest.raises(OutputError, match="out/preview.png: already exists and is no preview.*rename it"):
        Preview(OUTPUT).__enter__()
    assert PREVIEW.exists()


@pytest.mark.parametrize("tag", ["", "{", "5", '"a/b"', '""'])
def test_a_tag_that_names_no_output_makes_no_preview(tag: str) -> None:
    writing.write(PREVIEW, np.zeros((20, 20, 3), np.float32), tags={TAG: tag})
    with pytest.raises(OutputError, match="is no preview"):
        Preview(OUTPUT).__enter__()


def test_a_file_that_appears_meanwhile_is_kept(now: list[float]) -> None:
    warnings: list[str] = []
    with Preview(OUTPUT) as preview:
        preview.take(step(), warnings.append)
        PREVIEW.unlink()
        PREVIEW.write_text("mine")
        for _ in range(3):
            now[0] += 100
            preview.take(step(), warnings.append)
    assert PREVIEW.read_text() == "mine"
    assert warnings == ["no more previews: out/preview.png: was written by another program"]


def test_a_preview_that_was_removed_comes_back(now: list[float]) -> None:
    with Preview(OUTPUT) as preview:
        preview.take(step(1), unexpected)
        PREVIEW.unlink()
        now[0] += SECONDS
        preview.take(step(2), unexpected)
        assert level() == 2


def leave_a_preview(output: Path) -> None:
    """As a killed run does."""
    Preview(output).__enter__().take(step(3), unexpected)


def test_what_a_killed_run_left_is_removed_at_once() -> None:
    for earlier in (OUTPUT, Path("out/b.png")):
        leave_a_preview(earlier)
        with Preview(OUTPUT):
            assert not PREVIEW.exists()


def test_a_preview_that_is_an_input_by_now_is_kept() -> None:
    leave_a_preview(Path("out/b.png"))
    for inputs in ([Path("out/none.png"), PREVIEW], [Path("out/../out/preview.png")]):
        with pytest.raises(OutputError, match="is an input of this job; remove or rename it"):
            Preview(OUTPUT, inputs).__enter__()
    assert level() == 3


def test_a_link_to_an_earlier_preview_is_kept() -> None:
    leave_a_preview(Path("out/b.png"))
    PREVIEW.rename("out/kept.png")
    PREVIEW.symlink_to("kept.png")
    with pytest.raises(OutputError, match="is no preview"):
        Preview(OUTPUT).__enter__()
    assert PREVIEW.is_symlink()


def test_the_preview_of_another_job_that_runs_is_kept() -> None:
    other = Path("out/b.png")
    leave_a_preview(other)
    with held(Path("out/.b.png.nstpipe"), other):
        with pytest.raises(OutputError, match=r"is the preview of out/b\.png, whose job runs"):
            Preview(OUTPUT).__enter__()
        with Preview(other):  # a second run of that job ends by its lock
            pass
        assert level() == 3


def test_an_output_of_that_name_is_refused() -> None:
    with pytest.raises(OutputError, match="is the preview's name; name another output with -o"):
        Preview(PREVIEW).__enter__()


def test_a_full_disk_costs_the_previews_alone(now: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    warnings: list[str] = []
    with Preview(OUTPUT) as preview:
        preview.take(step(), warnings.append)
        monkeypatch.setattr(os, "fsync", full)
        for _ in range(3):
            now[0] += 100
            preview.take(step(), warnings.append)
    assert warnings == [
        "no more previews: out: the disk is full; free some space and type the same line again"
    ]
    assert os.listdir("out") == []
