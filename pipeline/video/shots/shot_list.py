"""Write and read a list of a clip's shots that people can edit: each shot's first frame and its time."""

from collections.abc import Sequence
from pathlib import Path

from pipeline.base.messages import shown
from pipeline.errors import InputError

HEAD = "# first frame of each shot (1 is the clip's first), and its time; --shots reads this list"

LONGEST_NUMBER = 16
"""Digits of a frame number; no clip has more frames, and Python refuses to parse thousands of digits."""


def lines(firsts: Sequence[int], seconds: Sequence[float]) -> list[str]:
    """The lines of a list of shots, given the first frame of each (0 is the clip's first) and its time."""
    shots = zip(firsts, seconds, strict=True)
    return [HEAD, *(f"{first + 1}\t{_clock(second)}" for first, second in shots)]


def read(path: Path) -> tuple[int, ...]:
    """The first frame of each shot, in order, from a list as :func:`lines` writes it; always with 0.

    Only the first word of each line is read. Empty lines, and what follows a ``#``, are ignored.

    Raises:
        InputError: the list cannot be read, or a line does not begin with a frame number.
    """
    try:
        text = path.read_text("utf-8-sig")  # some editors put a byte order mark in front
    except (OSError, ValueError) as error:
        raise InputError(
            f"{shown(path)}: cannot be read as a list of shots ({error}); check the path"
        ) from error
    lines_of_words = [line.partition("#")[0].split() for line in text.splitlines()]
    return tuple(sorted({0, *(_number(path, words[0]) - 1 for words in lines_of_words if words)}))


def check(firsts: Sequence[int], frames: int) -> None:
    """Check that every shot begins within a clip of ``frames`` frames.

    Raises:
        InputError: a shot begins after its end.
    """
    if firsts[-1] >= frames:
        raise InputError(
            f"the list of shots names frame {firsts[-1] + 1}, and the clip has {frames}; "
            "`nstpipe shots` prints its list"
        )


def _number(path: Path, word: str) -> int:
    if not (word.isdecimal() and len(word) < LONGEST_NUMBER and int(word)):
        raise InputError(
            f"{shown(path)}: {word[:LONGEST_NUMBER]!r} is not a frame number; each line begins with the "
            "number of a shot's first frame (1 is the clip's first), as `nstpipe shots` prints it"
        )
    return int(word)


def _clock(seconds: float) -> str:
    """Hours, minutes and seconds: ``0:00:02.000``."""
    minutes, rest = divmod(round(seconds, 3), 60)
    return f"{int(minutes) // 60}:{int(minutes) % 60:02}:{rest:06.3f}"
