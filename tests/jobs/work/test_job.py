"""A job writes before it marks, adopts only complete files, removes temporary files and shares nothing."""

import importlib.metadata
import logging
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline import Rules, StepInfo, stylize_folder, stylize_image, stylize_video
from pipeline.base import atomic, machine
from pipeline.errors import OutputError, StoppedError
from pipeline.jobs.planning import planner
from pipeline.jobs.record import fingerprint
from pipeline.jobs.record.entries import Entry, Facts
from pipeline.jobs.record.journal import Journal
from pipeline.jobs.work import job, job_folder
from pipeline.pictures import images
from tests.support.jobs import FRAMES, KEEP, digests
from tests.support.media import TINY, clip, picture
from tests.support.observers import RecordingObserver, StopsAt


class Checks(RecordingObserver):
    """Compares the files on the disk with the journal at every step and at the end of every item."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self.current = ""
        self.ended = 0

    def item_began(self, item) -> None:
        self.current, self.output = item.name, item.output

    def step(self, info: StepInfo) -> None:
        with Journal(self.folder, read_only=True) as journal:
            assert journal.entry(self.current) is None
        assert not self.output.exists()

    def item_ended(self, entry: Entry) -> None:
        with Journal(self.folder, read_only=True) as journal:
            assert journal.entry(entry.name) is not None
        assert fingerprint.of_file(self.output) == entry.sha256
        self.ended += 1


@pytest.mark.parametrize("of_video", [False, True])
def test_an_item_is_marked_after_its_file_is_written(of_video: bool) -> None:
    style = picture("starry.jpg", 9)
    if of_video:
        checks = Checks(Path(".in_starry.mp4.nstpipe"))
        stylize_video(clip("in.mp4", frames=3), [style], observer=checks, **TINY)
    else:
        for number in range(3):
            picture(f"photos/{number}.png", number)
        checks = Checks(Path(".photos_starry.nstpipe"))
        stylize_folder("photos", [style], observer=checks, **TINY)
    assert checks.ended == 3


def test_the_file_is_written_before_the_journal_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """The order of the calls is: rename the losses and the picture, then mark."""
    calls: list[str] = []
    replace, mark = os.replace, Journal.mark
    monkeypatch.setattr(
        os, "replace", lambda *paths: (calls.append(Path(paths[1]).suffix), replace(*paths))[1]
    )
    monkeypatch.setattr(Journal, "mark", lambda self, entry: (calls.append("mark"), mark(self, entry))[1])
    stylize_image(picture("photo.jpg", 1), [picture("starry.jpg", 2)], **TINY)
    assert calls == [".csv", ".png", "mark"]


def forget(folder: str, name: str) -> None:
    """The state that a kill between rename and mark leaves."""
    with Journal(Path(folder)) as journal:
        journal.forget(name)


def test_a_file_that_is_cut_off_is_not_adopted() -> None:
    content, style = picture("photo.png", 1), picture("starry.jpg", 2)
    output = stylize_image(content, [style], **TINY).output
    whole = output.read_bytes()
    forget(".photo_starry.png.nstpipe", "photo_starry.png")
    output.write_bytes(whole[:-40])  # the tag by which it would be adopted is still there
    assert images.read_tags(output)
    assert stylize_image(content, [style], **TINY).stylized == 1
    assert output.read_bytes() == whole


def test_a_file_whose_content_changed_since_is_not_adopted() -> None:
    picture("photos/a.png", 1)
    style = picture("starry.jpg", 9)
    stylize_folder("photos", [style], **TINY)
    before = Path("photos_starry/a_starry.png").read_bytes()
    forget(".photos_starry.nstpipe", "a_starry.png")
    picture("photos/a.png", 2)
    assert stylize_folder("photos", [style], **TINY).stylized == 1
    assert Path("photos_starry/a_starry.png").read_bytes() != before


def test_a_file_of_another_job_is_neither_adopted_nor_overwritten() -> None:
    content, style = picture("photo.png", 1), picture("starry.jpg", 2)
    stylize_image(content, [style], "out.png", **TINY)
    other = Path("out.png").read_bytes()
    stylize_image(content, [style], "out.png", rules=Rules(restart=True), **TINY | {"steps": 3})
    forget(".out.png.nstpipe", "out.png")
    Path("out.png").write_bytes(other)
    with pytest.raises(OutputError, match="not made by nstpipe"):
        stylize_image(content, [style], "out.png", **TINY | {"steps": 3})
    assert Path("out.png").read_bytes() == other


def left_over(folder: str) -> Path:
    """A temporary file whose name has the number of a process that has ended."""
    code = (
        "import os, sys; from pathlib import Path; from pipeline.base import atomic;"
        "atomic.replacing(Path(sys.argv[1])).__enter__().touch(); os._exit(0)"
    )
    Path(folder).mkdir(parents=True, exist_ok=True)
    environ = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", code, f"{folder}/x.png"], check=True, env=environ)
    (partial,) = Path(folder).glob(f"{atomic.PARTIAL_PREFIX}*")
    return partial


def test_temporary_files_of_killed_processes_are_removed_wherever_the_job_writes() -> None:
    style = picture("starry.jpg", 9)
    picture("photos/sub/a.png", 1)
    folders = ["photos_starry/sub", ".photos_starry.nstpipe", ".photos_starry.nstpipe/losses"]
    files = [left_over(folder) for folder in [*folders, "photos_starry/sub/a_starry_snapshots"]]
    stylize_folder("photos", [style], rules=Rules(force=True), **TINY)
    clip("in.mp4", frames=2)
    stylize_video("in.mp4", [style], rules=KEEP, **TINY)
    files.append(left_over(str(FRAMES)))
    (FRAMES / "000002.png").unlink()
    Path("in_starry.mp4").unlink()
    stylize_video("in.mp4", [style], rules=KEEP, **TINY)
    assert [path for path in files if path.exists()] == []


def test_a_pastiche_that_was_removed_is_made_again() -> None:
    for number in range(3):
        picture(f"photos/{number}.png", number)
    style = picture("starry.jpg", 9)
    before = digests(stylize_folder("photos", [style], **TINY).output)
    Path("photos_starry/1_starry.png").unlink()
    observer = RecordingObserver()
    assert stylize_folder("photos", [style], observer=observer, **TINY).stylized == 1
    assert ["missing or damaged" in warning for warning in observer.warnings] == [True]
    assert digests(Path("photos_starry")) == before


@pytest.fixture
def other_scipy(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Install another version of SciPy, as far as a job can see."""
    versions = machine.library_versions()
    assert {"tensorflow", "numpy", "scipy"} <= versions.keys()

    def install() -> None:
        for module in (job, job_folder):
            monkeypatch.setattr(module, "library_versions", lambda: {**versions, "scipy": "99.1"})

    return install


