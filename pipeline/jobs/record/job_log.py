"""The log of one job: ``log.txt`` in its folder. Two jobs in one process have separate logs."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.base import atomic

FILE_NAME = "log.txt"


class _Handler(logging.FileHandler):
    """Ignores write errors: if the disk is full, the job itself reports it."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Do nothing."""


@contextmanager
def opened_log(folder: Path) -> Iterator[logging.Logger]:
    """A logger that appends to the log in ``folder``.

    It is not one of :func:`logging.getLogger`, which the whole process would share.

    Raises:
        OutputError: the file cannot be written.
    """
    path = folder / FILE_NAME
    with atomic.writing(path):
        handler = _Handler(path, encoding="utf-8", errors="backslashreplace")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    log = logging.Logger("nstpipe.job", logging.INFO)
    log.addHandler(handler)
    try:
        yield log
    finally:
        handler.close()
