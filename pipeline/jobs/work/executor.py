"""Executors run the tasks of a job: in this process, or in worker processes.

A new kind of executor, for other machines, implements :class:`Executor`; :func:`executor` chooses one.
"""

from collections.abc import Sequence
from typing import Protocol

from pipeline.jobs.work.tasks import OnMessage, Task, TaskInputs, TaskRunner
from pipeline.jobs.work.workers import WorkerProcesses


class Executor(Protocol):
    """Runs tasks, in any order, and reports what happens.

    ``on_message`` must have returned from a ``Writing`` message before its task continues: only then does the
    journal know that the file which the task renames is the job's.
    """

    def run(self, inputs: TaskInputs, tasks: Sequence[Task], on_message: OnMessage) -> None:
        """Run every task; return when all have ended.

        Raises:
            NstpipeError: a task could not be run at all.
            Exception: what a task raised, or ``on_message``; the other tasks are stopped.
        """


class ThisProcess:
    """Runs one task after the other in this process."""

    def run(self, inputs: TaskInputs, tasks: Sequence[Task], on_message: OnMessage) -> None:
        """See :meth:`Executor.run`."""
        runner = TaskRunner(inputs)
        for task in tasks:
            task.run(runner, on_message)


def executor(workers: int) -> Executor:
    """The executor that runs ``workers`` tasks at once."""
    return WorkerProcesses(workers) if workers > 1 else ThisProcess()
