"""Worker processes give the same bytes as one process, and nothing is lost when one of them ends early.

A worker loads TensorFlow, which takes seconds, so these tests are few, and each checks several things.
"""

import contextlib
import hashlib
import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pipeline import Outcome, Rules, stylize_folder, stylize_video
from pipeline.errors import DamagedJournalError, DivergedError, NstpipeError, OutputError, StoppedError
from pipeline.jobs.planning import planner
from pipeline.jobs.planning.plan import Item
from pipeline.jobs.record import status
from pipeline.jobs.record.entries import Entry
from pipeline.jobs.work import workers
from pipeline.jobs.work.item_maker import ItemMaker
from pipeline.jobs.work.messages import Began, Done, Waiting, Writing
from pipeline.jobs.work.shot_chain import Shot, ShotChain
from pipeline.jobs.work.tasks import PictureTask, ShotTask, TaskInputs
from pipeline.jobs.work.workers import WorkerProcesses
from pipeline.settings.settings import Settings
from pipeline.video import clip as clips
from pipeline.video.decoding.reading import Reading
from tests.support import a_worker
from tests.support.jobs import SMOOTHED, digests
from tests.support.killing import workers_of
from tests.support.media import TINY, clip, picture, scene
from tests.support.observers import RecordingObserver
from tests.support.tiny_weights import tiny_weights

SHOTS = "1\n5\n7\n"
FRAMES = Path(".out.mp4.nstpipe/frames")


def run_job(
    folder: str, count: int, observer: RecordingObserver | None = None, **settings: object
) -> Outcome:
    """Run the same job in a folder of its own, with the same file names."""
    Path(folder).mkdir(exist_ok=True)
    with contextlib.chdir(folder):
        if not Path("in.mp4").exists():
            clip("in.mp4", frames=10)
            picture("starry.jpg", 2)
            Path("shots.txt").write_text(SHOTS)
        return stylize_video(
            "in.mp4",
            ["starry.jpg"],
            "out.mp4",
            shots="shots.txt",
            rules=Rules(keep_frames=True, workers=count),
            observer=observer,
            **SMOOTHED | settings,
        )


def files(folder: str) -> dict[str, str]:
    """The digests of the frames and of the clip."""
    digest = hashlib.sha256((folder / Path("out.mp4")).read_bytes()).hexdigest()
    return digests(folder / FRAMES) | {"out.mp4": digest}


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The digests of the files that one process makes."""
    folder = tmp_path_factory.mktemp("alone")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NSTPIPE_WEIGHTS", "builtin")
        patch.chdir(folder)
        run_job("one", 1)
        return files("one")


class Interrupts(RecordingObserver):
    """Does something to the job once ``number`` frames are done, while workers are busy."""

    def __init__(self, number: int, what: Callable[[], None]) -> None:
        super().__init__()
        self.number, self.what, self.pending = number, what, True

    def waiting(self) -> None:
        if len(self.entries) >= self.number and self.pending:
            self.pending = False
            self.what()


def stop() -> None:
    raise StoppedError("stopped by the test")


def kill_one() -> None:
    workers_of(os.getpid())[0].kill()


def test_workers_make_the_bytes_that_one_process_makes(alone: dict[str, str]) -> None:
    observer = RecordingObserver()
    outcome = run_job("two", 2, observer)
    assert (outcome.done, outcome.stylized, observer.begun) == (10, 10, [(10, 0)])
    assert files("two") == alone
    assert sorted(entry.name for entry in observer.entries) == sorted(set(alone) - {"out.mp4"})
    assert workers_of(os.getpid()) == []


@pytest.mark.slow
def test_a_job_of_workers_resumes_to_the_same_bytes_after_a_stop_and_a_death(
    alone: dict[str, str],
) -> None:
    with pytest.raises(StoppedError):
        run_job("stopped", 2, Interrupts(2, stop))
    assert workers_of(os.getpid()) == []
    assert not Path("stopped/out.mp4").exists()
    observer = Interrupts(1, kill_one)
    with pytest.raises(NstpipeError, match="a worker process died.*fewer --workers") as caught:
        run_job("stopped", 2, observer)
    assert type(caught.value) is NstpipeError and "\n" not in str(caught.value)
    assert workers_of(os.getpid()) == []
    ((_, at_stop),) = observer.begun
    observer = RecordingObserver()
    outcome = run_job("stopped", 1, observer)
    ((_, at_death),) = observer.begun
    assert 2 <= at_stop < at_death < 10
    assert (outcome.done, outcome.stylized) == (10, 10 - at_death)
    assert files("stopped") == alone


def test_pictures_by_workers_are_the_bytes_that_one_process_makes(tmp_path: Path) -> None:
    """Two styles, a damaged picture among them: it fails alone, with the same reason; and one without its
    end, which is told once."""
    results = []
    for folder, count in (("one", 1), ("two", 2)):
        Path(folder).mkdir()
        with contextlib.chdir(folder):
            for number in range(3):
                picture(f"photos/{number}.png", number)
            Path("photos/bad.png").write_text("not a picture")
            Path("photos/2.png").write_bytes(Path("photos/2.png").read_bytes()[:-12])
            styles = [picture("starry.jpg", 8), picture("scream.jpg", 9)]
            observer = RecordingObserver()
            outcome = stylize_folder(
                "photos", styles, "out", rules=Rules(workers=count), observer=observer, **TINY
            )
            assert (outcome.done, outcome.stylized, len(outcome.failed)) == (6, 6, 2)
            assert observer.warnings == ["photos/2.png: lacks its end marker; every pixel is there"]
            failures = {entry.name: entry.reason for entry in outcome.failed}
            results.append((digests(Path("out")), failures))
            assert status.of(Path("out")).workers == count
            assert stylize_folder("photos", styles, "out", rules=Rules(workers=count), **TINY).stylized == 0
    assert results[0] == results[1]
    assert len(results[0][0]) == 6
    assert workers_of(os.getpid()) == []


@pytest.fixture
def in_a_worker(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[object]]:
    """Run a worker's main function in this process, over a real pipe; return its messages."""
    handlers: dict[int, object] = {}
    monkeypatch.setattr(signal, "signal", handlers.__setitem__)

    def run(*tasks: object, gone: bool = False, **settings: object) -> list[object]:
        plan = planner.of_video(clip("in.mp4", frames=2), [picture("s.jpg", 2)], Path("out.mp4"))
        maker, styles = ItemMaker(plan, "a job's"), [[scene(2).astype(np.float32)]]
        inputs = TaskInputs(Settings(**TINY | settings), styles, tiny_weights(), maker)
        reading = clips.probe(plan.source).reading
        whole = ShotTask(Shot(reading, 0, plan.frame_items(2)), (21, 32))
        messages = a_worker.messages(inputs, tasks or [whole], gone=gone)
        assert handlers == dict.fromkeys((signal.SIGINT, signal.SIGTERM, signal.SIGHUP), signal.SIG_IGN)
        return messages

    return run


