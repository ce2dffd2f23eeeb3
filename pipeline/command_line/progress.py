"""Progress: on a terminal one tqdm bar for the whole job; elsewhere plain lines.

These are one for each item, and one at least every half minute in between.
"""

import sys
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from pipeline.base.messages import duration, one_line, shown
from pipeline.command_line.streams import can_draw
from pipeline.core.style_transfer import StepInfo
from pipeline.jobs.planning.time_left import TimeLeft
from pipeline.jobs.record.entries import Entry
from pipeline.jobs.work.observer import Observer

if TYPE_CHECKING:
    from pipeline.command_line.preview import Preview
    from pipeline.jobs.planning.item_times import ItemTime
    from pipeline.jobs.planning.plan import Item

SILENCE_SECONDS = 30.0
"""Where there is no bar, nothing is longer without a line than this and a step."""

BAR = "{percentage:3.0f}%|{bar}| {desc} [{elapsed}<{remaining}{postfix}]"

BAR_OF_ITEMS = BAR.replace("{remaining}", "{left}")


class _Bar(tqdm):  # type: ignore[type-arg]
    """A bar that can show another time left than that of an even pace.

    Attributes:
        left: seconds; None: unknown.
    """

    left: float | None = None

    @property
    def format_dict(self) -> dict[str, Any]:
        """What the format of the bar can show."""
        left = "?" if self.left is None else self.format_interval(self.left)
        return {**super().format_dict, "left": left}


class Progress(Observer):
    """Shows a job on standard error. Call :meth:`close` at the end.

    Args:
        check: called at every step and encoded frame; it may raise to stop the job.
        quiet: only warnings.
        terminal: whether a bar can be drawn.
        preview: gets every step.
    """

    def __init__(
        self,
        check: Callable[[], None],
        *,
        quiet: bool = False,
        terminal: bool | None = None,
        preview: "Preview | None" = None,
    ) -> None:
        self._check = check
        self._preview = preview
        self._quiet = quiet
        self._terminal = can_draw(sys.stderr) if terminal is None else terminal
        self._is_timing = False
        self.was_finished = False
        """Whether the job was finished before this run."""
        self._bar: _Bar | None = None
        self._item = self._name = ""
        self._done = self._total = self._before = 0
        self._time_left = TimeLeft(0, {})
        self._said = time.monotonic()

    def began(self, total: int, done: int) -> None:
        self._total, self._done, self._before = total, done, done
        self._time_left = TimeLeft(total - done, {})
        if 0 < done < total:
            self.say(f"resuming: {done} of {total} done, {total - done} left")
        self._open_for_items()

    def foreseen(self, times: "Mapping[str, ItemTime]") -> None:
        self._before = self._done  # some may have failed already
        self._time_left = TimeLeft(self._total - self._done, times)
        self._open_for_items()

    def nothing_left(self, total: int) -> None:
        self.was_finished = True
        self.say(f"finished before: {total} of {total} done; --force redoes a finished job")

    def item_began(self, item: "Item") -> None:
        self._item = shown(item.name)
        self._name = item.name
        self._time_left.began(item.name, time.monotonic())
        self._describe()

    def step(self, info: StepInfo) -> None:
        self._check()
        self._time_left.stepped(self._name, info)
        self._start_timing()
        if self._preview is not None:
            self._preview.take(info, self.warn)
        state = f"step {info.step}/{info.steps}, loss {info.losses['total']:.4g}"
        if self._bar is not None:
            self._bar.set_postfix_str(state, False)
        self._advance()
        self._end_silence(f"{self._item}: {state}")

    def waiting(self) -> None:
        self._check()
        if not self._item:  # a long clip is probed and its shots are found, or workers start
            self._end_silence("preparing")
            return
        self._start_timing()
        self._advance()
        self._end_silence(f"{self._done}/{self._total} done")

    def item_ended(self, entry: Entry) -> None:
        self._done += 1
        self._time_left.ended(entry.name, time.monotonic(), failed=entry.state == "failed")
        self._advance()
        if entry.state == "failed":
            self.warn(f"{shown(entry.name)}: failed: {entry.reason}")
        elif self._bar is None:
            self.say(f"{self._done}/{self._total} {shown(entry.name)}: loss {entry.loss:.4g}{self._left()}")

    def assembling(self, frame: int, frames: int) -> None:
        self._check()
        if frame == 1:
            self._open(frames, 0)
            self._done, self._total = 0, frames
            if self._bar is not None:
                self._bar.set_description_str("assembling")
        if self._bar is not None:
            self._bar.update(1)
        self._end_silence(f"assembling: frame {frame}/{frames}")

    def fetching(self, received: int, total: int) -> None:
        self._check()
        if self._bar is None or self._bar.total != total:
            self._open(total, 0)
        if self._bar is not None:
            self._bar.set_description_str("fetching the weights")
            self._bar.update(received - self._bar.n)
        of_total = f" of {total / 1e6:.0f}" if total else ""
        self._end_silence(f"fetching the weights: {received / 1e6:.0f}{of_total} MB")

    def say(self, message: str) -> None:
        self._said = time.monotonic()
        if not self._quiet:
            tqdm.write(one_line(message), file=sys.stderr)

    def warn(self, message: str) -> None:
        tqdm.write(f"nstpipe: {one_line(message)}", file=sys.stderr)

    def close(self) -> None:
        """Remove the bar from the terminal."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _end_silence(self, message: str) -> None:
        """Say ``message`` where there is no bar and the last line was long ago."""
        if self._bar is None and time.monotonic() - self._said >= SILENCE_SECONDS:
            self.say(message)

    def _describe(self) -> None:
        if self._bar is not None:
            self._bar.set_description_str(f"{self._item} ({self._done + 1}/{self._total})")

    def _start_timing(self) -> None:
        """Time from the first step or a worker's first item on: TensorFlow's loading does not count."""
        if self._is_timing:
            return
        self._is_timing = True
        self._said = time.monotonic()
        self._time_left.counts_from(self._said)
        self._open_for_items()
        self._describe()

    def _open_for_items(self) -> None:
        """A bar in which an item is as long as it is expected to take; those done before are of the mean."""
        left = self._time_left
        before = self._before * left.mean
        self._open(before + left.whole, before + left.done, BAR_OF_ITEMS)

    def _open(self, total: float, done: float, form: str = BAR) -> None:
        self.close()
        if self._terminal and not self._quiet:
            self._bar = _Bar(total=total, initial=done, bar_format=form, leave=False, file=sys.stderr)

    def _advance(self) -> None:
        """Show what is done and the time that is left."""
        if self._bar is not None and self._bar.bar_format == BAR_OF_ITEMS:
            left = self._time_left
            self._bar.left = left.seconds(time.monotonic())
            self._bar.update(self._before * left.mean + left.done - self._bar.n)

    def _left(self) -> str:
        """The time left, after an item's line."""
        seconds = self._time_left.seconds(time.monotonic())
        return f", {duration(seconds)} left" if seconds is not None and self._done < self._total else ""
