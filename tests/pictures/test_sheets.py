"""Sheets: where each picture lies, and that it keeps its pixels."""

import numpy as np
import pytest

from pipeline.pictures import sheets


def filled(height: int, width: int, level: float) -> np.ndarray:
    return np.full((height, width, 3), level, np.float32)


def dark_box(picture: np.ndarray) -> tuple[int, int, int, int]:
    """(top, bottom, left, right) of what is not white."""
    rows, columns = (np.flatnonzero((picture < 255).any(axis=(other, 2))) for other in (1, 0))
    return rows[0], rows[-1] + 1, columns[0], columns[-1] + 1


def test_a_tile_holds_the_whole_picture_in_its_middle() -> None:
    """A picture twice as wide as high, in a tile of 106x106: 100x50 pixels inside the border of 3."""
    assert dark_box(sheets.tile(filled(20, 40, 7), 106, 106)) == (28, 78, 3, 103)


def test_no_picture_is_a_white_tile() -> None:
    tile = sheets.tile(None, 50, 40)
    assert tile.shape == (40, 50, 3) and (tile == 255).all()


def test_a_framed_picture_keeps_its_pixels() -> None:
    picture = np.random.default_rng(0).uniform(0, 255, (9, 13, 3)).astype(np.float32)
    framed = sheets.framed(picture)
    assert framed.shape == (15, 19, 3)
    np.testing.assert_array_equal(framed[3:-3, 3:-3], picture)
    assert (framed[:3] == 255).all() and (framed[:, -3:] == 255).all()


def test_a_label_is_dark_text_in_a_line_above() -> None:
    tile = filled(30, 200, 100)
    labelled = sheets.labelled(tile, "block1_conv1")
    np.testing.assert_array_equal(labelled[sheets.LABEL :], tile)
    line = labelled[: sheets.LABEL]
    top, bottom, left, right = dark_box(line)
    assert line.min() == 0 and bottom - top > 6
    assert (left + right) / 2 == pytest.approx(100, abs=2)
    assert (sheets.labelled(tile, "")[: sheets.LABEL] == 255).all()


def test_a_grid_goes_row_by_row_and_ends_in_white() -> None:
    sheet = sheets.grid([filled(2, 3, level) for level in range(5)], columns=3)
    assert sheet.shape == (4, 9, 3)
    np.testing.assert_array_equal(sheet[::2, ::3, 0], [[0, 1, 2], [3, 4, 255]])


@pytest.mark.parametrize("text", ["i", "optimizer=projected-lbfgs"])
def test_a_heading_as_wide_as_its_text_shows_all_of_it(text: str) -> None:
    width = sheets.width_of(text)
    _, _, left, right = dark_box(sheets.heading(text, width, 30))
    assert 5 < left < right < width - 5
    assert right - left > 4 * len(text) - 4
