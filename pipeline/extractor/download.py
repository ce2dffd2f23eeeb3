"""Download one file with a known hash: complete and correct, or not at all; no wait is without a bound."""

import contextlib
import functools
import hashlib
import threading
from dataclasses import dataclass
from pathlib import Path

from pipeline.base import atomic
from pipeline.base.messages import shown
from pipeline.errors import FetchError
from pipeline.extractor import cache

LARGEST_BYTES = 2**29
"""A longer body is not a weights file."""

_CHUNK_BYTES = 2**14


@dataclass(frozen=True)
class Timeouts:
    """How long a download may wait, in seconds.

    Attributes:
        connect: for a first answer, the look-up of the name and all of the server's addresses included.
        read: for the next byte.
        lock: for another process that downloads the same file.
    """

    connect: float = 20
    read: float = 20
    lock: float = 3600


def download(
    url: str, path: Path, md5: str, on_bytes: cache.OnBytes | None = None, timeouts: Timeouts | None = None
) -> None:
    """Download ``url`` to ``path``, unless the file is there already; safe when processes race.

    Args:
        url: http or https; redirects are followed, and proxies taken from the environment.
        path: its folder is created; ``.lock`` stays beside it, and the folder ``.download`` meanwhile.
        md5: the hash (hex) that the file must have.
        on_bytes: called after each chunk.
        timeouts: bounds on waiting.

    Raises:
        DiskFullError: the disk is full.
        FetchError: the download failed; names the address, the path and the hash. ``path`` is unchanged.
    """
    timeouts = timeouts or Timeouts()
    try:
        bring = functools.partial(_bring, url, path.name, md5, on_bytes, timeouts)
        cache.fetch_once(path, lambda file: has_md5(file, md5), bring, timeouts.lock)
    except (OSError, ValueError) as error:  # requests' errors are OSErrors
        if atomic.is_disk_full(error):
            raise atomic.disk_full(path.parent) from error
        reason = _reason(error)
        raise FetchError(
            f"{url} could not be downloaded ({reason}); "
            f"try again, or put the file at {shown(path)} by hand (MD5 {md5}), "
            "or use --weights imagenet-8bit or builtin",
            reason,
        ) from error


def has_md5(path: Path, md5: str) -> bool:
    """Whether ``path`` is a file whose MD5 is ``md5`` (hex)."""
    with contextlib.suppress(OSError), path.open("rb") as file:
        # MD5 guards against damage only, the one use that FIPS builds allow.
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest() == md5
    return False


def _bring(
    url: str, name: str, md5: str, on_bytes: cache.OnBytes | None, timeouts: Timeouts, folder: Path
) -> Path:
    """Download the file into ``folder`` and verify it."""
    import pooch

    pooch.get_logger().setLevel("WARNING")
    downloader = functools.partial(_get, on_bytes=on_bytes, timeouts=timeouts)
    return Path(pooch.retrieve(url, f"md5:{md5}", fname=name, path=folder, downloader=downloader))


def _get(
    url: str, output_file: str, pooch: object, *, on_bytes: cache.OnBytes | None, timeouts: Timeouts
) -> None:
    """A downloader for Pooch, whose own leaves connections open, counts chunks and reads without end."""
    import requests

    _check_answer(url, timeouts.connect)
    received = 0
    timeout = timeouts.connect, timeouts.read
    headers = {"Accept-Encoding": "identity"}  # so that the bytes counted are the file's
    with requests.get(url, stream=True, timeout=timeout, headers=headers) as answer:
        if not answer.ok:
            raise OSError(f"the server answered {answer.status_code} {answer.reason}")
        total = answer.raw.length_remaining or 0
        with open(output_file, "wb") as file:
            for chunk in answer.iter_content(_CHUNK_BYTES):
                file.write(chunk)
                received += len(chunk)
                if received > LARGEST_BYTES:
                    raise OSError(f"the server sent more than {LARGEST_BYTES} bytes")
                if on_bytes:
                    on_bytes(received, total)


def _check_answer(url: str, seconds: float) -> None:
    """Give up if there is no answer of any kind in time.

    ``requests`` cannot: the system's look-up of a name has no time-out, and each of a server's many addresses
    is given the whole one.
    """
    import requests

    def ask() -> None:
        with contextlib.suppress(Exception):  # an error is an answer too, and the download reports it
            requests.head(url, timeout=2 * seconds)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        raise TimeoutError(f"no answer within {seconds:g} s")


def _reason(error: BaseException) -> str:
    if type(error) is ValueError:  # Pooch's, about the hash; those of requests are subclasses
        return "the file received has another MD5: it is damaged, or a proxy's or sign-in page"
    return cache.reason(error)
