"""A file that changes while a job reads it: nothing is filed under the hash of the earlier content."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline import Observer, StepInfo, stylize_folder, stylize_image, stylize_video
from pipeline.errors import InputError, NstpipeError
from pipeline.jobs.planning.plan import Item
from pipeline.jobs.record import fingerprint
from pipeline.jobs.record.input_files import InputFile
from pipeline.jobs.record.journal import Journal
from tests.support.media import TINY, clip, picture

MESSAGE = "{}: changed while the job ran, .* type the same line again"


class At(Observer):
    """Calls a function once, at a moment of the job: ``began``, ``item_began``, ``step``, ``assembling``."""

    def __init__(self, moment: str, what: Callable[[], object], count: int = 1) -> None:
        self.moment, self.what, self.count = moment, what, count

    def _reached(self, moment: str) -> None:
        if moment == self.moment:
            self.count -= 1
            if self.count == 0:
                self.what()

    def began(self, total: int, done: int) -> None:
        self._reached("began")

    def item_began(self, item: Item) -> None:
        self._reached("item_began")

    def step(self, info: StepInfo) -> None:
        self._reached("step")

    def assembling(self, frame: int, frames: int) -> None:
        self._reached("assembling")


def replaced(path: Path, by: Path) -> Callable[[], object]:
    """Replace a file by another inode."""
    return lambda: os.replace(by, path)


def overwritten(path: Path, by: Path) -> Callable[[], object]:
    """Write other bytes into the same file."""
    return lambda: shutil.copyfile(by, path)


@pytest.mark.parametrize(("moment", "change"), [("item_began", overwritten), ("step", replaced)])
def test_a_picture_that_changes_fails_and_the_same_line_makes_it(moment: str, change) -> None:
    content, other, style = picture("photo.png", 1), picture("other.png", 2), picture("starry.jpg", 9)
    with pytest.raises(InputError, match=MESSAGE.format("photo.png")) as caught:
        stylize_image(content, [style], observer=At(moment, change(content, other)), **TINY)
    assert "\n" not in str(caught.value)
    assert not Path("photo_starry.png").exists()
    stylize_image(content, [style], **TINY)
    with Journal(Path(".photo_starry.png.nstpipe"), read_only=True) as journal:
        assert journal.entries()["photo_starry.png"].content == fingerprint.of_file(content)


def test_in_a_batch_a_picture_that_changes_costs_only_itself() -> None:
    style, other = picture("starry.jpg", 9), picture("other.png", 7)
    for name in "abc":
        picture(f"photos/{name}.png", ord(name))
    changes = At("step", overwritten(Path("photos/b.png"), other), count=3)  # two steps for each picture
    outcome = stylize_folder("photos", [style], observer=changes, **TINY)
    (failed,) = outcome.failed
    assert (outcome.done, failed.name) == (2, "b_starry.png")
    assert "changed while the job ran" in failed.reason
    assert not Path("photos_starry/b_starry.png").exists()
    assert stylize_folder("photos", [style], **TINY).stylized == 1


def test_a_picture_that_is_removed_after_it_was_read_does_no_harm() -> None:
    content, style = picture("photo.png", 1), picture("starry.jpg", 9)
    assert stylize_image(content, [style], observer=At("step", content.unlink), **TINY).stylized == 1


@pytest.mark.parametrize("of_video", [False, True])
def test_a_style_that_changes_before_it_is_read_stops_the_job(of_video: bool) -> None:
    style, other = picture("starry.png", 9), picture("other.png", 7)
    changes = At("began", overwritten(style, other))
    with pytest.raises(InputError, match=MESSAGE.format("starry.png")):
        if of_video:
            stylize_video(clip("in.mp4", frames=2), [style], "out.mp4", observer=changes, **TINY)
        else:
            stylize_image(picture("photo.png", 1), [style], "out.png", observer=changes, **TINY)
    assert not list(Path().glob("out.*"))
    assert not list(Path().glob(".out.*"))


@pytest.mark.parametrize(
    ("moment", "count", "done", "change"),
    [
        ("began", 1, 0, overwritten),
        ("step", 3, 1, replaced),
        ("step", 3, 1, overwritten),
        ("assembling", 1, 3, replaced),
    ],
)
def test_a_clip_that_changes_stops_the_job(moment: str, count: int, done: int, change) -> None:
    """At the second frame's first step, the first frame is done; while assembling, all are."""
    source, other, style = clip("in.mp4", frames=3), clip("other.mp4", frames=4), picture("starry.jpg", 9)
    with pytest.raises(InputError, match=MESSAGE.format("in.mp4")):
        stylize_video(source, [style], observer=At(moment, change(source, other), count), **TINY)
    assert not Path("in_starry.mp4").exists()
    frames = sorted(path.name for path in Path(".in_starry.mp4.nstpipe").glob("frames/*"))
    assert len(frames) == done
    if done:
        with Journal(Path(".in_starry.mp4.nstpipe"), read_only=True) as journal:
            assert sorted(journal.entries()) == frames


def test_a_clip_that_is_only_touched_is_stylised() -> None:
    source, style = clip("in.mp4", frames=3), picture("starry.jpg", 9)
    observer = At("step", lambda: os.utime(source, (1, 1)))
    assert stylize_video(source, [style], observer=observer, **TINY).done == 3


def test_a_file_is_read_again_only_where_its_stamp_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    path = Path("a")
    path.write_bytes(b"first")
    file, reads, read = InputFile.of(path), [], InputFile.check_content
    monkeypatch.setattr(InputFile, "check_content", lambda self: (reads.append(1), read(self)))
    for _ in range(3):
        file.check()
    assert reads == []
    os.utime(path, (5, 5))
    for _ in range(3):
        file.check()
    assert reads == [1]
    path.write_bytes(b"other")
    os.utime(path, ns=(file.stamp[3], file.stamp[3]))  # of the same size and time: the inode's change shows
    with pytest.raises(InputError, match="a: changed while"):
        file.check()
    path.unlink()
    with pytest.raises(NstpipeError, match="a: cannot be read"):
        file.check()
