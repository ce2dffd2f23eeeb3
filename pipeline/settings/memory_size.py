"""Bytes as people write them: ``4GB``, ``1.5 GiB``, ``800MB``."""

import re
from typing import Any

from pipeline.base.messages import quoted
from pipeline.errors import SettingsError

_UNITS = {"": 1, "B": 1, "MB": 1e6, "GB": 1e9, "TB": 1e12, "MIB": 2**20, "GIB": 2**30, "TIB": 2**40}


def parse(value: Any) -> Any:
    """The bytes of a text; anything else as it is.

    Raises:
        SettingsError: it is written otherwise.
    """
    if not isinstance(value, str):
        return value
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([a-z]*)", value.strip().lower())
    unit = match[2].upper() if match else ""
    unit = unit + "B" if unit in ("M", "G", "T") else unit
    if match is None or unit not in _UNITS:
        raise SettingsError(f"write it in GB or MB, such as 4GB or 800MB, not {quoted(value)}")
    return round(float(match[1]) * _UNITS[unit])
