"""Small pictures within a number of bytes."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from pipeline.report import thumbnails
from pipeline.report.thumbnails import MOST_BYTES, PictureLimits, Thumbnail
from tests.support.media import scene
from tests.support.pictures import noise


def decoded(thumbnail: Thumbnail) -> tuple[np.ndarray, int]:
    """The pixels, and the bytes of the JPEG."""
    kind, _, text = thumbnail.uri.partition(",")
    assert kind == "data:image/jpeg;base64"
    data = base64.b64decode(text, validate=True)
    with Image.open(io.BytesIO(data)) as image:
        assert image.size == (thumbnail.width, thumbnail.height)
        return np.asarray(image.convert("RGB")), len(data)


@pytest.mark.parametrize("count", [0, 1, 2, 7, 41, 201, 1000, 2001])
def test_pictures_within_their_limits_fit_into_a_page(count: int) -> None:
    limits = PictureLimits.for_pictures(count)
    assert count * limits.bytes <= MOST_BYTES
    assert limits.side >= 100
    assert MOST_BYTES * 4 / 3 + 2001 * 1500 < 20e6  # base64, and what the page says of each


def test_more_pictures_are_smaller() -> None:
    sides = [PictureLimits.for_pictures(count).side for count in (1, 10, 100, 500, 1000, 2000)]
    assert sides == sorted(set(sides), reverse=True)


@pytest.mark.parametrize("most", [300_000, 6000, 1500])
def test_noise_the_worst_picture_fits_too(most: int) -> None:
    pixels = noise(240, 320).astype(np.float32)
    thumbnail = thumbnails.of(pixels, PictureLimits(320, most))
    assert decoded(thumbnail)[1] <= most
    assert (thumbnail.width == 320) == (most == 300_000)
    assert thumbnail.width / thumbnail.height == pytest.approx(4 / 3, rel=0.05)


def test_the_pixels_are_those_of_the_picture_and_it_is_not_enlarged() -> None:
    pixels = scene(3, 60, 80).astype(np.float32)
    small = thumbnails.of(pixels, PictureLimits(40, 100_000))
    mean = pixels.reshape(30, 2, 40, 2, 3).mean(axis=(1, 3))
    assert np.abs(decoded(small)[0] - mean).mean() < 8  # JPEG halves the colours' resolution
    assert decoded(thumbnails.of(pixels, PictureLimits(500, 100_000)))[0].shape == (60, 80, 3)


def test_transparent_places_are_white() -> None:
    alpha = np.zeros((32, 32), np.float32)
    alpha[:, 16:] = 255
    pixels, _ = decoded(thumbnails.of(np.full((32, 32, 3), 40, np.float32), PictureLimits(32, 9999), alpha))
    assert pixels[:, :8].min() > 245
    assert pixels[:, 24:].max() < 50
