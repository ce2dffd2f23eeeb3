"""Pictures of activations and Gram matrices that are known."""

import numpy as np
import pytest

from pipeline.experiments import layer_pictures
from pipeline.experiments.layer_pictures import ACROSS, CHANNELS, LEGEND, SIDE
from pipeline.pictures.heat_map import heat_map
from pipeline.pictures.sheets import BORDER, LABEL

SIZE = 24, 32


def tile_of(picture: np.ndarray, number: int) -> np.ndarray:
    """The pixels of the channel at place ``number`` of a layer's picture."""
    height, width = SIZE[0] + 2 * BORDER + LABEL, SIZE[1] + 2 * BORDER
    top = LABEL + (number // ACROSS) * height + LABEL + BORDER
    left = (number % ACROSS) * width + BORDER
    return picture[top : top + SIZE[0], left : left + SIZE[1]]


def channels(activations: np.ndarray, size=SIZE) -> np.ndarray:
    flat = activations.reshape(-1, activations.shape[-1])
    return layer_pictures.of_channels("a", activations, flat.T @ flat / len(flat), size)


def test_the_strongest_channels_come_first() -> None:
    """Channel c is bright in its own column; the strengths rise with c, and there are more than are shown."""
    count = CHANNELS + 4
    activations = np.zeros((6, count, count), np.float32)
    for channel in range(count):
        activations[:, channel, channel] = 1 + channel
    size = (24, 8 * count)
    picture = channels(activations, size)
    width = size[1] + 2 * BORDER
    for place, channel in ((0, count - 1), (1, count - 2), (ACROSS - 1, count - ACROSS)):
        tile = picture[2 * LABEL + BORDER :, place * width + BORDER :][: size[0], : size[1]]
        assert (np.flatnonzero(tile[10, :, 0] == 255) // 8 == channel).all() and tile.max() == 255


def test_each_channel_is_scaled_by_its_own_maximum_and_keeps_its_places() -> None:
    activations = np.zeros((3, 4, 2), np.float32)
    activations[1, 2] = 1e-4, 1e6
    activations[2, 0] = 0.5e-4, 0.5e6
    for number in (0, 1):
        tile = tile_of(channels(activations), number)
        white = np.zeros(SIZE)
        white[8:16, 16:24] = 1
        np.testing.assert_array_equal(tile[..., 0] > 230, white)
        assert tile[20, 4, 0] == pytest.approx(127, abs=6)
        np.testing.assert_array_equal(tile[..., 0], tile[..., 2])


def test_places_without_a_channel_are_white_and_one_that_is_silent_black() -> None:
    activations = np.ones((3, 4, 2), np.float32)
    activations[..., 1] = 0
    picture = channels(activations)
    assert (tile_of(picture, 0) == 255).all()
    assert (tile_of(picture, 1) == 0).all()
    assert (tile_of(picture, 2) == 255).all() and (tile_of(picture, 15) == 255).all()


def test_a_channel_that_responds_at_one_place_of_many_shows_it() -> None:
    activations = np.zeros((24, 32, 1), np.float32)
    activations[5, 7] = 0.3
    tile = tile_of(channels(activations), 0)
    assert (tile[5, 7, 0], tile.sum()) == (255, 3 * 255)


def test_the_colours_of_a_gram_matrix_are_its_logarithms() -> None:
    """Of numbers from 1 down to 10⁻⁴ of the maximum, each a square of 128 pixels."""
    gram = 50 * np.array([[1, 0.1, 0, 1], [1e-2, 1e-3, 1e-4, 1], [1e-5, 1, 1, 1], [1, 1, 1, 1]], np.float32)
    picture = layer_pictures.of_gram("a", gram)
    matrix = picture[LABEL + BORDER :, BORDER:-BORDER]
    for (row, column), share in {
        (0, 0): 1, (0, 1): 0.75, (1, 0): 0.5, (1, 1): 0.25, (1, 2): 0, (0, 2): 0, (2, 0): 0,
    }.items():  # fmt: skip
        square = matrix[128 * row : 128 * row + 128, 128 * column : 128 * column + 128]
        np.testing.assert_allclose(
            square, np.broadcast_to(heat_map(np.array([[share]])), square.shape), atol=4
        )
    strip = picture[-LEGEND - BORDER : -BORDER, BORDER:-BORDER]
    np.testing.assert_array_equal(strip[0, [0, -1]], heat_map(np.array([[0.0, 1.0]]))[0])


def test_gram_matrices_of_all_widths_give_pictures_of_one_size() -> None:
    shapes = {layer_pictures.of_gram("a", np.ones((n, n), np.float32)).shape for n in (3, 64, 100, 512, 600)}
    assert shapes == {(LABEL + SIDE + LEGEND + 4 * BORDER, SIDE + 2 * BORDER, 3)}


def test_a_gram_matrix_of_zeros_is_black() -> None:
    picture = layer_pictures.of_gram("a", np.zeros((4, 4), np.float32))
    assert picture[LABEL + BORDER + 20, BORDER + 20].max() < 10


def test_the_layers_of_a_block_stand_in_one_row() -> None:
    names = ["block1_conv1", "block1_conv2", "block3_conv1"]
    pictures = {name: np.full((10, 20, 3), 10 * n, np.float32) for n, name in enumerate(names)}
    sheet = layer_pictures.by_block(pictures)
    assert sheet.shape == (2 * 16, 4 * 26, 3)
    np.testing.assert_array_equal(sheet[8::16, 13::26, 0], [[0, 10, 255, 255], [20, 255, 255, 255]])
