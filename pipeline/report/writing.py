"""Write the report of a job beside its output: where it lies, and which file there it may replace."""

import hashlib
import importlib.util
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.base import atomic
from pipeline.base.messages import shown
from pipeline.errors import NstpipeError, OutputError, SettingsError
from pipeline.jobs.planning import output_names
from pipeline.jobs.record.journal_files import present
from pipeline.report import charts, job_record, page, pictures
from pipeline.report.job_record import JobRecord

NEEDED = ("jinja2", "matplotlib")
"""The libraries of a report, which are not installed with nstpipe itself."""

_HEAD = "<!doctype html>\n<!-- nstpipe report, SHA-256 of what follows: {} -->\n"
_OUR_HEAD = re.compile(re.escape(_HEAD).replace(r"\{\}", "([0-9a-f]{64})").encode())


def place_of(output: Path) -> Path:
    """Where the report of the job that makes ``output`` lies by default: ``photos_starry.report.html``."""
    output = output_names.named(output)
    return output.with_name(f"{output.name}.report.html")


def write_report(
    output: str | os.PathLike[str], path: str | os.PathLike[str] | None = None, *, force: bool = False
) -> Path:
    """Write the report of a job, which may be finished, stopped or running; its path.

    Args:
        output: the picture, folder or clip that the job makes.
        path: of the report, an ``.html`` file; by default beside the output, see :func:`place_of`.
        force: replace a file that is not an unchanged report of nstpipe.

    Raises:
        InputError: there is no such job.
        OutputError: another file lies at ``path``, or it cannot be written.
        DamagedJournalError: the job's journal is damaged.
        DiskFullError: the disk is full.
        SettingsError: a library that draws is not installed.
    """
    output, path = Path(output), Path(path) if path else place_of(Path(output))
    check(path, force=force)
    job = job_record.of(output)
    _check_apart(path, job)
    html = page.render(job, pictures.of(job), charts.of(job), path.parent)
    body = html.encode("utf-8", "backslashreplace")
    head = _HEAD.format(hashlib.sha256(body).hexdigest()).encode()
    atomic.write_bytes(path, head + body)
    return path


def _check_apart(path: Path, job: JobRecord) -> None:
    """Check that the report would not replace a file of the job's, not even with ``force``."""
    files = [item.content for item in job.items if item.content]
    if any(os.path.exists(path) and os.path.exists(file) and path.samefile(file) for file in files):
        raise OutputError(f"{shown(path)}: is one of the inputs; name another .html with -o")


@contextmanager
def at_the_end(
    output: Path, *, force: bool, say: Callable[[str], None], warn: Callable[[str], None]
) -> Iterator[None]:
    """Write the report when the block has run a job, however that ended; see :func:`write_report`.

    Where the block raises, its error is what counts: one about the report is a warning.

    Args:
        say: called with one line that names the report.

    Raises:
        OutputError, SettingsError: before the block, where the report could not be written at its end.
    """
    check(place_of(output), force=force)
    try:
        yield
    except NstpipeError:
        if present(output_names.job_folder_in_use(output_names.named(output))):
            try:
                say(_line(write_report(output, force=force)))
            except NstpipeError as error:
                warn(f"no report was written: {error}")
        raise
    say(_line(write_report(output, force=force)))


def _line(path: Path) -> str:
    return f"report: {shown(path)}"


def check(path: Path, *, force: bool) -> None:
    """Check that a report can be written to ``path``, before the time that this takes.

    Raises:
        SettingsError: a library is not installed.
        OutputError: the ending is another one, the name is too long, or a file lies there that is not an
            unchanged report.
    """
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise SettingsError(
            f"a report needs {' and '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not "
            f"installed; run `pip install {' '.join(missing)}`"
        )
    if path.suffix.lower() != ".html":
        raise OutputError(f"{shown(path)}: the report is a page; end its name in .html")
    over = len(os.fsencode(path.name)) - output_names.LONGEST_NAME
    if over > 0:
        raise OutputError(
            f"{shown(path)}: the name is {over} bytes too long; name the job's output, or the report, shorter"
        )
    if os.path.lexists(path) and not force and not is_own(path):
        raise OutputError(
            f"{shown(path)}: is not a report of nstpipe, or was changed since; move it away, "
            "or `nstpipe report OUT --force` overwrites it"
        )


def is_own(path: Path) -> bool:
    """Whether the file is a report as nstpipe wrote it: no one has changed it since."""
    try:
        data = b"" if os.path.islink(path) else path.read_bytes()
    except OSError:
        return False
    head = _OUR_HEAD.match(data)
    return head is not None and hashlib.sha256(data[head.end() :]).hexdigest() == head[1].decode()
