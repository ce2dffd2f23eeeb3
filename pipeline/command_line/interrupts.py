"""Ctrl-C: the first stops the job after the current step, the second stops it at once."""

import signal
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Self

from pipeline.errors import StoppedError

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stop:
    """A context manager that handles the signals, in the main thread."""

    def __init__(self, announce: Callable[[str], None]) -> None:
        """``announce`` receives a message at the first signal."""
        self._announce = announce
        self._stopping = False

    def __enter__(self) -> Self:
        self._before = {number: signal.signal(number, self._on_signal) for number in SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self._stopping:
            raise KeyboardInterrupt
        self._stopping = True
        self._announce("stopping after this step; Ctrl-C again stops at once")

    def check(self) -> None:
        """Call it after every step.

        Raises:
            StoppedError: a signal came.
        """
        if self._stopping:
            raise StoppedError("stopped; what is finished is kept")
