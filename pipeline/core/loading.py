"""Bring TensorFlow in: seconds, so only where there is something to stylise; and quietly."""

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.core.stylizer import Stylizer


def stylizer_class() -> "type[Stylizer]":
    """:class:`pipeline.core.stylizer.Stylizer`, imported when it is first asked for."""
    if "tensorflow" in sys.modules:
        from pipeline.core.stylizer import Stylizer
    else:
        with _silent_stderr():
            from pipeline.core.stylizer import Stylizer
    return Stylizer


@contextlib.contextmanager
def _silent_stderr() -> Iterator[None]:
    """Standard error shut at its descriptor: TensorFlow's libraries write there while they are loaded.

    No setting keeps them from it; what goes wrong while they load is raised, and seen all the same.
    """
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
