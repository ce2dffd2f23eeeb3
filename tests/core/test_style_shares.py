"""How much each style of a blend contributes."""

import pytest

from pipeline.core.style_shares import style_shares
from pipeline.errors import InputError, SettingsError


@pytest.mark.parametrize(
    ("weights", "count", "desired"),
    [((), 1, [1.0]), ((), 4, [0.25] * 4), ((5.0,), 1, [1.0]), ((3, 1), 2, [0.75, 0.25]), ((2, 0), 2, [1, 0])],
)
def test_shares_are_the_weights_over_their_sum(weights, count, desired):
    assert style_shares(weights, count) == desired


@pytest.mark.parametrize(("weights", "count"), [((1, 2, 3), 2), ((1,), 2), ((1, 2), 1)])
def test_other_numbers_of_weights_and_styles_are_refused(weights, count):
    with pytest.raises(SettingsError, match=f"gives {len(weights)} numbers? for {count} .*style") as error:
        style_shares(weights, count)
    assert "\n" not in str(error.value)


def test_no_style_is_refused():
    with pytest.raises(InputError, match="no style"):
        style_shares((), 0)
