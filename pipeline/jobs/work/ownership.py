"""Which files at a job's outputs the job may overwrite: those that it wrote, known by their content.

Any other file is the user's, or another job's; only ``--force`` overwrites it.
"""

import os
import stat
from collections.abc import Collection, Mapping
from pathlib import Path

from pipeline.base.messages import shown
from pipeline.errors import InputError, OutputError
from pipeline.jobs.planning.plan import Plan
from pipeline.jobs.record import fingerprint, other_jobs
from pipeline.pictures import damage as picture_damage
from pipeline.video import damage as video_damage
from pipeline.video.decoding import containers

WAYS_OUT = "--force overwrites it, -o writes elsewhere"


def content_of(path: Path) -> str | None:
    """What is at ``path``: SHA-256 (hex) of a file, the target of a link; None where nothing is.

    Raises:
        OutputError: the file cannot be read.
    """
    try:
        mode = os.lstat(path).st_mode
        if stat.S_ISLNK(mode):
            return f"link to {os.fsencode(os.readlink(path)).hex()}"
        return fingerprint.of_file(path) if stat.S_ISREG(mode) else "no file"
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (InputError, OSError) as error:
        raise OutputError(f"{shown(path)}: already exists and cannot be read; {WAYS_OUT}") from error


def written_of_video(
    plan: Plan, output_sha256: str | None, allowed: Mapping[str, Collection[str]]
) -> dict[str, str]:
    """What a video's job wrote, by the names of its output files.

    Args:
        output_sha256: see :class:`pipeline.jobs.record.entries.Facts`; None of a job that is not finished.
        allowed: contents that it may overwrite; of each picture of a sequence the last that it wrote.
    """
    if output_sha256 is None:
        return {}
    pictures = {name: next(iter(contents)) for name, contents in allowed.items() if contents}
    return pictures | {plan.output.name: output_sha256}


def replaceable(
    path: Path, allowed: Collection[str], marked: str = "", video_start: str | None = None
) -> str | None:
    """The content of the file at ``path``, if the job may overwrite it; None where nothing is.

    Args:
        allowed: contents that it may overwrite.
        marked: SHA-256 (hex) of the file that the job wrote there; "" where it wrote none. What a cut or a
            power failure left of it may be overwritten, too.
        video_start: the first bytes (hex) of that file, if it is a video; None where they are not known.

    Raises:
        OutputError: the file is not the job's.
    """
    content = content_of(path)
    if content is None or content == marked or content in allowed:
        return content
    if marked and is_damaged(path, video_start):
        return content
    raise not_ours(path, changed=bool(marked))


def check_unchanged(path: Path, content: str | None) -> None:
    """Check, just before ``path`` is written, that nothing is there but ``content``.

    Raises:
        OutputError: there is.
    """
    if content_of(path) not in (None, content):
        raise not_ours(path)


def is_damaged(path: Path, video_start: str | None = None) -> bool:
    """Whether a file is what a cut or a power failure leaves of a file of its extension.

    Args:
        video_start: the first bytes (hex) of the video that was there; None where they are not known.
    """
    try:
        if not path.is_file():
            return False
        if path.suffix.lower() in containers.CONTAINERS:
            return video_damage.is_damaged(path, bytes.fromhex(video_start or ""))
        return picture_damage.is_damaged(path)
    except OSError:
        return False


def not_ours(path: Path, *, changed: bool = False, more: int = 0) -> OutputError:
    """The error about a file that a job may not overwrite; it names the job that made the file, if one did.

    Args:
        changed: whether the job wrote a file there earlier.
        more: how many other outputs have the same fault.
    """
    others = f" (and {more} more)" if more else ""
    maker = other_jobs.maker_of(path, content_of(path) or "")
    if maker:
        what = f"already exists and was made by {maker}"
    elif changed:
        what = "was changed after nstpipe made it"
    else:
        what = "already exists and was not made by nstpipe"
    return OutputError(f"{shown(path)}{others}: {what}; {WAYS_OUT}")
