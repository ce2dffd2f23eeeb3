"""Two jobs that make the same file: the second is refused, whichever way its output is named."""

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import filelock
import pytest

from pipeline import Rules, StepInfo, stylize_folder, stylize_image, stylize_video
from pipeline.errors import LockedError, OutputError
from pipeline.jobs.planning.output_names import job_folder, job_folder_in_use
from pipeline.jobs.record import lock, other_jobs, status
from tests.support.media import TINY, clip, picture
from tests.support.observers import RecordingObserver


@contextlib.contextmanager
def running(output: str, *items: str) -> Iterator[None]:
    """A job of a folder with ``items``; or, without items, of one file."""
    path = Path(output)
    if items:
        path.mkdir(parents=True, exist_ok=True)
    with lock.held(job_folder(path), path):
        other_jobs.claim(job_folder(path), [path / item for item in items] or [path])
        yield


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("out", "a.png", "sub/b.png"), ("out/a.png",)),
        (("out", "a.png", "sub/b.png"), ("out/sub/b.png",)),
        (("out/sub/b.png",), ("out", "a.png", "sub/b.png")),
        (("out", "a.png", "sub/b.png"), ("out/sub", "b.png")),
        (("out/sub", "b.png"), ("out", "sub/b.png")),
        (("out", "a.png"), ("link/a.png",)),
        (("out", "sub/b.png"), ("link/sub", "b.png")),
        (("out", "a.png"), ("elsewhere/../out/a.png",)),
        (("out", "a.png"), ("out/A.PNG",)),
        (("out", "gr\u00fcn.png"), ("out/gru\u0308n.png",)),
    ],
)
def test_a_file_that_another_job_is_making_is_refused(
    first: tuple[str, ...], second: tuple[str, ...]
) -> None:
    for folder in ("out/sub", "elsewhere"):
        Path(folder).mkdir(parents=True)
    Path("link").symlink_to("out")
    with running(*first), pytest.raises(LockedError) as caught, running(*second):
        pass
    message = str(caught.value)
    assert "is being made by the job of" in message and f"process {os.getpid()} on" in message
    assert Path(first[0]).name in message and "-o" in message and "\n" not in message
    assert not job_folder(Path(second[0])).exists()
    with running(*second):  # the first one ended
        pass


def test_other_files_of_the_same_folder_are_free() -> None:
    with (
        running("out", "a.png", "sub/b.png"),
        running("out/c.png"),
        running("out/sub", "c.png"),
        running("out/b.png"),
        running("a.png"),
    ):
        pass


def test_what_a_killed_job_claimed_is_free() -> None:
    Path(".out.nstpipe").mkdir()
    for name, text in (("claims", "out/a.png"), ("lock", ""), ("holder.txt", "process 1 on elsewhere")):
        Path(".out.nstpipe", name).write_text(text)
    Path("out").mkdir()
    with running("out/a.png"):
        pass


def test_a_lock_that_another_process_tries_for_a_moment_is_waited_for() -> None:
    """As that process does to see whether the job runs."""
    folder = job_folder(Path("a.png"))
    folder.mkdir()
    tried = filelock.FileLock(folder / "lock", thread_local=False)
    tried.acquire()
    assert lock.is_locked(folder)
    release = threading.Timer(0.1, tried.release)
    release.start()
    with running("a.png"):
        pass
    release.join()
    assert not lock.is_locked(folder)


def test_a_batch_and_a_picture_that_make_the_same_file() -> None:
    """At the same time the second one waits; later it is told whose file it is; no picture is lost."""
    content, style = picture("photos/a.png", 1), picture("starry.jpg", 9)
    shared, errors = Path("photos_starry/a_starry.png"), []

    class BeginsTheOther(RecordingObserver):
        def step(self, info: StepInfo) -> None:
            with pytest.raises(LockedError) as caught:
                stylize_image(content, [style], shared, rules=Rules(force=True), **TINY)
            errors.append(str(caught.value))

    of_batch = stylize_folder("photos", [style], observer=BeginsTheOther(), **TINY)
    assert of_batch.done == 1 and errors and "the job of" in errors[0] and "photos_starry" in errors[0]
    before = shared.read_bytes()
    with pytest.raises(OutputError, match=r"was made by the job of .*photos_starry; --force .*, -o"):
        stylize_image(content, [style], shared, **TINY | {"steps": 3})
    assert shared.read_bytes() == before
    stylize_image(content, [style], shared, rules=Rules(force=True), **TINY | {"steps": 3})
    of_image = shared.read_bytes()
    assert of_image != before
    (failed,) = stylize_folder("photos", [style], **TINY).failed
    assert "was made by the job of" in failed.reason and str(shared) in failed.reason
    assert shared.read_bytes() == of_image


def test_two_videos_to_one_output_through_a_link() -> None:
    source, style = clip("in.mp4", frames=2), picture("starry.jpg", 9)
    Path("real").mkdir()
    Path("link").symlink_to("real")

    class BeginsTheOther(RecordingObserver):
        def step(self, info: StepInfo) -> None:
            for other in ("link/out.mp4", "./real/../real/out.mp4"):
                with pytest.raises(LockedError, match=r"its job is held by process"):
                    stylize_video(source, [style], other, **TINY | {"steps": 3})

    assert stylize_video(source, [style], "real/out.mp4", observer=BeginsTheOther(), **TINY).done == 2


def test_the_job_of_a_linked_folder_lies_beside_the_folder() -> None:
    Path("disk/out").mkdir(parents=True)
    Path("link").symlink_to("disk/out")
    real = job_folder(Path(os.path.realpath("disk/out")))
    assert job_folder_in_use(Path("link")) == real
    assert job_folder_in_use(Path("disk/out")).resolve() == real
    picture("photos/a.png", 1)
    style = picture("starry.jpg", 9)
    stylize_folder("photos", [style], "link", **TINY)
    assert stylize_folder("photos", [style], "disk/out", **TINY).stylized == 0
    assert status.of(Path("link")).done == 1
    job_folder(Path("link")).mkdir()  # one that an earlier version began
    assert job_folder_in_use(Path("link")) == job_folder(Path("link"))
