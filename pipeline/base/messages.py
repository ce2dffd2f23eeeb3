"""Parts of messages: paths, durations, and the nearest existing name to a mistyped one."""

import difflib
import os
import unicodedata
from collections.abc import Sequence

LONGEST_PATH = 1000
"""Characters of a path in a message."""

LONGEST_VALUE = 200
"""Characters of any other value in a message: a file can have keys of megabytes."""


def shown(path: str | os.PathLike[str]) -> str:
    """``path`` on one line: newlines, control characters and undecodable bytes are escaped.

    What a terminal can print stays: spaces, letters of any script, backslashes. Of a path of more than
    :data:`LONGEST_PATH` characters the middle is left out.
    """
    return "".join(map(_printable, cut(os.fspath(path), LONGEST_PATH)))


def quoted(value: object) -> str:
    """A value as Python writes it; of more than :data:`LONGEST_VALUE` characters the middle is left out."""
    return cut(repr(value), LONGEST_VALUE)


def cut(text: str, length: int) -> str:
    """``text``, or its beginning and end in ``length`` characters with ``…`` between them."""
    if len(text) <= length:
        return text
    end = length // 3
    return f"{text[: length - end - 1]}…{text[-end:]}"


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
