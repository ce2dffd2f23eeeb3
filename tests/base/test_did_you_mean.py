"""The nearest name is offered, or nothing."""

import pytest

from pipeline.base.messages import did_you_mean


@pytest.mark.parametrize(
    ("name", "among", "alike", "desired"),
    [
        ("stpes", ["steps", "size"], 0.0, "; did you mean steps?"),
        ("zzz", ["steps"], 0.0, "; did you mean steps?"),
        ("zzz", ["steps"], 0.6, ""),
        ("imagnet", ("auto", "imagenet"), 0.6, "; did you mean imagenet?"),
        ("steps", [], 0.0, ""),
    ],
)
def test_the_nearest_name_if_it_is_alike_enough(
    name: str, among: list[str], alike: float, desired: str
) -> None:
    assert did_you_mean(name, among, alike=alike) == desired
