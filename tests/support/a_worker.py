"""A worker's main function, run in this process."""

import contextlib
import multiprocessing
from collections.abc import Iterable

from pipeline.jobs.work import workers
from pipeline.jobs.work.tasks import TaskInputs


def messages(inputs: TaskInputs, tasks: Iterable[object], *, gone: bool = False) -> list[object]:
    """What the worker sends over a real pipe until it ends; ``gone``: its job has closed its end before."""
    here, there = multiprocessing.Pipe()
    here.send(inputs)
    for task in tasks:
        here.send(task)
    if gone:
        here.close()
    workers.work(there)
    there.close()
    received = []
    with contextlib.suppress(EOFError, OSError):
        while True:
            received.append(here.recv())
    return received
