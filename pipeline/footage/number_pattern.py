"""Names with a number in them, as FFmpeg writes them: ``%04d.png`` is ``0001.png``, ``0002.png``, …"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

_NUMBER = re.compile(r"%(\d{0,2})d")
_PERCENT = "%%"
"""Stands for one ``%``, as in FFmpeg."""


@dataclass(frozen=True)
class NumberPattern:
    """The names of a sequence's pictures.

    Attributes:
        folder: where the pictures lie.
        before, after: what stands before and after the number in a name.
        digits: at least so many digits; shorter numbers begin with zeros.
    """

    folder: Path
    before: str
    digits: int
    after: str

    @classmethod
    def of(cls, path: Path) -> "NumberPattern | None":
        """The pattern in the last part of ``path``; None unless it has exactly one ``%d``, ``%04d``, …."""
        parts = _NUMBER.split(path.name.replace(_PERCENT, "\0"))
        if len(parts) != 3:
            return None
        before, digits, after = (part.replace("\0", "%") for part in parts)
        return cls(path.parent, before, int(digits or 1), after)

    def path_of(self, number: int) -> Path:
        """The picture of a number."""
        return self.folder / f"{self.before}{number:0{self.digits}}{self.after}"

    def number_of(self, name: str) -> int | None:
        """The number in a name; None where the name is not of this form."""
        form = rf"{re.escape(self.before)}([0-9]+){re.escape(self.after)}"
        match = re.fullmatch(form, name)
        return int(match[1]) if match and self.path_of(int(match[1])).name == name else None

    def existing(self) -> dict[int, Path]:
        """The pictures that exist, by their numbers, rising; {} where the folder cannot be read."""
        try:
            names = os.listdir(self.folder)
        except OSError:
            return {}
        numbers = sorted(number for name in names if (number := self.number_of(name)) is not None)
        return {number: self.path_of(number) for number in numbers}
