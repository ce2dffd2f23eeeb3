"""The line that resumes a job that was stopped, to be copied into a shell."""

import os
import shlex
from collections.abc import Sequence

DISCARD = ("--force", "--restart")
"""Flags that would begin the job again."""


def line_to_resume(arguments: Sequence[str]) -> str:
    """The same line without the flags that would discard the job."""
    return " ".join(["nstpipe", *(_quoted(argument) for argument in arguments if argument not in DISCARD)])


def _quoted(argument: str) -> str:
    """``argument`` for a shell; what a terminal cannot show is in the form ``$'\\x1b'`` of bash and zsh."""
    if argument.isprintable():
        return shlex.quote(argument)
    return "$'" + "".join(map(_escaped, argument)) + "'"


def _escaped(character: str) -> str:
    if character.isprintable() and character not in "\\'":
        return character
    return "".join(f"\\x{byte:02x}" for byte in os.fsencode(character))
