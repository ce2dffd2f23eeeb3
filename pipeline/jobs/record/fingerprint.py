"""The fingerprint of a job: the bytes of its inputs, and every setting that changes pixels."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.base.messages import shown
from pipeline.errors import InputError
from pipeline.jobs.planning.plan import Plan, VideoPlan
from pipeline.settings.settings import Settings


def of_file(path: Path) -> str:
    """SHA-256 (hex) of a file's bytes.

    Raises:
        InputError: it is missing, or cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{shown(path)}: cannot be read ({error.strerror}); check the path") from error


def of_files(paths: Sequence[Path]) -> str:
    """:func:`of_file` of one file; of several, a hash of their names and hashes, in order.

    Raises:
        InputError: one is missing, or cannot be read.
    """
    return of_hashes([(path.name, of_file(path)) for path in paths])


def of_hashes(files: Sequence[tuple[str, str]]) -> str:
    """The hash of one file, given its name and hash; of several, a hash of all names and hashes."""
    return files[0][1] if len(files) == 1 else of_parts({"files": files})


def of_job(settings: Settings, weights: str, plan: Plan, content: str | None) -> dict[str, Any]:
    """The parts of a job's fingerprint, as plain data, so that a difference can be named.

    Args:
        settings: the resolved settings.
        weights: fingerprint of the extractor's weights.
        plan: its styles are part of it; the place of its output is not.
        content: the hash of its input, see :mod:`pipeline.jobs.record.input_files`; None where each item has
            a file of its own.

    Raises:
        InputError: a style cannot be read.
    """
    shots, rate = (plan.shots, plan.frame_rate) if isinstance(plan, VideoPlan) else (None, None)
    parts = {
        "pixels version": pixels_version(settings),
        "settings": settings.that_change_pixels(of_a_video=plan.is_of_video),
        "weights": weights,
        "styles": [[of_file(style) for style in styles] for styles in plan.style_sets],
        "input": content,
        "shots": shots if shots is None else list(shots),
    }
    return parts if rate is None else parts | {"frame rate": str(rate)}


def pixels_version(settings: Settings) -> int:
    """The version of the pixels that ``settings`` give; part of every fingerprint.

    When the same settings come to give other pixels, raise the version for exactly those settings. All others
    keep theirs, so that their jobs continue.
    All rose by one when gradients came to be summed in another order, and frames that follow others to take
    fewer steps. RMSprop had risen before, when its squares came to start from 0, as in Keras; L-BFGS-B when
    the unit of the loss lost its effect on the first step.
    """
    return {"rmsprop": 4, "lbfgs": 5}.get(settings.optimizer, 3)


def of_parts(parts: Mapping[str, Any]) -> str:
    """SHA-256 (hex) of plain data; the order of keys does not matter."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What differs between two jobs' parts, each in a few words.

    A setting that did not exist when the older job was begun counts as its default, which must not change
    pixels: else :func:`pixels_version` is raised.
    """
    old, new = Settings().model_dump(mode="json") | before["settings"], now["settings"]
    changed = [
        f"{name} was {shown(str(old[name]))} and is {shown(str(new[name]))}"
        for name in new
        if old[name] != new[name]
    ]
    others = (part for part in now if part != "settings")
    return changed + [f"the {part} changed" for part in others if before.get(part) != now[part]]
