"""Download one file with a known hash: whole and right, or not at all, and never waiting for ever."""

import contextlib
import hashlib
import http.client
import os
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from pipeline.base import atomic
from pipeline.base.messages import shown
from pipeline.errors import WeightsError

OnBytes = Callable[[int, int], None]
"""Called with the bytes so far and all there will be (0 where the server does not say)."""

LARGEST_BYTES = 2**29
"""A body that goes on beyond this is not a weights file."""

_CHUNK_BYTES = 2**16


@dataclass(frozen=True)
class Patience:
    """How long a download may wait, in seconds.

    Attributes:
        opening: from looking up the name to the answer's first line, all addresses and redirects included.
        silence: without a single byte.
        stall: in which at least ``stall_bytes`` must arrive.
        lock: for another process that fetches the same file.
    """

    opening: float = 20
    silence: float = 20
    stall: float = 60
    stall_bytes: int = 2**18
    lock: float = 3600


def download(
    url: str, path: Path, md5: str, progress: OnBytes | None = None, patience: Patience | None = None
) -> None:
    """Put the file at ``url`` at ``path``, unless it lies there already; safe when processes race.

    Args:
        url: http or https; redirects are followed, and proxies taken from the environment.
        path: where it shall lie; its folders are made; ``.partial`` and ``.lock`` are its siblings meanwhile.
        md5: the hash (hex) that the file must have.
        progress: told of the bytes as they come.
        patience: how long to wait for what.

    Raises:
        WeightsError: it could not be had; names the address, the path and the hash. ``path`` is as it was.
    """
    patience = patience or Patience()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _locked(path, patience):
            # Whoever held the lock before may have fetched it.
            if not has_md5(path, md5):
                _replace(url, path, md5, progress, patience)
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise WeightsError(
            f"{url} could not be fetched ({_reason(error)}); "
            f"try again, or put the file at {shown(path)} by hand (MD5 {md5}), or use --weights builtin"
        ) from error


def has_md5(path: Path, md5: str) -> bool:
    """Whether a file lies at ``path`` and its MD5 is ``md5`` (hex)."""
    with contextlib.suppress(OSError), path.open("rb") as file:
        return hashlib.file_digest(file, _md5).hexdigest() == md5
    return False


def _md5() -> "hashlib._Hash":
    # The published hash is an MD5; it guards against damage, and FIPS builds allow that use only.
    return hashlib.md5(usedforsecurity=False)


@contextlib.contextmanager
def _locked(path: Path, patience: Patience) -> Iterator[None]:
    import filelock

    try:
        # The lock file stays: to remove it would let two processes hold locks of one name.
        with filelock.FileLock(path.with_name(f"{path.name}.lock"), timeout=patience.lock):
            yield
    except filelock.Timeout as error:
        raise TimeoutError("another process is still fetching it") from error


def _replace(url: str, path: Path, md5: str, progress: OnBytes | None, patience: Patience) -> None:
    # One name for all: only the lock's holder writes it, and what a killed process left is written over.
    partial = path.with_name(f"{path.name}.partial")
    try:
        with _open(url, patience) as answer, partial.open("wb") as file:
            received = _copy(answer, file, progress, patience)
            file.flush()
            os.fsync(file.fileno())
        if received != md5:
            raise ValueError(
                f"what came has the MD5 {received}: a proxy's or sign-in page, or a damaged file"
            )
        os.replace(partial, path)
        atomic.sync_folder(path.parent)
    finally:
        partial.unlink(missing_ok=True)


def _open(url: str, patience: Patience) -> http.client.HTTPResponse:
    """The answer to a request, within ``patience.opening``.

    In a thread of its own, since the system's look-up of a name heeds no time-out, and the socket's holds for
    each of a server's many addresses anew.
    """
    future: Future[http.client.HTTPResponse] = Future()
    threading.Thread(target=_answer, args=(url, patience.silence, future), daemon=True).start()
    try:
        return future.result(patience.opening)
    except TimeoutError:
        if future.cancel():
            raise TimeoutError(f"no answer within {patience.opening:g} s") from None
        return future.result()


def _answer(url: str, silence: float, future: Future[http.client.HTTPResponse]) -> None:
    try:
        answer = urllib.request.urlopen(url, timeout=silence)
    except BaseException as error:
        if future.set_running_or_notify_cancel():
            future.set_exception(error)
    else:
        if future.set_running_or_notify_cancel():
            future.set_result(answer)
        else:
            answer.close()


def _copy(
    answer: http.client.HTTPResponse, file: IO[bytes], progress: OnBytes | None, patience: Patience
) -> str:
    """Copy the body into ``file`` and return its MD5."""
    digest, received, total = _md5(), 0, answer.length
    window_began, window_bytes = time.monotonic(), 0
    # read1 returns after one arrival; read would wait for a full buffer from a server that trickles.
    while total is None or received < total:
        data = answer.read1(_CHUNK_BYTES)
        if not data:
            break
        file.write(data)
        digest.update(data)
        received += len(data)
        if received > LARGEST_BYTES:
            raise ValueError(f"more than {LARGEST_BYTES} bytes came")
        if received - window_bytes >= patience.stall_bytes:
            window_began, window_bytes = time.monotonic(), received
        elif time.monotonic() - window_began > patience.stall:
            raise TimeoutError(f"only {received - window_bytes} bytes came in {patience.stall:g} s")
        if progress:
            progress(received, total or 0)
    if total is not None and received != total:
        raise ValueError(f"the connection ended after {received} of {total} bytes")
    return digest.hexdigest()


def _reason(error: Exception) -> str:
    """The error in a few words on one line, harmless to a terminal whatever the server sent."""
    if isinstance(error, urllib.error.HTTPError):
        error.close()
        return f"the server answered {error.code} {shown(str(error.reason))}"
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    text = getattr(cause, "strerror", None) or str(cause) or type(cause).__name__
    return shown(" ".join(str(text).split()))
