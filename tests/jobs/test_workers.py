"""Shots by several processes: the same bytes as by one, and nothing lost when one of them ends early.

A worker loads TensorFlow, which takes seconds, so there are few of these tests, each of several ends.
"""

import contextlib
import hashlib
import multiprocessing
import signal
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import psutil
import pytest

from pipeline import Outcome, Rules, stylize_video
from pipeline.errors import DamagedJournalError, DivergedError, NstpipeError, OutputError, StoppedError
from pipeline.jobs import plan as plans
from pipeline.jobs import workers
from pipeline.jobs.item_maker import Maker
from pipeline.jobs.journal import Entry
from pipeline.jobs.observer import Observer
from pipeline.jobs.plan import Item
from pipeline.jobs.shot_chain import Shot
from pipeline.settings.settings import Settings
from tests.support.jobs import SMOOTHED, digests
from tests.support.media import TINY, clip, picture, scene
from tests.support.observers import Heard
from tests.support.tiny_weights import tiny_weights

SHOTS = "1\n5\n7\n"
FRAMES = Path(".out.mp4.nstpipe/frames")


def made(folder: str, count: int, observer: Heard | None = None, **settings: object) -> Outcome:
    """The same job in a folder of its own, since its files' names are part of it."""
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
    """Of the frames and of the clip."""
    clip_made = hashlib.sha256((folder / Path("out.mp4")).read_bytes()).hexdigest()
    return digests(folder / FRAMES) | {"out.mp4": clip_made}


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What one process makes."""
    folder = tmp_path_factory.mktemp("alone")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NSTPIPE_WEIGHTS", "builtin")
        patch.chdir(folder)
        made("one", 1)
        return files("one")


def children() -> list[psutil.Process]:
    return [process for process in psutil.Process().children() if "spawn_main" in " ".join(process.cmdline())]


class Interrupts(Heard):
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
    children()[0].kill()


def test_workers_make_the_bytes_that_one_process_makes(alone: dict[str, str]) -> None:
    heard = Heard()
    outcome = made("two", 2, heard)
    assert (outcome.done, outcome.stylized, heard.begun) == (10, 10, [(10, 0)])
    assert files("two") == alone
    assert sorted(entry.name for entry in heard.entries) == sorted(set(alone) - {"out.mp4"})
    assert children() == []


def test_a_job_of_workers_goes_on_to_the_same_bytes_after_a_stop_and_after_a_death(
    alone: dict[str, str],
) -> None:
    with pytest.raises(StoppedError):
        made("stopped", 2, Interrupts(2, stop))
    assert children() == []
    assert not Path("stopped/out.mp4").exists()
    heard = Interrupts(1, kill_one)
    with pytest.raises(NstpipeError, match="a worker process died.*fewer --workers") as caught:
        made("stopped", 2, heard)
    assert type(caught.value) is NstpipeError and "\n" not in str(caught.value)
    assert children() == []
    ((_, at_stop),) = heard.begun
    heard = Heard()
    outcome = made("stopped", 1, heard)
    ((_, at_death),) = heard.begun
    assert 2 <= at_stop < at_death < 10
    assert (outcome.done, outcome.stylized) == (10, 10 - at_death)
    assert files("stopped") == alone


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[tuple[str, object]]]:
    """A worker's life in this process, which has loaded TensorFlow: what it says over a real pipe."""
    monkeypatch.setattr(signal, "signal", lambda number, handler: None)

    def lived(gone: bool = False, **settings: object) -> list[tuple[str, object]]:
        plan = plans.of_video(clip("in.mp4", frames=2), [picture("s.jpg", 2)], Path("out.mp4"))
        wanted, styles = Settings(**TINY | settings), [scene(2).astype(np.float32)]
        task = workers.Task((21, 32), wanted, styles, tiny_weights(), Maker(plan, "a job's"))
        here, there = multiprocessing.Pipe()
        here.send(task)
        here.send(Shot(plan.source, 0, plans.frame_items(plan, 2)))
        if gone:
            here.close()
        workers._work(there)
        there.close()
        heard = []
        with contextlib.suppress(EOFError, OSError):
            while True:
                heard.append(here.recv())
        return heard

    return lived


