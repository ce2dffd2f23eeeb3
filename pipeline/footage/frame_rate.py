"""The frame rate of an image sequence, from what people write: ``24``, ``23.976``, ``30000/1001``."""

import re
from fractions import Fraction

from pipeline.base.messages import quoted
from pipeline.errors import SettingsError

NTSC_RATES = (24, 30, 48, 60, 120)
"""Rates of which 1000/1001 is meant where it is written in decimals, such as 29.97 and 23.976."""

HIGHEST = 1000

_FORM = re.compile(r"[0-9.]{1,30}(/[0-9]{1,30})?")
"""Without exponents: 1e999999999 has more digits than the memory holds."""

LARGEST_DENOMINATOR = 100_000
"""So that a clip's clock of ``numerator`` ticks a second fits in the 32 bits that MP4 has for it."""


def parse(rate: str | float | Fraction) -> Fraction:
    """The exact rate, in frames a second. 23.976 and 23.98 are 24000/1001, 29.97 is 30000/1001.

    Raises:
        SettingsError: it is no number above 0 and up to :data:`HIGHEST`.
    """
    text = str(rate).replace(" ", "")
    try:
        number = Fraction(text if _FORM.fullmatch(text) else 0)
        exact = _ntsc(text) or number.limit_denominator(LARGEST_DENOMINATOR)
    except (ValueError, ZeroDivisionError):
        exact = Fraction(0)
    if not 0 < exact <= HIGHEST:
        raise SettingsError(
            f"--fps {quoted(str(rate))}: is no rate above 0 and up to {HIGHEST}; "
            "write frames a second, such as 24, 23.976 or 30000/1001"
        )
    return exact


def _ntsc(text: str) -> Fraction | None:
    decimals = len(text.partition(".")[2])
    if decimals < 2 or "/" in text:
        return None
    rates = (Fraction(rate * 1000, 1001) for rate in NTSC_RATES)
    return next((rate for rate in rates if round(rate, decimals) == Fraction(text)), None)
