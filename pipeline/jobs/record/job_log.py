"""The log of one job: ``log.txt`` in its folder. Two jobs in one process have separate logs."""

import contextlib
import io
import logging
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.base import atomic
from pipeline.base.messages import one_line, shown
from pipeline.errors import NstpipeWarning

FILE_NAME = "log.txt"


class _Formatter(logging.Formatter):
    """Escapes control characters: a name or a traceback may hold a file's text, and terminals show logs."""

    def format(self, record: logging.LogRecord) -> str:
        return "\n".join(map(one_line, super().format(record).split("\n")))


class _Handler(logging.FileHandler):
    """Loses what it cannot write, with one warning: the job continues. It does not follow a link."""

    has_warned = False

    def _open(self) -> io.TextIOWrapper:
        opener = atomic.open_no_link
        return open(self.baseFilename, "a", encoding=self.encoding, errors=self.errors, opener=opener)

    def handleError(self, record: logging.LogRecord) -> None:
        """Warn about the error that is being handled, once."""
        if not self.has_warned:
            self.has_warned = True
            _warn(Path(self.baseFilename), sys.exception())

    def close(self) -> None:
        """Close the file, whether what is buffered can be written or not."""
        with contextlib.suppress(OSError):
            super().close()


@contextmanager
def opened_log(folder: Path) -> Iterator[logging.Logger]:
    """A logger that appends to the log in ``folder``; where it cannot, it warns, and nothing is logged.

    It is not one of :func:`logging.getLogger`, which the whole process would share. How the block ended is
    logged where it ended by an exception.
    """
    log = logging.Logger("nstpipe.job", logging.INFO)
    handler = _handler(folder / FILE_NAME)
    log.addHandler(handler)
    try:
        yield log
    except BaseException as error:
        log.error("ended by %s: %s", type(error).__name__, error)
        raise
    finally:
        handler.close()


def _handler(path: Path) -> logging.Handler:
    try:
        handler = _Handler(path, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        _warn(path, error)
        return logging.NullHandler()
    handler.setFormatter(_Formatter("%(asctime)s %(levelname)s %(message)s"))
    return handler


def _warn(path: Path, error: BaseException | None) -> None:
    reason = getattr(error, "strerror", None) or str(error)
    warnings.warn(
        f"{shown(path)}: cannot be written ({reason}); the job goes on without its log",
        NstpipeWarning,
        stacklevel=2,
    )
