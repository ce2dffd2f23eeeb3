"""The page of a report: what the template shows, and the template filled with it."""

import base64
import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pipeline.base import path_text
from pipeline.base.messages import duration, one_line, shown
from pipeline.report.job_record import ItemRecord, JobRecord
from pipeline.report.pictures import Pair, ReportPictures
from pipeline.report.thumbnails import Thumbnail
from pipeline.settings.settings import Settings

TEMPLATE_FOLDER = Path(__file__).parent / "template"
TEMPLATE = "report.html.jinja"
SCRIPT = "report.js"

VIDEO_SUFFIXES = (".mp4", ".mov", ".m4v", ".mkv")


@dataclass(frozen=True)
class Card:
    """A picture that is done, as the page shows it.

    Attributes:
        link: the relative URL of the pastiche's file.
        facts: how long it took, its steps, its loss; each in a few words.
    """

    name: str
    link: str
    facts: Sequence[str]
    pair: Pair
    snapshots: Sequence[tuple[int, Thumbnail]]


@dataclass(frozen=True)
class Chart:
    """A chart with its title; ``svg`` is an ``<svg>`` element."""

    title: str
    svg: str


@dataclass(frozen=True)
class Clip:
    """The clip that a video's job made, as the page links it."""

    name: str
    link: str


def render(job: JobRecord, pictures: ReportPictures, charts: Sequence[Chart], folder: Path) -> str:
    """The page as HTML. Every name in it is escaped.

    Args:
        charts: drawn by :mod:`pipeline.report.curves`.
        folder: where the page will lie: links are relative to it.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup, escape

    # Script and style hold no values; all that is filled in is in the template, and there it is escaped.
    environment = Environment(
        loader=FileSystemLoader(TEMPLATE_FOLDER),
        autoescape=lambda name: name == TEMPLATE,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["breakable"] = lambda name: Markup(_breakable(str(escape(name))))
    script = (TEMPLATE_FOLDER / SCRIPT).read_text(encoding="utf-8")
    return environment.get_template(TEMPLATE).render(
        _values(job, pictures, folder),
        charts=[(chart.title, Markup(chart.svg)) for chart in charts],
        script=Markup(script),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        style=Markup((TEMPLATE_FOLDER / "report.css").read_text(encoding="utf-8")),
    )


def _breakable(escaped: str) -> str:
    """A name, escaped, that a narrow page may break after each of these signs, but not within ``&#39;``."""
    return re.sub("([_+/.-])", r"\1<wbr>", escaped)


def _values(job: JobRecord, pictures: ReportPictures, folder: Path) -> Mapping[str, Any]:
    """What the template shows, besides charts."""
    status, sets = job.status, job.plan.style_sets
    return {
        "title": shown(job.output.name),
        "kind": job.facts.kind,
        "source": shown(job.plan.source.name),
        "state": "finished" if status.finished else "running" if status.running else "stopped",
        "status": status,
        "time_left": status.time_left,
        "unit": "frame" if job.plan.is_of_video else "picture",
        "numbers": list(_numbers(job)),
        "style_sets": _style_sets(job, pictures),
        "cards": [_card(item, pictures, folder) for item in job.items if item.name in pictures.items],
        "not_pictured": _not_pictured(job, pictures),
        "failed": [(shown(item.name), one_line(item.entry.reason)) for item in _failed(job) if item.entry],
        "left": [shown(item.name) for item in job.in_state("left")],
        "clip": _clip(job, folder),
        "film": pictures.film,
        "frame_snapshots": next(iter(pictures.snapshots.values()), []) if job.plan.is_of_video else [],
        "settings": list(_settings(job)),
        "style_names": ", ".join(" + ".join(shown(style.name) for style in styles) for styles in sets),
        "provenance": list(_provenance(job)),
        "version": job.facts.version,
    }


def _failed(job: JobRecord) -> Sequence[ItemRecord]:
    return job.in_state("failed")


