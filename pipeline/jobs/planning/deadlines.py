"""How long a job may take, as people write it: ``8h``, ``1h30m``, or until ``07:00``."""

import re
from datetime import datetime, timedelta

from pipeline.base.messages import quoted
from pipeline.errors import SettingsError

_UNITS = {"h": 3600, "m": 60, "s": 1}


def seconds_of(text: str) -> float:
    """The seconds of ``8h``, ``90m``, ``1h30m`` or ``1.5h``.

    Raises:
        SettingsError: it is written otherwise, or is nothing.
    """
    parts = re.findall(r"(\d+(?:\.\d+)?)([hms])", text.replace(" ", ""))
    seconds = sum(float(number) * _UNITS[unit] for number, unit in parts)
    if "".join(map("".join, parts)) != text.replace(" ", "") or seconds <= 0:
        raise SettingsError(f"--budget {quoted(text)}: write hours, minutes or seconds: 8h, 90m, 1h30m")
    return seconds


def seconds_until(text: str, now: datetime) -> float:
    """The seconds from ``now`` until the clock next shows ``07:00``.

    Raises:
        SettingsError: it is no time of day.
    """
    try:
        time = datetime.strptime(text, "%H:%M").time()
    except ValueError:
        raise SettingsError(f"--finish-by {quoted(text)}: write a time of day: 07:00, 23:30") from None
    then = datetime.combine(now.date(), time, now.tzinfo)
    if then <= now:
        then += timedelta(days=1)
    return (then - now).total_seconds()


def allowed(budget: str | None, finish_by: str | None) -> float | None:
    """The seconds that ``--budget`` and ``--finish-by`` leave from now on; None where neither is given.

    Raises:
        SettingsError: one of them is wrong.
    """
    seconds = [] if budget is None else [seconds_of(budget)]
    if finish_by is not None:
        seconds.append(seconds_until(finish_by, datetime.now()))
    return min(seconds, default=None)
