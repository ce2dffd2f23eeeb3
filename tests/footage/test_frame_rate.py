"""Frame rates as people write them."""

from fractions import Fraction

import pytest

from pipeline.errors import SettingsError
from pipeline.footage import frame_rate

NTSC = Fraction(24000, 1001)


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("24", Fraction(24)),
        ("24.0", Fraction(24)),
        ("23.976", NTSC),
        ("23.98", NTSC),
        ("23.976024", NTSC),
        ("24000/1001", NTSC),
        (23.976, NTSC),
        (NTSC, NTSC),
        ("29.97", Fraction(30000, 1001)),
        ("59.94", Fraction(60000, 1001)),
        ("30000 / 1001", Fraction(30000, 1001)),
        ("12.5", Fraction(25, 2)),
        ("0.1", Fraction(1, 10)),
        ("24.03", Fraction(2403, 100)),
        ("1000", Fraction(1000)),
    ],
)
def test_a_rate_is_exact(text: str | float | Fraction, rate: Fraction) -> None:
    assert frame_rate.parse(text) == rate


def test_the_clock_of_any_rate_fits_in_32_bits() -> None:
    assert frame_rate.parse("997.1234567891").numerator < 2**31


@pytest.mark.parametrize(
    "text", ["0", "-24", "1001", "ntsc", "24/0", "", "nan", "inf", "1e999999999", "2" * 5000, "1.2.3"]
)
def test_no_rate_is_one_line_with_the_flag(text: str) -> None:
    with pytest.raises(SettingsError, match="--fps .*such as 24, 23.976 or 30000/1001") as caught:
        frame_rate.parse(text)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400
