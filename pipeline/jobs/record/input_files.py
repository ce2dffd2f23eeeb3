"""The files that a job reads, and the check that none has changed since its hash was taken."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.base.messages import shown
from pipeline.errors import InputError
from pipeline.jobs.record import fingerprint

Stamp = tuple[int, ...]
"""Device, inode, bytes and times (ns) of a file: while they stay the same, so does its content."""


def stamp_of(path: Path) -> Stamp:
    """The stamp of a file; () where it cannot be seen."""
    try:
        status = os.stat(path)
    except OSError:
        return ()
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


@dataclass
class InputFile:
    """A file as it was when its hash was taken.

    Attributes:
        path: of the file.
        sha256: of its bytes (hex).
        stamp: taken before the hash, so that a change in between is seen.
    """

    path: Path
    sha256: str
    stamp: Stamp

    @classmethod
    def of(cls, path: Path) -> "InputFile":
        """Take the stamp and the hash.

        Raises:
            InputError: it cannot be read.
        """
        stamp = stamp_of(path)
        return cls(path, fingerprint.of_file(path), stamp)

    def check(self) -> None:
        """Check that the content is the same; the file is read only where its stamp is another one.

        Raises:
            InputError: it changed, or cannot be read any more.
        """
        if stamp_of(self.path) != self.stamp:
            self.check_content()

    def check_content(self) -> None:
        """Check that the content is the same, by its hash.

        Raises:
            InputError: it changed, or cannot be read any more.
        """
        stamp = stamp_of(self.path)
        if fingerprint.of_file(self.path) != self.sha256:
            raise changed(self.path)
        self.stamp = stamp


@dataclass
class InputSequence:
    """The pictures of a sequence as they were when their hashes were taken."""

    files: Sequence[InputFile]

    @property
    def sha256(self) -> str:
        """Of their names and bytes (hex), in order."""
        return fingerprint.of_hashes([(file.path.name, file.sha256) for file in self.files])

    def check(self) -> None:
        """:meth:`InputFile.check` of each."""
        for file in self.files:
            file.check()

    def check_content(self) -> None:
        """:meth:`InputFile.check_content` of each."""
        for file in self.files:
            file.check_content()


Input = InputFile | InputSequence


def of(paths: Sequence[Path]) -> Input | None:
    """Take the stamps and hashes of a job's input; None where it has none of its own.

    Raises:
        InputError: a file cannot be read.
    """
    files = [InputFile.of(path) for path in paths]
    return (files[0] if len(files) == 1 else InputSequence(files)) if files else None


def changed(path: Path) -> InputError:
    """The error about a file that changed while the job ran."""
    return InputError(
        f"{shown(path)}: changed while the job ran, and nothing of the change was kept; "
        "once the file stays as it is, type the same line again"
    )
