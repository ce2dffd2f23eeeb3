"""Ctrl-C: the first ends the job after the step that runs, the second at once."""

import signal
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Self

from pipeline.errors import StoppedError

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stop:
    """Takes the signals over while it is entered, as a context manager, in the main thread."""

    def __init__(self, announce: Callable[[str], None]) -> None:
        """``announce`` is told that the job is about to stop."""
        self._announce = announce
        self._asked = False

    def __enter__(self) -> Self:
        self._before = {number: signal.signal(number, self._ask) for number in SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self._asked:
            raise KeyboardInterrupt
        self._asked = True
        self._announce("stopping after this step; Ctrl-C again stops at once")

    def check(self) -> None:
        """Let the job go on, or end it.

        Raises:
            StoppedError: the user asked for it.
        """
        if self._asked:
            raise StoppedError("stopped; what is finished is kept")
