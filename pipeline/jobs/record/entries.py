"""What a journal holds: an entry for each item that ended, and the facts of the job as a whole."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class Entry:
    """The record of one item.

    Attributes:
        name: the output's path inside the job, with forward slashes.
        state: done or failed.
        reason: why it failed.
        sha256: of the output's bytes (hex).
        content: identity of the content's bytes, see :func:`pipeline.jobs.record.fingerprint.of_file`.
        steps: steps that it took.
        loss: the total loss at the end.
        seconds: time that it took.
        ended_at: Unix time.
    """

    name: str
    state: Literal["done", "failed"]
    reason: str = ""
    sha256: str = ""
    content: str = ""
    steps: int = 0
    loss: float = 0.0
    seconds: float = 0.0
    ended_at: float = 0.0


@dataclass(frozen=True)
class Facts:
    """The record of a job as a whole.

    Attributes:
        parts: the parts of its fingerprint, see :func:`pipeline.jobs.record.fingerprint.of_job`.
        kind: image, batch or video.
        source: the picture, folder or clip, as text for people.
        weights: the kind of extractor weights.
        weights_origin: where they came from, for people.
        version: of nstpipe.
        libraries: versions of the libraries that decide the last bits of a pixel, by name.
        began_at: Unix time.
        adopts: whether an output that carries the job's fingerprint and that the journal does not know may
            count as done; False where an earlier job's outputs are to be overwritten.
        total: items in all; 0 until they are counted.
        workers: processes of the last run.
        finished: whether the last run came to its end, a video's assembly included.
        shots: the first frame of each shot of a video, once they are known.
        gains: by the numbers of frames, what their pastiches are multiplied by, 0 to 1, when the video is
            assembled; once the clip's light was measured. Frames that are not among them have 1.
        output_sha256: of the assembled video (hex).
    """

    parts: Mapping[str, Any]
    kind: str = "unknown"
    source: str = ""
    weights: str = "unknown"
    weights_origin: str = ""
    version: str = ""
    libraries: Mapping[str, str] = field(default_factory=dict)
    began_at: float = 0.0
    adopts: bool = False
    total: int = 0
    workers: int = 1
    finished: bool = False
    shots: tuple[int, ...] | None = None
    gains: Mapping[int, float] | None = None
    output_sha256: str | None = None

    def changed_libraries(self, now: Mapping[str, str]) -> list[str]:
        """The libraries whose version is another one in ``now``, each as ``scipy 1.17 (now 1.18)``."""
        return [
            f"{name} {version} (now {now.get(name, 'absent')})"
            for name, version in self.libraries.items()
            if now.get(name) != version
        ]
