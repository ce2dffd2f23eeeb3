"""A pseudo-terminal, and what a person would see on it."""

import contextlib
import fcntl
import os
import pty
import struct
import termios
from collections.abc import Iterator
from typing import TextIO

END = "\a"
"""Marks the end of the text so far."""


class Screen:
    """Reads a pseudo-terminal and keeps its lines as a person would see them."""

    def __init__(self, reads: int, file: TextIO) -> None:
        self.file = file
        """A stand-in for standard error."""
        self._reads = reads
        self._lines, self._column = [""], 0

    @property
    def lines(self) -> list[str]:
        """The lines so far, the last one the line with the cursor."""
        self.file.write(END)
        self.file.flush()
        while (text := os.read(self._reads, 65536).decode()) and self._draw(text):
            pass
        return [line.rstrip() for line in self._lines]

    def _draw(self, text: str) -> bool:
        """Whether there is more to come."""
        for character in text:
            if character == "\r":
                self._column = 0
            elif character == "\n":
                self._lines.append("")
            elif character != END:
                line = self._lines[-1].ljust(self._column)
                self._lines[-1] = line[: self._column] + character + line[self._column + 1 :]
                self._column += 1
        return not text.endswith(END)


@contextlib.contextmanager
def terminal(columns: int = 100) -> Iterator[Screen]:
    """A pseudo-terminal with ``columns`` columns."""
    reads, writes = pty.openpty()
    try:
        fcntl.ioctl(writes, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        with open(writes, "w", encoding="utf-8") as file:
            yield Screen(reads, file)
    finally:
        os.close(reads)
