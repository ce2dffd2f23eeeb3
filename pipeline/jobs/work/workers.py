"""An executor of several processes. Workers write items; only the process that started them marks items.

Worker processes are spawned, not forked: a fork of a process that has loaded TensorFlow hangs. Each runs on
as many threads as a single process would, so that its bytes are the same.
"""

import contextlib
import multiprocessing
import signal
import traceback
import warnings
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from pipeline.base.stop_signals import STOP_SIGNALS
from pipeline.errors import NstpipeError, NstpipeWarning
from pipeline.jobs.work.messages import Failed, Message, Stepped, Waiting, Writing
from pipeline.jobs.work.tasks import OnMessage, Task, TaskInputs, TaskRunner

POLL_SECONDS = 0.2
"""Time between two checks whether the user wants to stop."""


@dataclass(frozen=True)
class Started:
    """A worker waits for the inputs of all tasks."""


@dataclass(frozen=True)
class Ready:
    """A worker waits for its next task."""


class _ParentGoneError(BaseException):
    """The process that started this worker is gone; no handler of a task's errors may catch it."""


class WorkerProcesses:
    """Runs ``count`` tasks at once; an :class:`pipeline.jobs.work.executor.Executor`."""

    def __init__(self, count: int) -> None:
        self._count = count

    def run(self, inputs: TaskInputs, tasks: Sequence[Task], on_message: OnMessage) -> None:
        """Run every task, the longest first, so that none is waited for at the end.

        Raises:
            NstpipeError: a worker process died.
            Exception: what a task raised, or ``on_message``.
        """
        waiting = deque(sorted(tasks, key=lambda task: -task.left))
        processes: list[BaseProcess] = []
        busy: list[Any] = []
        try:
            for _ in range(min(self._count, len(waiting))):
                busy.append(start(processes))
            while busy:
                on_message(Waiting())
                for connection in wait(busy, POLL_SECONDS):
                    if not serve(connection, inputs, waiting, on_message):
                        busy.remove(connection)
        finally:
            # Safe at any moment: written files are complete, and unmarked ones are adopted or made again.
            for process in processes:
                process.kill()
                process.join()


def start(processes: list[BaseProcess]) -> Connection:
    """Start a worker and return this process's end of the pipe to it.

    The worker is started with its end of the pipe alone and gets its inputs in a message: if it dies while
    it is being started, this process must not hang in the middle of sending.
    """
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=work, args=(there,), daemon=True)
    processes.append(process)
    with _signals_held_back():
        process.start()
    there.close()  # so that the worker alone holds its end, which closes when the worker dies
    return here


@contextlib.contextmanager
def _signals_held_back() -> Iterator[None]:
    """Block the signals here, and in a process that this block starts until :func:`work` ignores them."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def serve(connection: Any, inputs: TaskInputs, waiting: deque[Task], on_message: OnMessage) -> bool:
    """Take one message of a worker and answer it; False once the worker has no task left.

    Raises:
        NstpipeError: the worker died.
    """
    answer: TaskInputs | Task | None = None
    try:
        message = connection.recv()
        if isinstance(message, Started):
            answer = inputs
        elif isinstance(message, Ready) and waiting:
            answer = waiting.popleft()
        if answer is not None:
            connection.send(answer)
    except (EOFError, OSError):
        on_message(Waiting())  # a signal to the whole group kills workers, too: then stopping is the reason
        raise NstpipeError(
            "a worker process died, perhaps because memory ran out; "
            "use fewer --workers or a smaller --size, and type the same line again"
        ) from None
    if not isinstance(message, Started | Ready):
        on_message(message)
    if isinstance(message, Writing):
        with contextlib.suppress(OSError):  # a worker that died meanwhile is seen at its next message
            connection.send(None)
    return answer is not None or not isinstance(message, Ready)


def work(connection: Connection) -> None:
    """The main function of a worker: run tasks until the process that started it has no more.

    It sends a message at every step, so a worker whose parent is gone ends at the next step.
    """
    for number in STOP_SIGNALS:  # the parent alone acts on them
        signal.signal(number, signal.SIG_IGN)
    warnings.simplefilter("ignore", NstpipeWarning)  # the parent has met the same and said it

    def report(message: Message | Started | Ready) -> None:
        try:
            connection.send(_portable(message))
            if isinstance(message, Writing):
                connection.recv()  # until it is recorded
        except (EOFError, OSError):
            raise _ParentGoneError from None

    def receive() -> Any:
        try:
            return connection.recv()
        except (EOFError, OSError):
            raise _ParentGoneError from None

    with contextlib.suppress(_ParentGoneError):
        report(Started())
        runner = TaskRunner(receive())
        try:
            while True:
                report(Ready())
                receive().run(runner, report)
        except Exception as error:
            report(Failed.of(None, error))


def _portable(message: Message | Started | Ready) -> Message | Started | Ready:
    """The message in a form that can be pickled: no pictures, and no errors of unknown classes."""
    if isinstance(message, Stepped):
        return Waiting()
    if isinstance(message, Failed) and not isinstance(message.error, NstpipeError):
        error = RuntimeError(message.reason)
        error.add_note("".join(traceback.format_exception(message.error)))
        return replace(message, error=error)
    return message
