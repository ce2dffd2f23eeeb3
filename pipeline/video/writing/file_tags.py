"""Tags of a clip's file and of its tracks (title, date, place, language): which hold for its output."""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime

MAX_BYTES = 65_535
"""Bytes of the longest tag that is kept: QuickTime stores its length in 16 bits."""

OF_THE_FILE = (
    "major_brand", "minor_version", "compatible_brands", "encoder", "software", "duration", "timecode",
    "uid", "operational_pattern_ul", "company_name", "application_platform",
)  # fmt: skip
"""Tags that describe the source's file, its tracks or the program that wrote it: untrue of the output."""

BEGINNINGS = ("encoder-", "duration-", "bps", "number_of_", "_statistics_", "product_", "toolkit_")
"""Beginnings of names of more such tags; the last two are MXF's."""

ENDINGS = ("_uid", "_umid")
"""Endings of names of tags that identify a file."""

PLACE = "location"
"""FFmpeg's name for where a clip was taken (ISO 6709), as Android phones and 3GPP store it."""

APPLE_PLACE = "com.apple.quicktime.location.ISO6709"
"""The same, as Apple's devices store it."""

DATE = "creation_time"


def text(value: str) -> str:
    """``value``, its bytes that are not UTF-8 (kept by ``surrogateescape``) taken for Windows-1252."""
    data = value.encode("utf-8", "surrogateescape")
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def cleaned(tags: Mapping[str, str]) -> dict[str, str]:
    """The tags as text that can be written; those without a name or a value are left out."""
    return {text(name): text(tag) for name, tag in tags.items() if name and tag}


def value(tags: Mapping[str, str], *names: str) -> str:
    """The first tag with one of ``names`` (in lower case); Matroska's are in upper case. Empty without."""
    lower = {name.lower(): tag for name, tag in cleaned(tags).items()}
    return next((lower[name] for name in names if name in lower), "")


def of_file(tags: Mapping[str, str]) -> dict[str, str]:
    """The tags of a file that hold for its output; a place also under the name that Apple's programs read."""
    # Matroska's names are in upper case; players of other containers look for `artist`.
    named = {name.lower() if name.isupper() else name: tag for name, tag in cleaned(tags).items()}
    kept = {name: tag for name, tag in named.items() if not _is_untrue(name.lower())}
    date, place = value(kept, DATE), value(kept, PLACE, APPLE_PLACE.lower())
    others = {name: tag for name, tag in kept.items() if name.lower() != DATE and not _is_place(name.lower())}
    places = {PLACE: place, APPLE_PLACE: place} if place else {}
    return others | ({DATE: utc(date) or date} if date else {}) | places


def of_track(tags: Mapping[str, str]) -> dict[str, str]:
    """The language and the title of a track, under the names that FFmpeg writes."""
    kept = {"language": value(tags, "language"), "title": value(tags, "title", "name")}
    return {name: tag for name, tag in kept.items() if tag and tag != "und"}


def writable(tags: Mapping[str, str]) -> dict[str, str]:
    """The tags that are no longer than :data:`MAX_BYTES`, and a date only if it is one.

    FFmpeg takes ``now``, or a time of day, for a date; the same clip would give other bytes tomorrow.
    """
    return {name: tag for name, tag in tags.items() if is_short(name, tag) and (name != DATE or utc(tag))}


def is_short(name: str, tag: str) -> bool:
    return max(len(name.encode()), len(tag.encode())) <= MAX_BYTES


def utc(date: str) -> str:
    """A time of a day as ``2020-05-06T07:08:09.123456Z``; empty if it is none.

    One without a zone is taken for UTC, as in an MP4; FFmpeg would take it for one of the machine's zone.
    """
    try:
        time = datetime.fromisoformat(date)
        time = time.astimezone(UTC) if time.tzinfo else time
    except (ValueError, OverflowError):
        return ""
    return f"{time.replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def is_kept(name: str, written: str, read: str) -> bool:
    """Whether a tag reads as it was written; a date to the second, a place to about 10 m."""
    if name == DATE:
        return utc(read)[:19] == utc(written)[:19]
    if name == PLACE and read != written:
        before, after = _numbers(written), _numbers(read)
        pairs = zip(before, after, strict=False)
        # FFmpeg writes 4 decimals of a degree, and computes with 24 bits.
        is_close = all(math.isclose(one, other, rel_tol=1e-6, abs_tol=1e-4) for one, other in pairs)
        return len(before) == len(after) > 0 and is_close
    return read == written


def _numbers(place: str) -> list[float]:
    """Latitude, longitude and altitude of ``+27.5916+086.5640+8850/``."""
    return [float(number) for number in re.findall(r"[+-]\d+(?:\.\d+)?", place)]


def _is_untrue(name: str) -> bool:
    return name in OF_THE_FILE or name.startswith(BEGINNINGS) or name.endswith(ENDINGS)


def _is_place(name: str) -> bool:
    """Whether FFmpeg reads a place under ``name``; ``location-eng`` is a place with a name in English."""
    return name in (PLACE, APPLE_PLACE.lower()) or name.startswith(f"{PLACE}-")
