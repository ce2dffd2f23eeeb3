"""A job's folder: nothing is written or removed through a link, and only the job's own files are removed."""

import errno
import os
from pathlib import Path

import pytest

from pipeline import Rules, stylize_image, stylize_video
from pipeline.base import atomic
from pipeline.errors import InputError, NstpipeWarning, OutputError
from pipeline.jobs.record import folder_files
from pipeline.jobs.record.job_log import opened_log
from pipeline.jobs.record.journal import FILE_NAME
from pipeline.jobs.record.lock import held, is_locked
from tests.support.media import TINY, clip, picture

FOLDER = Path(".out.mp4.nstpipe")


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("dangling", [False, True])
@pytest.mark.parametrize(
    "name", ["", "journal.sqlite3", "log.txt", "lock", "holder.txt", "claims", "frames", "losses"]
)
def test_a_link_in_place_of_a_file_of_the_job_is_refused(name: str, dangling: bool) -> None:
    """Also with --force and --restart, which remove files."""
    clip("in.mp4", frames=2)
    picture("starry.jpg", 2)
    outside = Path("outside")
    if not dangling:
        picture("outside/000001.png", 3)
        (outside / "log.txt").write_text("mine")
    target = outside / "log.txt" if name not in ("", "frames", "losses") else outside
    before = tree(outside)
    if name:
        FOLDER.mkdir()
    (FOLDER / name).symlink_to(target.absolute())
    for rules in (Rules(), Rules(force=True), Rules(restart=True)):
        with pytest.raises(OutputError, match="is a link, .*; remove the link, or .*-o") as caught:
            stylize_video("in.mp4", ["starry.jpg"], "out.mp4", rules=rules, **TINY)
        assert "\n" not in str(caught.value)
    assert tree(outside) == before
    assert (FOLDER / name).is_symlink()


def test_the_log_and_the_holder_are_not_written_through_a_link_that_came_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(folder_files, "refuse_links", lambda folder: None)
    FOLDER.mkdir()
    for name in ("log.txt", "holder.txt"):
        Path(f"mine {name}").write_text("mine")
        (FOLDER / name).symlink_to(Path(f"mine {name}").absolute())
    with pytest.warns(NstpipeWarning, match=r"log\.txt: cannot be written"), opened_log(FOLDER) as log:
        log.info("not mine")
    with pytest.raises(OutputError, match=r"out\.mp4: cannot be written"), held(FOLDER, Path("out.mp4")):
        pass
    assert {name: Path(f"mine {name}").read_text() for name in ("log.txt", "holder.txt")} == {
        "log.txt": "mine",
        "holder.txt": "mine",
    }


@pytest.mark.parametrize("at_end", [False, True])
def test_a_lock_is_released_where_its_files_cannot_be_removed(
    at_end: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object, **named: object) -> bool:
        raise PermissionError(errno.EACCES, "Permission denied")

    owner, name = (folder_files, "remove_lock") if at_end else (Path, "unlink")
    errors: list[PermissionError] = []  # while they exist, so does the object of the lock
    with monkeypatch.context() as patch:
        try:
            with held(FOLDER, Path("out.mp4")):
                patch.setattr(owner, name, refuse)
        except PermissionError as error:
            errors.append(error)
    (FOLDER / "lock").touch()
    assert not is_locked(FOLDER)


def test_a_job_that_fails_at_its_first_item_removes_only_its_own_files() -> None:
    style = picture("starry.jpg", 2)
    Path("photo.png").write_text("not a picture")
    folder = Path(".photo_starry.png.nstpipe")
    mine = [folder / "notes.txt", folder / "frames" / "sketch.png", folder / "frames" / "sub" / "000001.png"]
    for path in mine:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("mine")
    with pytest.raises(InputError, match=r"photo\.png: is not a picture"):
        stylize_image("photo.png", [style], **TINY)
    assert sorted(path for path in folder.rglob("*") if path.is_file()) == sorted(mine)


def test_frames_are_removed_by_their_names_and_not_through_a_link() -> None:
    frames = FOLDER / "frames"
    frames.mkdir(parents=True)
    own = ["000001.png", "1000000.png", f"{atomic.PARTIAL_PREFIX}1-2-3.png"]
    others = ["sketch.png", "000001.jpg", "00001.png", "x000001.png"]
    for name in own + others:
        (frames / name).touch()
    linked = Path("linked")
    linked.symlink_to(frames)
    folder_files.remove_frames(linked)
    assert len(list(frames.iterdir())) == len(own + others)
    folder_files.remove_frames(frames)
    assert sorted(path.name for path in frames.iterdir()) == sorted(others)
    for name in others:
        (frames / name).unlink()
    folder_files.remove_frames(frames)
    assert not frames.exists()


def test_a_video_in_whose_frames_others_put_a_file_ends_and_keeps_it() -> None:
    source, style = clip("in.mp4", frames=2), picture("starry.jpg", 2)
    mine = FOLDER / "frames" / "sketch.png"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    before = stylize_video(source, [style], "out.mp4", **TINY).output.read_bytes()
    assert [path.name for path in mine.parent.iterdir()] == ["sketch.png"]
    outcome = stylize_video(source, [style], "out.mp4", rules=Rules(force=True), **TINY)
    assert (outcome.stylized, outcome.output.read_bytes() == before) == (2, True)
    assert mine.read_text() == "mine"


def refuse(*_: object, **__: object) -> None:
    raise OSError(errno.EIO, os.strerror(errno.EIO))


def test_frames_that_cannot_be_listed_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    picture("frames/000001.png")
    monkeypatch.setattr(os, "listdir", refuse)
    folder_files.remove_frames(Path("frames"))
    assert Path("frames/000001.png").exists()


def test_a_damaged_journal_that_cannot_be_removed_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    picture("a.jpg", 1), picture("s.jpg", 2)
    stylize_image("a.jpg", ["s.jpg"], **TINY)
    Path(".a_s.png.nstpipe", FILE_NAME).write_bytes(b"damaged")
    monkeypatch.setattr(os, "unlink", refuse)
    with pytest.raises(OutputError, match=r"a_s.png.nstpipe: cannot be written .Input/output error"):
        stylize_image("a.jpg", ["s.jpg"], rules=Rules(restart=True), **TINY)