def kinds(messages: list[object]) -> list[str]:
    return [type(message).__name__ for message in messages]


def test_a_worker_reports_what_it_does_and_its_error(in_a_worker) -> None:
    """The frames cannot be written after the first, where a folder lies."""
    Path(".out.mp4.nstpipe/frames/000002.png").mkdir(parents=True)
    messages = in_a_worker()
    assert kinds(messages) == [
        *("Started", "Ready", "Began", "Waiting", "Waiting", "Done"),
        *("Began", "Waiting", "Failed"),
    ]
    entry = messages[5].entry
    assert (messages[2].item.name, entry.name, entry.steps) == ("000001.png", "000001.png", 2)
    failure = messages[-1]
    assert failure.item is None
    assert isinstance(failure.error, OutputError) and "000002.png: cannot be written" in failure.reason


def test_a_loss_that_diverges_is_reported_with_its_error(in_a_worker) -> None:
    failure = in_a_worker(style_weight=1e38)[-1]
    assert type(failure.error) is DivergedError and "no longer finite" in str(failure.error)


def test_a_picture_that_fails_does_not_end_the_worker(in_a_worker) -> None:
    Path("bad.png").write_text("not a picture")
    bad = Item("bad_s.png", Path("bad_s.png"), Path("bad.png"))
    good = Item("good_s.png", Path("good_s.png"), picture("good.png", 3))
    messages = in_a_worker(PictureTask(bad), PictureTask(good), "no task: it ends the worker")
    assert kinds(messages) == [
        *("Started", "Ready", "Began", "Failed"),
        *("Ready", "Began", "Waiting", "Waiting", "Done"),
        *("Ready", "Failed"),
    ]
    assert messages[3].item == bad and "bad.png: is not a picture" in messages[3].reason
    assert Path("good_s.png").is_file()


def test_a_picture_without_a_tag_is_renamed_once_its_hash_is_recorded(in_a_worker) -> None:
    """PNG has a tag; of a JPEG the worker says what it will write, and waits for the answer."""
    jpeg, png = (Item(name, Path(name), picture("good.png", 3)) for name in ("a.jpg", "a.png"))
    messages = in_a_worker(PictureTask(jpeg), None, PictureTask(png), "no task: it ends the worker")
    assert kinds(messages) == [
        *("Started", "Ready", "Began", "Waiting", "Waiting", "Writing", "Done"),
        *("Ready", "Began", "Waiting", "Waiting", "Done", "Ready", "Failed"),
    ]
    digest = hashlib.sha256(Path("a.jpg").read_bytes()).hexdigest()
    assert (messages[5].sha256, messages[6].entry.sha256) == (digest, digest)