def test_a_worker_tells_what_it_does_and_what_it_ran_into(work) -> None:
    """The frames cannot be written after the first, where a folder stands."""
    Path(".out.mp4.nstpipe/frames/000002.png").mkdir(parents=True)
    heard = work()
    kinds = [kind for kind, _ in heard]
    assert kinds == ["new", "idle", "began", "step", "step", "done", "began", "step", "failed"]
    assert (heard[2][1].name, heard[5][1].name, heard[5][1].steps) == ("000001.png", "000001.png", 2)
    assert isinstance(heard[-1][1], OutputError) and "000002.png: cannot be written" in str(heard[-1][1])


def test_a_loss_that_diverges_is_told_as_what_it_is(work) -> None:
    kind, error = work(style_weight=1e38)[-1]
    assert (kind, type(error)) == ("failed", DivergedError) and "no longer finite" in str(error)


def test_what_nobody_foresaw_is_told_with_where_it_came_from(work, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*given: object) -> None:
        raise ZeroDivisionError("by nothing")

    monkeypatch.setattr(workers.Chain, "run", fail)
    kind, error = work()[-1]
    assert (kind, str(error)) == ("failed", "ZeroDivisionError: by nothing")
    assert "in fail" in error.__notes__[0]


def test_a_worker_ends_with_the_one_that_began_it(work) -> None:
    assert work(gone=True) == []
    assert not Path(".out.mp4.nstpipe").exists()


@pytest.mark.parametrize("kind", [NstpipeError, *NstpipeError.__subclasses__(), DamagedJournalError])
def test_every_error_comes_through_a_pipe_as_it_is(kind: type[NstpipeError]) -> None:
    here, there = multiprocessing.Pipe()
    there.send(kind("it did; do this"))
    error = here.recv()
    assert (type(error), str(error), error.exit_code) == (kind, "it did; do this", kind.exit_code)


def test_one_shot_needs_no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "stylise", lambda *given: pytest.fail("a process was started"))
    clip("in.mp4", frames=3)
    assert stylize_video("in.mp4", [picture("s.jpg", 2)], rules=Rules(workers=4), **TINY).done == 3


class Pipe(deque[tuple[str, object]]):
    """A worker's end, as far as the one that hears it sees; it keeps what is sent to it."""

    def __init__(self, *messages: tuple[str, object]) -> None:
        super().__init__(messages)
        self.sent: list[object] = []
        self.end: Exception = EOFError()

    def recv(self) -> tuple[str, object]:
        if not self:
            raise self.end
        return self.popleft()

    send = property(lambda self: self.sent.append)


def test_what_workers_say_is_marked_and_shots_are_handed_out() -> None:
    told: list[tuple[str, object]] = []
    job = SimpleNamespace(
        began=lambda item: told.append(("began", item)),
        done=lambda entry: told.append(("done", entry)),
        observer=Observer(),
    )
    item, entry = Item("000001.png", Path("000001.png"), Path("in.mp4")), Entry("000001.png", "done")
    shot, task = Shot(Path("in.mp4"), 0, [item]), object()
    messages = ("new", None), ("idle", None), ("began", item), ("step", None), ("done", entry), ("idle", None)
    pipe, waiting = Pipe(*messages, ("failed", DivergedError("it did"))), deque([shot])
    busy = [pipe]
    for _ in messages:
        assert busy == [pipe]
        workers._hear(pipe, busy, waiting, task, job)
    assert (pipe.sent, told, busy) == ([task, shot], [("began", item), ("done", entry)], [])
    with pytest.raises(DivergedError, match="it did"):
        workers._hear(pipe, [pipe], waiting, task, job)
    for end in (EOFError(), ConnectionResetError(), OSError("got end of file during message")):
        pipe.end = end
        with pytest.raises(NstpipeError, match="a worker process died"):
            workers._hear(pipe, [pipe], waiting, task, job)
    job.observer = Asked()
    with pytest.raises(StoppedError):  # the signal that ended the worker had reached this process, too
        workers._hear(pipe, [pipe], waiting, task, job)


class Asked(Observer):
    """The user wants to stop."""

    def waiting(self) -> None:
        raise StoppedError("stopped")


def test_workers_are_spawned_since_a_fork_of_tensorflow_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def context(method: str) -> None:
        asked.append(method)
        raise StoppedError("seen")

    monkeypatch.setattr(multiprocessing, "get_context", context)
    with pytest.raises(StoppedError):
        workers._start([])
    assert asked == ["spawn"]
