"""Other jobs that make, or made, an output: those whose folder lies beside it or beside a folder above it."""

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from pipeline.base import atomic
from pipeline.base.messages import shown
from pipeline.errors import LockedError
from pipeline.jobs.planning import output_names
from pipeline.jobs.record import journal_files, lock
from pipeline.jobs.record.folder_files import CLAIMS


def claim(folder: Path, outputs: Sequence[Path]) -> None:
    """Record in a job's folder which outputs the process that holds it makes; then see who else makes one.

    The order matters: of two jobs that begin at the same time, at least one sees the other.

    Raises:
        LockedError: another job makes one of them now.
        OutputError: the folder cannot be written.
    """
    names = b"\0".join(map(os.fsencode, _from(folder.parent, outputs)))
    with atomic.writing(folder / CLAIMS), open(folder / CLAIMS, "wb", opener=atomic.open_no_link) as file:
        file.write(names)
    for other in sorted(_jobs_around(outputs)):
        if _is_same(other, folder) or not lock.is_locked(other):
            continue
        claimed = {output_names.folded(name) for name in _claims(other)}
        for name, output in zip(_from(other.parent, outputs), outputs, strict=True):
            if output_names.folded(name) in claimed:
                raise LockedError(
                    f"{shown(output)}: is being made by {_described(other)}, {lock.holder_of(other)}; "
                    "wait for it, or choose another output with -o"
                )


def maker_of(output: Path, sha256: str) -> str | None:
    """The job that wrote this content to ``output``, in words; None where none is known."""
    jobs = sorted(_jobs_around([output]))
    return next((_described(job) for job in jobs if journal_files.has_output(job, sha256)), None)


def _jobs_around(outputs: Sequence[Path]) -> set[Path]:
    """The folders of jobs that lie beside the outputs and beside the folders that these are in."""
    beside, folders = {output_names.job_folder(output) for output in outputs}, {one.parent for one in outputs}
    sequences = {job for folder in folders for job in output_names.sequence_jobs_in(folder)}
    return {folder for folder in beside | sequences | set(_above(folders)) if os.path.isdir(folder)}


def _above(folders: set[Path]) -> Iterator[Path]:
    for folder in folders:
        for place in {folder.absolute(), Path(os.path.realpath(folder))}:
            yield from (output_names.job_folder(above) for above in (place, *place.parents) if above.name)


def _is_same(folder: Path, other: Path) -> bool:
    with suppress(OSError):  # removed meanwhile
        return os.path.samefile(folder, other)
    return False


def _claims(folder: Path) -> list[str]:
    with suppress(OSError):  # there is none yet: then that job will see this one's
        return [os.fsdecode(name) for name in (folder / CLAIMS).read_bytes().split(b"\0")]
    return []


def _from(folder: Path, outputs: Sequence[Path]) -> list[str]:
    """The paths of outputs as seen from ``folder``, without links on the way."""
    start = os.path.realpath(folder)
    parents = {output.parent: os.path.realpath(output.parent) for output in outputs}
    return [os.path.relpath(os.path.join(parents[output.parent], output.name), start) for output in outputs]


def _described(folder: Path) -> str:
    return f"the job of {shown(output_names.output_of(folder))}"
