"""Several shots at once, each worker a process of its own. What they make is marked by this one alone.

Worker processes are spawned, not forked: a fork of a process that has loaded TensorFlow hangs. Each runs on
as many threads as a lone process would, so that its bytes are the same.
"""

import contextlib
import multiprocessing
import signal
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING, Any

from pipeline.base.arrays import FloatArray
from pipeline.core import loading
from pipeline.errors import NstpipeError
from pipeline.extractor.weights import Weights
from pipeline.jobs import shot_chain
from pipeline.jobs.item_maker import Maker
from pipeline.jobs.job import Job
from pipeline.jobs.shot_chain import Chain, JobCallbacks, Shot
from pipeline.settings.settings import Settings

if TYPE_CHECKING:
    from pipeline.core.stylizer import Stylizer

PATIENCE = 0.2
"""Seconds between two looks whether the user wants to stop."""


@dataclass(frozen=True)
class Task:
    """What every shot of a clip is made with.

    Attributes:
        size: (height, width) of the pastiches.
        styles: each (H, W, 3).
    """

    size: tuple[int, int]
    settings: Settings
    styles: Sequence[FloatArray]
    weights: Weights
    maker: Maker

    def stylizer(self) -> "Stylizer":
        """The core, ready for frames."""
        return loading.stylizer_class()(self.settings, self.styles, weights=self.weights)


def stylise(task: Task, shots: Sequence[Shot], count: int, job: Job) -> None:
    """Make what is left of each shot, ``count`` at once.

    Raises:
        NstpipeError: what a worker ran into, or that one died.
        StoppedError: the user asked for it.
    """
    waiting = deque(sorted(shots, key=lambda shot: -shot.left))  # the longest first: none is waited for
    processes: list[BaseProcess] = []
    busy: list[Any] = []
    try:
        for _ in range(min(count, len(shots))):
            busy.append(_start(processes))
        while busy:
            job.observer.waiting()
            for connection in wait(busy, PATIENCE):
                _hear(connection, busy, waiting, task, job)
    finally:
        # At any moment: what is written is whole, and what was not marked is adopted or made again.
        for process in processes:
            process.kill()
            process.join()


def _start(processes: list[BaseProcess]) -> Connection:
    """Start a worker. It is given only its end of a pipe: of more, its early death would block this one."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_work, args=(there,), daemon=True)
    processes.append(process)
    with _interrupts_wait():
        process.start()
    there.close()  # so that its end is the worker's alone, and closes when that dies
    return here


@contextlib.contextmanager
def _interrupts_wait() -> Iterator[None]:
    """Ctrl-C reaches the whole group, a worker that has not begun to ignore it too; what is held back here is
    held back in a process that is started meanwhile."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _hear(connection: Any, busy: list[Any], waiting: deque[Shot], task: Task, job: Job) -> None:
    """Take one message of a worker: a kind, and what it is about; and answer it."""
    try:
        kind, about = connection.recv()
        if kind == "new":
            connection.send(task)
        elif kind == "idle" and waiting:
            connection.send(waiting.popleft())
        elif kind == "idle":
            busy.remove(connection)
    except (EOFError, OSError):
        job.observer.waiting()  # a signal to the whole group ends the workers: then that is what is told
        raise NstpipeError(
            "a worker process died, perhaps for want of memory; "
            "use fewer --workers or a smaller --size, and type the same line again"
        ) from None
    if kind == "began":
        job.began(about)
    elif kind == "done":
        job.done(about)
    elif kind == "failed":
        raise about


def _work(connection: Connection) -> None:
    """A worker's life: it ends with the process that began it, since it tells that of every step."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the other process decides

    def tell(kind: str) -> Callable[[Any], None]:
        return lambda about: connection.send((kind, about))

    told = JobCallbacks(tell("began"), lambda info: tell("step")(None), tell("done"))
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        try:
            tell("new")(None)
            task = connection.recv()
            stylizer = task.stylizer()
            while True:
                tell("idle")(None)
                shot_chain.run(
                    [connection.recv()], lambda shot: Chain(shot, task.size, stylizer, task.maker, told)
                )
        except (EOFError, BrokenPipeError, ConnectionResetError):
            raise
        except NstpipeError as error:
            tell("failed")(error)
        except Exception as error:
            tell("failed")(_portable(error))


def _portable(error: Exception) -> Exception:
    """An error that was not foreseen, in a form that crosses to another process, its traceback as a note."""
    told = RuntimeError(f"{type(error).__name__}: {error}")
    told.add_note("".join(traceback.format_exception(error)))
    return told
