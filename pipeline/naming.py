"""How the path of a file is shown to people."""

import os
import unicodedata


def shown(path: str | os.PathLike[str]) -> str:
    """``path`` on one line: newlines, control characters and undecodable bytes are escaped.

    Everything that a terminal can print stays as it is: spaces, letters of any script, backslashes.
    """
    return "".join(map(_printable, os.fspath(path)))


def _printable(character: str) -> str:
    if character.isprintable() or unicodedata.category(character) == "Zs":
        return character
    if "\udc80" <= character <= "\udcff":  # a byte that is not UTF-8, as os.fsdecode keeps it
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape").decode()
