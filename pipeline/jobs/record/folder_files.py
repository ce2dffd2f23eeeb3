"""The files of a job's folder: their names, the check that none is a link, and their removal.

Only files with these names are removed; a folder is removed only once it is empty.
"""

import os
import re
from contextlib import suppress
from pathlib import Path

from pipeline.base.atomic import PARTIAL_PREFIX
from pipeline.base.messages import shown
from pipeline.errors import OutputError
from pipeline.jobs.planning.plan import FRAMES_FOLDER
from pipeline.jobs.record import job_log, journal_files, loss_curves

LOCK, HOLDER, CLAIMS = "lock", "holder.txt", "claims"
"""The lock; the process that holds it; the outputs that this process makes."""

_FILES = (*journal_files.FILES, job_log.FILE_NAME, LOCK, HOLDER, CLAIMS)

_FRAME = re.compile(r"\d{6,}\.png")
_LOSSES = re.compile(r"[0-9a-f]{32}\.csv")


def refuse_links(folder: Path) -> None:
    """Check that neither the job's folder nor a file of the job in it is a link, dangling or not.

    Raises:
        OutputError: one is: what is written or removed through it would lie elsewhere.
    """
    for path in (folder, *(folder / name for name in (*_FILES, FRAMES_FOLDER, loss_curves.FOLDER))):
        if os.path.islink(path):
            raise OutputError(
                f"{shown(path)}: is a link, and a job's own files must not lie elsewhere; "
                "remove the link, or choose another output with -o"
            )


def remove(folder: Path) -> None:
    """Remove the files of a job but for those of its lock, see :func:`remove_lock`."""
    remove_frames(folder / FRAMES_FOLDER)
    remove_losses(folder)
    with suppress(OSError):
        journal_files.remove(folder)
    with suppress(OSError):
        (folder / job_log.FILE_NAME).unlink()


def remove_frames(frames: Path) -> None:
    """Remove the frames of a video, and their folder if nothing else is in it."""
    _remove_named(frames, _FRAME)


def remove_losses(folder: Path) -> None:
    """Remove the losses of a job's items, and their folder if nothing else is in it."""
    _remove_named(folder / loss_curves.FOLDER, _LOSSES)


def _remove_named(inside: Path, pattern: re.Pattern[str]) -> None:
    """Remove the files whose names match, with temporary ones; and the folder if nothing else is in it."""
    if os.path.islink(inside) or not os.path.isdir(inside):
        return
    with suppress(OSError):
        for name in os.listdir(inside):
            if pattern.fullmatch(name) or name.startswith(PARTIAL_PREFIX):
                with suppress(OSError):
                    (inside / name).unlink()
        inside.rmdir()


def remove_lock(folder: Path) -> None:
    """Remove the lock's files, and the folder if nothing else is in it. The lock must be held."""
    for name in (CLAIMS, HOLDER, LOCK):
        with suppress(OSError):
            (folder / name).unlink()
    with suppress(OSError):
        folder.rmdir()
