"""Parts of messages: paths, durations, and the nearest existing name to a mistyped one."""

import difflib
import os
import unicodedata
from collections.abc import Sequence


def shown(path: str | os.PathLike[str]) -> str:
    """``path`` on one line: newlines, control characters and undecodable bytes are escaped.

    What a terminal can print stays: spaces, letters of any script, backslashes.
    """
    return "".join(map(_printable, os.fspath(path)))


def one_line(message: str) -> str:
    """A whole message on one line: as :func:`shown`, whatever the parts it was made of."""
    return "".join(map(_printable, message))


def _printable(character: str) -> str:
    if character.isprintable() or unicodedata.category(character) == "Zs":
        return character
    if "\udc80" <= character <= "\udcff":  # a byte that is not UTF-8, as os.fsdecode encodes it
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape").decode()


def duration(seconds: float) -> str:
    """``45 s``, ``3 min``, ``2 h 05 min``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02} min"


def did_you_mean(name: str, among: Sequence[str], *, alike: float = 0.0) -> str:
    """``; did you mean NAME?`` with the nearest of ``among``: the end of an error message.

    Args:
        name: the name that does not exist.
        among: the names that exist.
        alike: least similarity of the nearest, 0..1 (:mod:`difflib`'s ratio); below it the result is "".
    """
    nearest = difflib.get_close_matches(name, among, n=1, cutoff=alike)
    return f"; did you mean {nearest[0]}?" if nearest else ""
