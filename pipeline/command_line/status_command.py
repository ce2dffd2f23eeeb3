"""``nstpipe status``: how much of a job is done; once, or again and again until it ends."""

import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.command_line import streams

if TYPE_CHECKING:
    from pipeline.jobs.record.status import Status, Unreadable

REFRESH_SECONDS = 2.0

NO_JOBS = "no jobs here"


def status(
    output: Annotated[
        Path | None, typer.Argument(metavar="[OUT]", help="A job's output; default: every job here.")
    ] = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Refresh the lines until the jobs end, or Ctrl-C.")
    ] = False,
) -> None:
    """Show how many items of a job are done, failed and left, and the time left."""
    from pipeline.jobs.record import status as statuses

    def read() -> "Sequence[Status | Unreadable]":
        return [statuses.of(output)] if output else statuses.below(Path())

    if watch:
        follow(read)
    else:
        streams.print_lines(_text(read()))


def follow(read: "Callable[[], Sequence[Status | Unreadable]]") -> None:
    """Show the jobs that ``read`` returns until none runs: in place on a terminal, else at each change."""
    redraws = streams.can_draw(sys.stdout)
    before, was_running = "", True
    while not streams.is_lost(sys.stdout):
        jobs = read()
        running = any(getattr(job, "running", False) for job in jobs)
        text = _text(jobs)
        if text != before:
            _redraw(text, before) if redraws else streams.print_lines(text)
            sys.stdout.flush()
        if not running and not was_running:  # read once more: the last items may have been marked meanwhile
            return
        if running:
            time.sleep(REFRESH_SECONDS)
        before, was_running = text, running


def _text(jobs: "Sequence[Status | Unreadable]") -> str:
    return "\n".join(line for job in jobs for line in job.lines()) or NO_JOBS


def _redraw(text: str, before: str) -> None:
    """Write ``text`` over ``before`` on a terminal; lines that are too long or too many are cut off."""
    rows = os.get_terminal_size(sys.stdout.fileno()).lines - 1
    above = min(rows, len(before.split("\n"))) if before else 0
    lines = text.split("\n")[:rows]
    # Up to the first line and erase; without wrapping, so that each takes one row of the terminal.
    print(f"\x1b[{above}F\x1b[J" if above else "", end="\x1b[?7l")
    streams.print_lines("\n".join(lines))
    print(end="\x1b[?7h")
