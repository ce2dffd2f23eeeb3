"""The standard streams, guarded: one that is closed, full or left by its reader costs no work."""

import contextlib
import errno
import os
import sys
import traceback
import warnings
from collections.abc import Iterator
from typing import Any, TextIO, cast

from pipeline.base.messages import one_line
from pipeline.errors import NstpipeWarning


class GuardedStream:
    """A text stream whose ``write`` and ``flush`` never raise; all else is the stream's own.

    Attributes:
        error: the first error of a write; None while there is none.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.error: Exception | None = None

    def write(self, text: str) -> int:
        """Write ``text``, or lose it. A later write is tried again: a full disk may have space by then."""
        try:
            return self._stream.write(text)
        except (OSError, ValueError) as error:  # ValueError: the stream was closed
            self.error = self.error or error
            return len(text)

    def flush(self) -> None:
        """Flush, or lose what is buffered."""
        try:
            self._stream.flush()
        except (OSError, ValueError) as error:
            self.error = self.error or error

    @property
    def reader_left(self) -> bool:
        """Whether the stream was a pipe or a terminal that nobody reads any more."""
        return isinstance(self.error, OSError) and self.error.errno in (errno.EPIPE, errno.EIO)

    def discard(self) -> None:
        """Redirect what is still buffered to the null device: the flush at Python's exit would fail."""
        with contextlib.suppress(OSError, ValueError), open(os.devnull, "wb") as null:
            os.dup2(null.fileno(), self._stream.fileno())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextlib.contextmanager
def guarded() -> Iterator[GuardedStream]:
    """Guard standard output and standard error inside the block; yields the guarded standard output."""
    _open_closed()
    before = sys.stdout, sys.stderr
    out, err = GuardedStream(sys.stdout or _null()), GuardedStream(sys.stderr or _null())
    sys.stdout, sys.stderr = cast(TextIO, out), cast(TextIO, err)
    _escape_unencodable(before[0])
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("always", category=NstpipeWarning)  # an error would cost the work
            warnings.showwarning = _show_warning
            yield out
    finally:
        for stream in (out, err):
            stream.flush()
            if stream.error:
                stream.discard()
        sys.stdout, sys.stderr = before


def warn(message: str) -> None:
    """Print one line on standard error, with control characters escaped."""
    print("nstpipe:", one_line(message), file=sys.stderr)


def reason(error: Exception) -> str:
    """The system's words for ``error``."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def can_draw(stream: TextIO) -> bool:
    """Whether ``stream`` is a terminal on which text can be drawn again; some have no size at all."""
    try:
        return stream.isatty() and os.get_terminal_size(stream.fileno()).columns > 0
    except (OSError, ValueError):  # hung up meanwhile, or closed
        return False


def is_lost(stream: TextIO) -> bool:
    """Whether a guarded ``stream`` can no longer be written, as where its reader left."""
    return getattr(stream, "error", None) is not None


def print_lines(text: str, file: TextIO | None = None) -> None:
    """Print the lines of ``text``, by default on standard output, with control characters escaped."""
    print(*map(one_line, text.split("\n")), sep="\n", file=file)


@contextlib.contextmanager
def printed_at_the_end(*, quiet: bool) -> Iterator[list[str]]:
    """A list of texts that are printed on standard output at the end, however it comes; no more if quiet."""
    texts: list[str] = []
    try:
        yield texts
    finally:
        for text in () if quiet else texts:
            print_lines(text)


def print_traceback(error: BaseException) -> None:
    """Print where ``error`` was raised, on standard error; its message may be a file's text."""
    print_lines("".join(traceback.format_exception(error)).rstrip("\n"), sys.stderr)


def _open_closed() -> None:
    """Open the null device as each standard stream that is closed.

    Else the next file would get its number, and what a library prints would be written into that file.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # it gets the lowest free number


def _null() -> TextIO:
    """What is printed where Python found no stream."""
    return open(os.devnull, "w", encoding="utf-8")


def _escape_unencodable(stream: TextIO | None) -> None:
    """Standard output in a narrow encoding shows other letters escaped, as standard error does."""
    if stream is not None and hasattr(stream, "reconfigure"):
        with contextlib.suppress(OSError, ValueError):
            stream.reconfigure(errors="backslashreplace")


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Print our own warnings as one line, those of libraries as Python does."""
    if issubclass(category, NstpipeWarning):
        warn(str(message))
    else:
        print_lines(warnings.formatwarning(message, category, filename, lineno, line).rstrip(), sys.stderr)
