"""Who runs the tasks of a job: this process, or several of their own. Another way fits the same interface."""

from collections.abc import Sequence
from typing import Protocol

from pipeline.jobs.work.tasks import OnMessage, Task, TaskInputs, TaskRunner
from pipeline.jobs.work.workers import WorkerProcesses


class Executor(Protocol):
    """Runs tasks, in any order, and reports what happens."""

    def run(self, inputs: TaskInputs, tasks: Sequence[Task], on_message: OnMessage) -> None:
        """Run every task; return once all ended.

        Raises:
            NstpipeError: a task could not be run at all.
            Exception: what a task raised, or ``on_message``; the other tasks are stopped.
        """


class ThisProcess:
    """One task after the other, here."""

    def run(self, inputs: TaskInputs, tasks: Sequence[Task], on_message: OnMessage) -> None:
        """See :meth:`Executor.run`."""
        runner = TaskRunner(inputs)
        for task in tasks:
            task.run(runner, on_message)


def executor(workers: int) -> Executor:
    """What runs tasks ``workers`` at once."""
    return WorkerProcesses(workers) if workers > 1 else ThisProcess()
