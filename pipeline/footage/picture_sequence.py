"""A sequence of pictures as a video's input: which files, in which order, at which times."""

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np

from pipeline.base.arrays import Frame, Size
from pipeline.base.files import check_folder
from pipeline.base.messages import shown
from pipeline.errors import InputError
from pipeline.footage.number_pattern import NumberPattern
from pipeline.pictures import folders, images
from pipeline.video import isolation
from pipeline.video.clip import Clip
from pipeline.video.decoding.frame_times import ORDINARY_RATE
from pipeline.video.decoding.reading import Reading

_NUMBERED = re.compile(r"(.*?)([0-9]+)([^0-9]*)")
"""A name as what stands before its last number, the number, and what stands after it."""


@dataclass(frozen=True)
class PictureSequence:
    """The pictures of a sequence, in order.

    Attributes:
        path: the pattern or folder, as the user names it.
        files: the pictures, each a frame.
        numbers: of the pictures, rising: those in their names, else 1, 2, 3, ….
        rate: frames a second, as the user gives it; None where it is not given.
    """

    path: Path
    files: tuple[Path, ...]
    numbers: tuple[int, ...]
    rate: Fraction | None = None

    @property
    def frame_rate(self) -> Fraction:
        """Frames a second."""
        return self.rate or ORDINARY_RATE

    @property
    def named(self) -> Path:
        """What an output is named after by default: ``shot`` of ``shot_%04d.png``, or the folder."""
        pattern = NumberPattern.of(self.path)
        if pattern is None or self.path.is_dir():
            return self.path
        stem = pattern.before.rstrip("_-. ")
        return pattern.folder / stem if stem else pattern.folder

    @property
    def notes(self) -> tuple[str, ...]:
        """One line where numbers are missing."""
        missing = self.numbers[-1] - self.numbers[0] + 1 - len(self.numbers)
        if not missing:
            return ()
        first = next(now + 1 for now, after in pairwise(self.numbers) if after > now + 1)
        what = f"number {first} is" if missing == 1 else f"{missing} numbers are"
        where = "" if missing == 1 else f", the first {first}"
        return (f"{shown(self.path)}: {what} missing{where}; the frames around a gap follow each other",)


def find(path: Path, rate: Fraction | None = None) -> PictureSequence | None:
    """The sequence that ``path`` names: a pattern such as ``%04d.png``, or a folder; None if it is neither.

    Raises:
        InputError: it names no picture, or pictures of several kinds.
    """
    if os.path.isfile(path):
        return None
    if os.path.isdir(path):
        return _of_folder(path, rate)
    pattern = NumberPattern.of(path)
    return None if pattern is None else _of_pattern(path, pattern, rate)


def probe(sequence: PictureSequence) -> Clip:
    """The sequence as a clip without sound, from the headers of its pictures.

    Raises:
        InputError: a picture cannot be read, or has another size than the first.
    """
    rate = sequence.frame_rate
    size = images.read_size(sequence.files[0])
    for file in sequence.files[1:]:
        _check_size(file, images.read_size(file), size)
    return Clip(
        sequence.path,
        *size,
        frame_times=tuple(number * rate.denominator for number in range(len(sequence.files))),
        time_base=Fraction(1, rate.numerator),
        last_frame_duration=rate.denominator,
        reading=Reading(sequence.path, "pictures", size, files=sequence.files),
        notes=sequence.notes,
    )


def frames(reading: Reading, start: int, note: Callable[[str], None]) -> Iterator[Frame]:
    """The frames from number ``start`` on: uint8 RGB (height, width, 3), upright, in sRGB.

    Args:
        note: called with what the user should know about a picture, in one line.

    Raises:
        InputError: a picture cannot be read, or has another size than the first.
        TooLargeError: reading needs more memory than is free.
    """
    for frame, notes in isolation.iterate(reading.path, _read, reading.files[start:], reading.size):
        for text in notes:
            note(text)
        yield frame


def _read(files: Sequence[Path], size: Size) -> Iterator[tuple[Frame, tuple[str, ...]]]:
    for file in files:
        picture = images.read(file)
        _check_size(file, picture.pixels.shape[:2], size)
        yield np.rint(picture.pixels).astype(np.uint8), picture.notes


def _check_size(file: Path, size: Size, first: Size) -> None:
    if size != first:
        raise InputError(
            f"{shown(file)}: is {size[1]}x{size[0]} pixels, the first picture of the sequence "
            f"{first[1]}x{first[0]}; bring all to one size, or name fewer"
        )


def _of_pattern(path: Path, pattern: NumberPattern, rate: Fraction | None) -> PictureSequence:
    check_folder(pattern.folder)
    files = pattern.existing()
    if not files:
        raise InputError(f"{shown(path)}: no file has a name of this form; check the number of digits")
    return PictureSequence(path, tuple(files.values()), tuple(files), rate)


def _of_folder(folder: Path, rate: Fraction | None) -> PictureSequence:
    check_folder(folder)
    names = [name for name in sorted(os.listdir(folder), key=_in_natural_order) if _is_picture(folder, name)]
    if not names:
        raise InputError(f"{shown(folder)}: holds no picture that can be read; name a clip or a sequence")
    kinds = Counter(Path(name).suffix.lower() for name in names)
    if len(kinds) > 1:
        counts = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
        raise InputError(
            f"{shown(folder)}: holds pictures of several kinds ({counts}); name those of the sequence, "
            f"such as {shown(folder / '%04d')}{names[0][-len(Path(names[0]).suffix) :]}"
        )
    return PictureSequence(folder, tuple(folder / name for name in names), _numbers(names), rate)


def _is_picture(folder: Path, name: str) -> bool:
    suffix = Path(name).suffix.lower()
    return not name.startswith(".") and suffix in folders.EXTENSIONS and os.path.isfile(folder / name)


def _numbers(names: Sequence[str]) -> tuple[int, ...]:
    """The last number in each name, if the names differ in nothing else; otherwise 1, 2, 3, …."""
    matches = [match for name in names if (match := _NUMBERED.fullmatch(Path(name).stem))]
    numbers = tuple(int(match[2]) for match in matches)
    alike = len({(match[1], match[3]) for match in matches}) == 1 and len(matches) == len(names)
    rises = all(now < after for now, after in pairwise(numbers))
    return numbers if alike and rises else tuple(range(1, len(names) + 1))


def _in_natural_order(name: str) -> tuple[list[tuple[int, str]], str]:
    """A key by which ``2.png`` comes before ``10.png``."""
    parts = re.split(r"([0-9]+)", name.casefold())
    return [(int(part), "") if part.isdecimal() and part.isascii() else (0, part) for part in parts], name
