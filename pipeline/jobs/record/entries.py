"""What a journal holds: an entry for each item that ended, and the facts of the job as a whole.

The annotations of the fields are what :func:`valid_entry` and :func:`valid_facts` check.
"""

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    SkipValidation,
    TypeAdapter,
    ValidationError,
    with_config,
)

from pipeline.base.messages import cut, one_line, shown

MOST_ITEMS = 5_000_000
"""The frames of a clip of 23 hours at 60 frames a second; more are no real job."""

LONGEST_VALUE = 60
"""At most this many characters of a wrong value are in a message."""

_NO_OTHER_FIELDS = ConfigDict(extra="forbid")

Text = Annotated[str, Field(strict=True)]
Count = Annotated[int, Field(strict=True, ge=0, le=MOST_ITEMS)]
Workers = Annotated[int, Field(strict=True, ge=1, le=MOST_ITEMS)]
Steps = Annotated[int, Field(strict=True, ge=0, lt=2**63)]
Loss = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Seconds = Annotated[float, Field(strict=True, ge=0, le=1e10)]
Gain = Annotated[float, Field(strict=True, ge=0, le=1)]
Flag = Annotated[bool, Field(strict=True)]
Start = Annotated[str, Field(strict=True, pattern="^([0-9a-f]{2}){0,256}$")]
Sha256 = Annotated[str, Field(strict=True, pattern="^([0-9a-f]{64})?$")]


def _rising_from_0(firsts: tuple[int, ...]) -> tuple[int, ...]:
    if firsts[:1] != (0,) or any(second <= first for first, second in itertools.pairwise(firsts)):
        raise ValueError("Input should be rising numbers of frames from 0")
    return firsts


def _has_settings(parts: Mapping[str, Any]) -> Mapping[str, Any]:
    if not isinstance(parts.get("settings"), Mapping):
        raise ValueError("Input should be an object with settings")
    return parts


Shots = Annotated[tuple[Count, ...], AfterValidator(_rising_from_0)]
Parts = Annotated[Mapping[str, Any], AfterValidator(_has_settings)]


@with_config(_NO_OTHER_FIELDS)
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

    name: Annotated[str, SkipValidation]  # of any bytes, which pydantic's text is not
    state: Literal["done", "failed"]
    reason: Text = ""
    sha256: Sha256 = ""
    content: Sha256 = ""
    steps: Steps = 0
    loss: Loss = 0.0
    seconds: Seconds = 0.0
    ended_at: Seconds = 0.0


@with_config(_NO_OTHER_FIELDS)
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
        styles: the paths of the styles, those of a set together; absolute, see
            :mod:`pipeline.base.path_text`. None of a job that an earlier version of nstpipe ran last.
        contents: by the names of the items, the path of each one's picture; both in the same form. None for
            frames of a video.
        total: items in all; 0 until they are counted.
        workers: processes of the last run.
        expected: seconds that items are expected to take, without the start of workers: by the names of
            pictures, as in ``contents``; of a clip those of a ``first`` frame of a shot and of a
            ``following`` one. Only how they compare counts. None of a job that an earlier version of nstpipe
            ran last.
        finished: whether the last run came to its end, a video's assembly included.
        shots: the first frame of each shot of a video, once they are known.
        gains: by the numbers of frames, what their pastiches are multiplied by, 0 to 1, when the video is
            assembled; once the clip's light was measured. Frames that are not among them have 1.
        reader: the decoder of a video's frames and the version of its pixels, once they are decoded; None of
            a job that an earlier version of nstpipe began, which read every clip by OpenCV.
        output_sha256: of the assembled video (hex).
        output_start: the first bytes of the assembled video (hex), see :mod:`pipeline.video.damage`; None of
            a job that an earlier version of nstpipe finished.
    """

    parts: Parts
    kind: Text = "unknown"
    source: Text = ""
    weights: Text = "unknown"
    weights_origin: Text = ""
    version: Text = ""
    libraries: Mapping[Text, Text] = field(default_factory=dict)
    began_at: Seconds = 0.0
    adopts: Flag = False
    styles: tuple[tuple[Text, ...], ...] | None = None
    contents: Mapping[Text, Text] | None = None
    total: Count = 0
    workers: Workers = 1
    expected: Mapping[Text, Seconds] | None = None
    finished: Flag = False
    shots: Shots | None = None
    gains: Mapping[Count, Gain] | None = None
    reader: Text | None = None
    output_sha256: Sha256 | None = None
    output_start: Start | None = None

    def changed_libraries(self, now: Mapping[str, str]) -> list[str]:
        """The libraries whose version is another one in ``now``, each as ``scipy 1.17 (now 1.18)``."""
        return [
            f"{shown(name)} {shown(version)} (now {now.get(name, 'absent')})"
            for name, version in self.libraries.items()
            if now.get(name) != version
        ]


_ENTRY, _FACTS = TypeAdapter(Entry), TypeAdapter(Facts)


def valid_entry(values: Mapping[str, Any]) -> Entry:
    """The entry with these values of its fields.

    Raises:
        ValueError: one is missing, unknown, of a wrong type or out of its range; the message names it.
    """
    try:
        return _ENTRY.validate_python(values)
    except ValidationError as error:
        raise ValueError(_problem(error)) from error


def valid_facts(values: Mapping[str, Any]) -> Facts:
    """The facts with these values of their fields, as JSON has them.

    Raises:
        ValueError: as for :func:`valid_entry`; or a shot or a gain is of a frame that the job has not.
    """
    try:
        facts = _FACTS.validate_json(json.dumps(values))
    except ValidationError as error:
        raise ValueError(_problem(error)) from error
    last = max([*(facts.shots or ()), *(facts.gains or ())], default=0)
    if facts.total and last >= facts.total:
        raise ValueError(f"total = {facts.total}, though shots or gains name frame {last}")
    return facts


def _problem(error: ValidationError) -> str:
    """The first thing that is wrong: ``total = -1: it must be greater than or equal to 0``."""
    first = error.errors(include_url=False, include_context=False)[0]
    name = cut(one_line(".".join(map(str, first["loc"]))), LONGEST_VALUE)
    if first["type"] == "unexpected_keyword_argument":
        return f"{name} is not known to this version of nstpipe"
    value = cut(one_line(repr(first["input"])), LONGEST_VALUE)
    message = first["msg"].removeprefix("Value error, ").replace("Input should be", "it must be")
    return f"{name} = {value}: {message}"