def test_a_job_resumed_with_other_libraries_warns_and_restart_uses_them(other_scipy) -> None:
    """Also a finished job that a new picture joins."""
    for number in range(2):
        picture(f"photos/{number}.png", number)
    style, observer = picture("starry.jpg", 9), RecordingObserver()
    stylize_folder("photos", [style], **TINY)
    picture("photos/new.png", 5)
    assert stylize_folder("photos", [style], observer=observer, **TINY).stylized == 1
    other_scipy()
    assert stylize_folder("photos", [style], observer=observer, **TINY).stylized == 0
    assert observer.warnings == []
    picture("photos/newer.png", 6)
    assert stylize_folder("photos", [style], observer=observer, **TINY).stylized == 1
    (warning,) = observer.warnings
    assert f"scipy {importlib.metadata.version('scipy')} (now 99.1)" in warning
    assert "--restart" in warning and "\n" not in warning
    restarted = stylize_folder("photos", [style], rules=Rules(restart=True), observer=observer, **TINY)
    assert (restarted.stylized, len(observer.warnings)) == (4, 1)
    picture("photos/newest.png", 7)
    stylize_folder("photos", [style], observer=observer, **TINY)
    assert len(observer.warnings) == 1


def test_a_stopped_video_resumed_with_other_libraries_warns(other_scipy) -> None:
    source, style, observer = clip("in.mp4", frames=3), picture("starry.jpg", 9), RecordingObserver()
    with pytest.raises(StoppedError):
        stylize_video(source, [style], observer=StopsAt(1), **TINY)
    other_scipy()
    assert stylize_video(source, [style], observer=observer, **TINY).stylized == 2
    assert ["scipy" in warning for warning in observer.warnings] == [True]


