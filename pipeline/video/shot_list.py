"""A clip's shots as a list that people read and edit: for each its first frame, and when it is shown."""

from collections.abc import Sequence
from pathlib import Path

from pipeline.base.messages import shown
from pipeline.errors import InputError

HEAD = "# first frame of each shot (1: the clip's own first), and its time; --shots takes this list"

LONGEST_NUMBER = 16
"""Digits; no clip has so many frames, and Python refuses to read thousands of them."""


def lines(firsts: Sequence[int], seconds: Sequence[float]) -> list[str]:
    """The list of shots with these first frames, 0 the clip's first, each with its time in the clip."""
    shots = zip(firsts, seconds, strict=True)
    return [HEAD, *(f"{first + 1}\t{_clock(second)}" for first, second in shots)]


def read(path: Path) -> tuple[int, ...]:
    """The first frame of each shot, 0 the clip's first and always among them, from a list of :func:`lines`.

    Only the first word of a line counts; empty lines and what follows a ``#`` do not.

    Raises:
        InputError: it cannot be read, or a line does not begin with a frame's number.
    """
    try:
        text = path.read_text("utf-8-sig")  # some editors begin a file with a mark
    except (OSError, ValueError) as error:
        raise InputError(
            f"{shown(path)}: cannot be read as a list of shots ({error}); check the path"
        ) from error
    words = [line.partition("#")[0].split() for line in text.splitlines()]
    return tuple(sorted({0, *(_number(path, found[0]) - 1 for found in words if found)}))


def check(firsts: Sequence[int], frames: int) -> None:
    """See that every shot begins within a clip of so many frames.

    Raises:
        InputError: one does not.
    """
    if firsts[-1] >= frames:
        raise InputError(
            f"the list of shots names frame {firsts[-1] + 1}, and the clip has {frames}; "
            "`nstpipe shots` prints its list"
        )


def _number(path: Path, word: str) -> int:
    if not (word.isdecimal() and len(word) < LONGEST_NUMBER and int(word)):
        raise InputError(
            f"{shown(path)}: {word[:LONGEST_NUMBER]!r} is no frame's number; each line begins with the first "
            "frame of a shot, 1 the clip's first, as `nstpipe shots` prints it"
        )
    return int(word)


def _clock(seconds: float) -> str:
    """``0:00:02.000``."""
    minutes, rest = divmod(round(seconds, 3), 60)
    return f"{int(minutes) // 60}:{int(minutes) % 60:02}:{rest:06.3f}"
