"""The fingerprint of a job: the bytes of its inputs, and every setting that changes pixels."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.base.messages import shown
from pipeline.errors import InputError
from pipeline.jobs.planning.plan import Plan, VideoPlan
from pipeline.settings.settings import Settings, pixels_version


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


def of_job(settings: Settings, weights: str, plan: Plan) -> dict[str, Any]:
    """The parts of a job's fingerprint, as plain data, so that a difference can be named.

    Args:
        settings: the resolved settings.
        weights: fingerprint of the extractor's weights.
        plan: its styles and input are part of it; the place of its output is not.

    Raises:
        InputError: a style or the input cannot be read.
    """
    shots = plan.shots if isinstance(plan, VideoPlan) else None
    return {
        "pixels version": pixels_version(settings),
        "settings": settings.that_change_pixels(of_a_video=plan.is_of_video),
        "weights": weights,
        "styles": [[of_file(style) for style in styles] for styles in plan.style_sets],
        "input": of_file(plan.input_file) if plan.input_file else None,
        "shots": shots if shots is None else list(shots),
    }


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
