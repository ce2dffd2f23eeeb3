"""A pseudo-terminal, and what a person would see on it."""

import contextlib
import fcntl
import os
import pty
import re
import struct
import termios
from collections.abc import Iterator
from typing import TextIO

END = "\a"
"""Marks the end of the text so far."""


class Screen:
    """Reads a pseudo-terminal and keeps its lines as a person would see them; lines do not wrap."""

    def __init__(self, reads: int, file: TextIO) -> None:
        self.file = file
        """A stand-in for standard output or standard error."""
        self.text = ""
        """All that was written, with its control sequences."""
        self._reads = reads
        self._lines, self._row, self._column = [""], 0, 0

    @property
    def lines(self) -> list[str]:
        """The lines so far; where none was drawn again, the last one is the line with the cursor."""
        self.file.write(END)
        self.file.flush()
        while (text := os.read(self._reads, 65536).decode()) and self._draw(text):
            pass
        return [line.rstrip() for line in self._lines]

    def _draw(self, text: str) -> bool:
        """Whether there is more to come."""
        self.text += text
        for character in re.findall(r"\x1b\[[?0-9]*[A-Za-z]|.", text, re.DOTALL):
            if character.startswith("\x1b"):
                self._obey(character)
            elif character == "\r":
                self._column = 0
            elif character == "\n":
                self._row += 1
                self._lines += [""] * (self._row == len(self._lines))
            elif character != END:
                line = self._lines[self._row].ljust(self._column)
                self._lines[self._row] = line[: self._column] + character + line[self._column + 1 :]
                self._column += 1
        return not text.endswith(END)

    def _obey(self, sequence: str) -> None:
        """Go up some lines (F), or erase from the cursor on (J); others change nothing here."""
        if sequence.endswith("F"):
            self._row, self._column = max(0, self._row - int(sequence[2:-1])), 0
        elif sequence == "\x1b[J":
            self._lines[self._row :] = [self._lines[self._row][: self._column]]


@contextlib.contextmanager
def terminal(columns: int = 100, rows: int = 24) -> Iterator[Screen]:
    """A pseudo-terminal of that size."""
    reads, writes = pty.openpty()
    try:
        fcntl.ioctl(writes, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        with open(writes, "w", encoding="utf-8") as file:
            yield Screen(reads, file)
    finally:
        os.close(reads)
