"""The plan from coarse to fine."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.base.resizing import size_to_fit
from pipeline.core.scales import Scale, note_on_size, pastiche_size, plan, plan_following, usable_size
from pipeline.errors import InputError
from pipeline.settings.settings import Settings

sides = st.integers(16, 3000)


def test_sides_double_and_the_last_is_the_picture():
    desired = (Scale((75, 100), 5), Scale((150, 200), 6), Scale((300, 400), 7))
    assert plan((300, 400), Settings(scales=3, steps=(5, 6, 7))) == desired


@pytest.mark.parametrize(
    ("size", "coarse"),
    [
        ((300, 401), (150, 200)),  # 200.5 is rounded to the even side, and 149.6 up
        ((300, 403), (150, 202)),  # 201.5
        ((79, 400), (40, 200)),  # 39.5 is rounded up
    ],
)
def test_coarse_sides_are_rounded_and_not_truncated(size, coarse):
    assert plan(size, Settings(scales=2))[0].size == coarse


def test_scales_that_are_too_small_are_left_out_with_their_steps():
    assert plan((20, 60), Settings(scales=3, steps=(5, 6, 7))) == (Scale((20, 60), 7),)
    assert [scale.steps for scale in plan((40, 60), Settings(scales=3, steps=(5, 6, 7)))] == [6, 7]


def test_a_following_frame_has_steps_of_its_own_and_coarse_scales_if_need_be():
    settings = Settings(scales=3, steps=(5, 6, 8), frame_steps=(1, 2, 3))
    assert plan_following((300, 400), settings, coarse_too=False) == (Scale((300, 400), 3),)
    scales = (Scale((75, 100), 1), Scale((150, 200), 2), Scale((300, 400), 3))
    assert plan_following((300, 400), settings, coarse_too=True) == scales


@given(sides, sides, st.integers(1, 8))
def test_every_scale_is_large_enough_and_the_last_is_whole(height, width, scales):
    planned = plan((height, width), Settings(scales=scales))
    assert planned[-1].size == (height, width)
    assert all(min(scale.size) >= 16 for scale in planned)
    assert 1 <= len(planned) <= scales


@pytest.mark.parametrize("size", [(1, 1), (15, 400), (400, 15)])
def test_too_small_a_picture_is_refused(size):
    with pytest.raises(InputError, match="at least 16x16"):
        plan(size, Settings())


@pytest.mark.parametrize(
    ("size", "longest_side", "desired"),
    [
        ((500, 20000), 512, (16, 620)),  # 13 by proportion; 15.5 is rounded to 16
        ((20000, 500), 512, (620, 16)),
        ((500, 20000), 619, (16, 620)),
        ((500, 20000), 640, (16, 640)),
        ((16, 32), 16, (16, 31)),
        ((36, 48), 16, (16, 21)),
        ((15, 9000), 512, (15, 9000)),  # never enlarged: too small
    ],
)
def test_the_shorter_side_keeps_what_the_network_needs(size, longest_side, desired):
    assert usable_size(size, longest_side) == desired


@given(sides, sides, st.integers(16, 3000))
def test_ordinary_shapes_have_the_size_asked_for(height, width, longest_side):
    fitting = size_to_fit((height, width), longest_side)
    if min(fitting) >= 16:
        assert pastiche_size((height, width), longest_side, "a.png") == fitting
        assert note_on_size(fitting, longest_side, "a.png") is None


def test_what_is_too_small_itself_is_refused_by_name():
    with pytest.raises(InputError, match=r"a\.png: is too small, at 9000x15 pixels; use one"):
        pastiche_size((15, 9000), 512, "a.png")


def test_a_larger_size_than_asked_for_is_told():
    note = note_on_size(pastiche_size((500, 20000), 512, "a.png"), 512, "a.png")
    assert note is not None and note.startswith("a.png: is made at 620x16 pixels, since at --size 512 ")


@example(35, 53, 16)
@given(sides, sides, st.integers(16, 3000))
def test_a_style_is_never_enlarged_and_never_too_small(height, width, longest_side):
    actual = usable_size((height, width), longest_side)
    assert min(actual) >= 16 and actual[0] <= height and actual[1] <= width
    assert max(actual) <= longest_side or min(actual) == 16