def _numbers(job: JobRecord) -> Iterator[tuple[str, str]]:
    """The numbers at the head of the page: a label and a value each."""
    status = job.status
    yield "done", f"{status.done} of {status.total}"
    if status.failed:
        yield "failed", str(len(status.failed))
    if status.left:
        yield "left", str(status.left)
    if status.done:
        yield ("time" if status.total == 1 else "time of each"), _seconds(status.seconds_each)
    if status.total > 1 and status.done:
        yield "time in all", duration(job.seconds)
    yield "weights", one_line(job.facts.weights)


def _style_sets(job: JobRecord, pictures: ReportPictures) -> list[list[tuple[str, Thumbnail | None]]]:
    return [
        [(shown(style.name), thumbnail) for style, thumbnail in zip(styles, thumbnails, strict=True)]
        for styles, thumbnails in zip(job.plan.style_sets, pictures.styles, strict=True)
    ]


def _card(item: ItemRecord, pictures: ReportPictures, folder: Path) -> Card:
    return Card(
        shown(item.name),
        _link(item.output, folder),
        _facts_of(item),
        pictures.items[item.name],
        pictures.snapshots.get(item.name, []),
    )


def _facts_of(item: ItemRecord) -> list[str]:
    if item.entry is None:
        return []
    facts = [_seconds(item.entry.seconds)] if item.entry.seconds else []  # an adopted file has none
    return [*facts, f"{item.entry.steps} steps", f"loss {item.entry.loss:.4g}"]


def _not_pictured(job: JobRecord, pictures: ReportPictures) -> list[tuple[str, str]]:
    """Pictures that are done and too many to be shown: their names and facts."""
    if job.plan.is_of_video:
        return []
    others = [item for item in job.in_state("done") if item.name not in pictures.items]
    return [(shown(item.name), ", ".join(_facts_of(item))) for item in others]


def _clip(job: JobRecord, folder: Path) -> Clip | None:
    is_clip = job.output.suffix.lower() in VIDEO_SUFFIXES
    if not (job.plan.is_of_video and is_clip and job.facts.finished):
        return None
    return Clip(shown(job.output.name), _link(job.output, folder))


def _link(path: Path, folder: Path) -> str:
    """A relative URL. It begins with a dot: a name such as ``a:b.png`` would be taken for another scheme."""
    return path_text.encoded(os.path.join(".", os.path.relpath(path.absolute(), folder.absolute())))


def _settings(job: JobRecord) -> Iterator[tuple[str, str, bool]]:
    """The settings that decide the pixels: name, value, whether it is the default."""
    defaults = Settings().model_dump(mode="json")
    for name, value in job.facts.parts["settings"].items():
        yield one_line(name).replace("_", " "), _value(value), value == defaults.get(name)


def _value(value: Any) -> str:
    """A setting's value as people write it."""
    if isinstance(value, Mapping):
        return ",\n".join(f"{one_line(str(name))} = {_value(part)}" for name, part in value.items())
    if isinstance(value, list):
        return ", ".join(map(_value, value)) or "–"
    if isinstance(value, float):
        return f"{value:.6g}"
    return "–" if value is None else one_line(value if isinstance(value, str) else json.dumps(value))


def _provenance(job: JobRecord) -> Iterator[tuple[str, str]]:
    """Where the pixels come from, besides the settings. Folders are not named: a report is sent on."""
    facts = job.facts
    origin = one_line(facts.weights_origin)
    yield "weights", f"{one_line(facts.weights)} ({os.path.basename(origin) if '/' in origin else origin})"
    yield "their fingerprint", one_line(str(facts.parts.get("weights", "")))[:16]
    yield "nstpipe", one_line(facts.version)
    for name, version in facts.libraries.items():
        yield one_line(name), one_line(version)
    if facts.workers > 1:
        yield "workers", str(facts.workers)
    if facts.began_at:
        yield "begun", _time(facts.began_at)
    if job.ended_at:
        yield "last item ended", _time(job.ended_at)


def _time(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds):%Y-%m-%d %H:%M}"


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 10 else duration(seconds)
