"""Signals that stop a job: the first after the current step, a second Ctrl-C at once."""

import signal
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Self

from pipeline.base.stop_signals import HANGUP, STOP_SIGNALS
from pipeline.errors import StoppedError


class Stop:
    """A context manager that handles the signals, in the main thread."""

    def __init__(self, announce: Callable[[str], None]) -> None:
        """``announce`` receives a message at the first signal."""
        self._announce = announce
        self._stopping = False
        self._was_interrupted = False

    def __enter__(self) -> Self:
        # A signal that is ignored stays so: `nohup` and shells have it ignored for jobs that must go on.
        handled = [number for number in STOP_SIGNALS if signal.getsignal(number) != signal.SIG_IGN]
        self._before = {number: signal.signal(number, self._on_signal) for number in handled}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        # One closed terminal sends several hang-ups, and others beside them: they are one wish to stop.
        if signal.Signals(number).name != HANGUP:
            if self._was_interrupted:
                raise KeyboardInterrupt
            self._was_interrupted = True
        if not self._stopping:
            self._stopping = True
            self._announce("stopping after this step; Ctrl-C again stops at once")

    def check(self) -> None:
        """Call it after every step.

        Raises:
            StoppedError: a signal came.
        """
        if self._stopping:
            raise StoppedError("stopped; what is finished is kept")
