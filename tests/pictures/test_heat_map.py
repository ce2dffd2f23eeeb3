"""Numbers as colours."""

import numpy as np

from pipeline.pictures.heat_map import heat_map


def test_black_is_0_and_yellow_is_1_and_what_is_beyond_has_their_colours() -> None:
    below, zero, one, beyond = heat_map(np.array([[-3.0, 0.0, 1.0, 7.0]]))[0]
    np.testing.assert_array_equal(below, zero)
    np.testing.assert_array_equal(beyond, one)
    assert zero.max() < 10
    assert one[0] > 245 and one[1] > 245 and one[2] < 200


def test_more_is_brighter_and_red_in_the_middle() -> None:
    colours = heat_map(np.linspace(0, 1, 256)[None])[0]
    assert colours.shape == (256, 3) and colours.dtype == np.float32
    brightness = colours @ [0.299, 0.587, 0.114]
    assert (np.diff(brightness) > -0.5).all() and brightness[-1] > brightness[0] + 200
    red, green, blue = colours[140]
    assert red > 180 > green and red > blue + 80
