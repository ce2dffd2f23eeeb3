"""What a mistyped name was probably meant to be."""

import difflib
from collections.abc import Sequence


def did_you_mean(name: str, among: Sequence[str], *, alike: float = 0.0) -> str:
    """``; did you mean NAME?`` with the nearest of ``among``, to end an error's message with.

    Args:
        name: what does not exist.
        among: what does.
        alike: how similar the nearest has to be, 0..1 (:mod:`difflib`'s ratio); else nothing is said.
    """
    nearest = difflib.get_close_matches(name, among, n=1, cutoff=alike)
    return f"; did you mean {nearest[0]}?" if nearest else ""
