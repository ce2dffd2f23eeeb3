"""Names and paths of any bytes as ASCII text, percent-encoded, so that JSON and web pages can hold them."""

import os
from pathlib import Path
from urllib.parse import quote, unquote_to_bytes


def encoded(name: str | os.PathLike[str]) -> str:
    """A name or path as percent-encoded text; letters, digits and ``/_.-~`` stay."""
    return quote(os.fsencode(name))


def decoded(text: str) -> str:
    """The name or path that :func:`encoded` made this text of."""
    return os.fsdecode(unquote_to_bytes(text))


def absolute(path: Path) -> str:
    """The absolute path, without links on the way, as :func:`encoded` text."""
    return encoded(os.path.realpath(path))