def test_a_worker_waits_until_its_hash_is_recorded() -> None:
    """The answer is sent after the message was handled."""
    item, answers = Item("a.jpg", Path("a.jpg"), Path("a.png")), []
    pipe = Pipe(Writing(item, "12ab"))
    workers.serve(pipe, object(), deque(), lambda message: answers.append((message, list(pipe.sent))))
    assert (answers, pipe.sent) == ([(Writing(item, "12ab"), [])], [None])


def test_an_unforeseen_error_is_reported_with_its_traceback(
    in_a_worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*given: object) -> None:
        raise ZeroDivisionError("by nothing")

    monkeypatch.setattr(ShotChain, "run", fail)
    failure = in_a_worker()[-1]
    assert (type(failure.error), failure.reason) == (RuntimeError, "ZeroDivisionError: by nothing")
    assert "in fail" in failure.error.__notes__[0]


def test_a_worker_ends_with_the_process_that_started_it(in_a_worker) -> None:
    assert in_a_worker(gone=True) == []
    assert not Path(".out.mp4.nstpipe").exists()


@pytest.mark.parametrize("kind", [NstpipeError, *NstpipeError.__subclasses__(), DamagedJournalError])
def test_every_error_passes_a_pipe_unchanged(kind: type[NstpipeError]) -> None:
    here, there = multiprocessing.Pipe()
    there.send(kind("it did; do this"))
    error = here.recv()
    assert (type(error), str(error), error.exit_code) == (kind, "it did; do this", kind.exit_code)


def test_one_shot_needs_no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(WorkerProcesses, "run", lambda *given: pytest.fail("a process was started"))
    clip("in.mp4", frames=3)
    assert stylize_video("in.mp4", [picture("s.jpg", 2)], rules=Rules(workers=4), **TINY).done == 3


class Pipe(deque[object]):
    """A stand-in for the pipe to a worker; it records what is sent to the worker."""

    def __init__(self, *messages: object) -> None:
        super().__init__(messages)
        self.sent: list[object] = []
        self.end: Exception = EOFError()

    def recv(self) -> object:
        if not self:
            raise self.end
        return self.popleft()

    send = property(lambda self: self.sent.append)


def test_what_workers_report_is_passed_on_and_tasks_are_handed_out() -> None:
    messages: list[object] = []
    item, entry = Item("000001.png", Path("000001.png"), Path("in.mp4")), Entry("000001.png", "done")
    task, inputs = PictureTask(item), object()
    pipe = Pipe(workers.Started(), workers.Ready(), Began(item), Waiting(), Done(entry), workers.Ready())
    waiting = deque([task])
    has_tasks = [workers.serve(pipe, inputs, waiting, messages.append) for _ in range(6)]
    assert has_tasks == [True] * 5 + [False]
    assert pipe.sent == [inputs, task]
    assert messages == [Began(item), Waiting(), Done(entry)]


@pytest.mark.parametrize("end", [EOFError(), ConnectionResetError(), OSError("got end of file")])
def test_a_worker_that_died_is_reported_unless_the_user_stopped_it(end: Exception) -> None:
    pipe = Pipe()
    pipe.end = end
    with pytest.raises(NstpipeError, match="a worker process died"):
        workers.serve(pipe, object(), deque(), lambda message: None)

    def stopping(message: object) -> None:
        raise StoppedError("stopped")

    with pytest.raises(StoppedError):  # the signal that killed the worker reached this process, too
        workers.serve(pipe, object(), deque(), stopping)


def test_an_error_of_on_message_is_not_reported_as_a_dead_worker() -> None:
    def full(message: object) -> None:
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space left"):
        workers.serve(Pipe(Done(Entry("a", "done"))), object(), deque(), full)


def test_the_longest_task_is_handed_out_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise the other workers would wait for the one that began a long shot last."""
    items = [Item(f"{n}.png", Path(f"{n}.png"), Path("in.mp4")) for n in range(9)]
    reading = Reading(Path("in.mp4"), "opencv", (32, 32))
    tasks = [ShotTask(Shot(reading, 0, items[:n]), (32, 32)) for n in (2, 9, 5)]
    here, there = multiprocessing.Pipe()
    for message in [workers.Started()] + [workers.Ready()] * 4:
        there.send(message)
    monkeypatch.setattr(workers, "start", lambda processes: here)
    WorkerProcesses(1).run("inputs", tasks, lambda message: None)
    assert [there.recv() for _ in range(4)] == ["inputs", tasks[1], tasks[2], tasks[0]]


def test_workers_are_spawned_since_a_fork_of_tensorflow_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    methods: list[str] = []

    def context(method: str) -> None:
        methods.append(method)
        raise StoppedError("seen")

    monkeypatch.setattr(multiprocessing, "get_context", context)
    with pytest.raises(StoppedError):
        workers.start([])
    assert methods == ["spawn"]
