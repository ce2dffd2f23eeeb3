"""Files that are fetched once and kept: complete and verified, or absent; safe when processes race."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from pipeline.base import atomic
from pipeline.base.messages import shown

OnBytes = Callable[[int, int], None]
"""Called with the bytes received so far and the total (0 where it is not known). It may raise to stop."""


def fetch_once(
    path: Path, is_genuine: Callable[[Path], bool], fetch: Callable[[Path], Path], lock_seconds: float
) -> None:
    """Fetch the file ``path``, unless it is there already; its folder is created.

    ``.lock`` stays beside the file, since two processes could hold locks of one name if it were removed.

    Args:
        path: where the file is kept.
        is_genuine: whether a file is the one that is wanted.
        fetch: brings the file into the empty folder that it is given, verifies it, and returns its path.
        lock_seconds: how long to wait for another process that fetches the same file.

    Raises:
        OSError: the wait was too long, or a folder or file cannot be written; ``path`` is unchanged.
    """
    import filelock

    path.parent.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(path.with_name(f"{path.name}.lock"), timeout=lock_seconds):
        if not is_genuine(path):  # else the process that held the lock before fetched it
            _replace(path, fetch)


def _replace(path: Path, fetch: Callable[[Path], Path]) -> None:
    # The folder's name is fixed, so that what a killed process left in it is removed. The folder in it has a
    # new name each time, since a program that the killed process started may still write to the old one.
    folder = path.with_name(f"{path.name}.download")
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir(exist_ok=True)
        atomic.move(fetch(Path(tempfile.mkdtemp(dir=folder))), path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def reason(error: BaseException) -> str:
    """Why a fetch failed, on one line, with control characters escaped."""
    import filelock

    if isinstance(error, filelock.Timeout):
        return "another process is still downloading it"
    while cause := error.__cause__ or (None if error.__suppress_context__ else error.__context__):
        error = cause  # requests wraps urllib3's errors, and it the socket's
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return shown(" ".join(str(text).split()))