def test_a_job_stopped_before_its_first_item_takes_the_installed_libraries(other_scipy) -> None:
    picture("photos/a.png", 1)
    style, observer = picture("starry.jpg", 9), RecordingObserver()
    with pytest.raises(StoppedError):
        stylize_folder("photos", [style], observer=StopsAt(0), rules=Rules(force=True), **TINY)
    other_scipy()
    stylize_folder("photos", [style], observer=observer, rules=Rules(force=True), **TINY)
    picture("photos/b.png", 2)
    stylize_folder("photos", [style], observer=observer, **TINY)
    assert observer.warnings == []


def test_two_jobs_in_two_threads_keep_their_logs_and_pictures_apart() -> None:
    """Two jobs with different settings and pictures run at the same time; each gives what it gives alone."""
    style = picture("starry.jpg", 9)
    settings = {"one": TINY | {"steps": 12}, "two": TINY | {"steps": 9, "content_weight": 3.0}}
    for name in settings:
        for number in range(3):
            picture(f"{name}/{name} {number}.png", number + len(name))
    errors: list[Exception] = []

    def run(name: str, output: str) -> None:
        try:
            stylize_folder(name, [style], output, **settings[name])
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(name, f"{name} together")) for name in settings]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    for name in settings:
        run(name, f"{name} alone")
        together, alone = Path(f"{name} together"), Path(f"{name} alone")
        for path in sorted(alone.iterdir()):
            assert (images.read(path).pixels == images.read(together / path.name).pixels).all()
        log = Path(f".{name} together.nstpipe/log.txt").read_text()
        assert log.count("stylising ") == log.count("done ") == 3
        assert log.count(f" {name} ") == 6


def test_the_log_is_closed_with_its_job() -> None:
    stylize_image(picture("photo.png", 1), [picture("starry.jpg", 2)], **TINY)
    log = Path(".photo_starry.png.nstpipe/log.txt")
    lines = log.read_text().splitlines()
    stylize_image(picture("other.png", 3), [Path("starry.jpg")], **TINY)
    assert log.read_text().splitlines() == lines
    assert ["INFO" in line for line in lines] == [True, True]


def test_the_holder_of_a_job_is_recorded_and_removed() -> None:
    holders: list[str] = []

    class ReadsHolder(RecordingObserver):
        def step(self, info: StepInfo) -> None:
            holders.append(Path(".photo_starry.png.nstpipe/holder.txt").read_text())

    stylize_image(picture("photo.png", 1), [picture("starry.jpg", 2)], observer=ReadsHolder(), **TINY)
    assert set(holders) == {f"process {os.getpid()} on {socket.gethostname()}"}
    assert not Path(".photo_starry.png.nstpipe/holder.txt").exists()


def test_a_clip_that_is_removed_meanwhile_is_not_done(tmp_path: Path) -> None:
    """Its frames may be gone, since they are removed once it is assembled."""
    plan = planner.of_video(clip("in.mp4"), [picture("s.jpg", 2)], Path("out.mp4"))
    with Journal(tmp_path) as journal:
        journal.begin(Facts({"settings": {}}, total=1, finished=True))
        journal.mark(Entry("000001.png", "done"))
        opened = job.Job(plan, journal, {"styles": []}, RecordingObserver(), logging.getLogger("test"))
        with pytest.raises(OutputError, match="^out.mp4: was made and is gone"):
            opened.check_outputs()
        assert not opened.facts.finished
        Path("out.mp4").touch()
        opened.check_outputs()


def test_a_lock_that_nobody_holds_is_taken() -> None:
    """A killed process leaves its files; its number may be another process's by now."""
    folder = Path(".photo_starry.png.nstpipe")
    folder.mkdir()
    Path(folder, "lock").touch()
    Path(folder, "holder.txt").write_text(f"process {os.getppid()} on {socket.gethostname()}")
    assert stylize_image(picture("photo.jpg", 1), [picture("starry.jpg", 2)], **TINY).done == 1
    assert not Path(folder, "holder.txt").exists()
