"""Textures to train on: families design classes, and a class draws pictures that are alike, not the same."""

import numpy as np
import pytest

from tools.textures import FAMILIES, SIDE

NAMES = [family.__name__.rpartition(".")[2] for family in FAMILIES]
family_by_name = pytest.mark.parametrize("family", FAMILIES, ids=NAMES)


def drawn(family, number: int, copy: int) -> np.ndarray:
    return family.design(np.random.default_rng(number))(np.random.default_rng(copy))


@family_by_name
def test_the_same_seeds_draw_the_same_picture(family):
    first = drawn(family, 3, 1)
    assert first.shape == (SIDE, SIDE, 3) and first.dtype == np.uint8
    np.testing.assert_array_equal(first, drawn(family, 3, 1))


@family_by_name
def test_pictures_of_a_class_differ_by_chance_and_classes_by_more(family):
    """In the mean colour of a class's pictures against that of others."""
    means = np.array([[drawn(family, number, copy).mean((0, 1)) for copy in range(3)] for number in range(6)])
    assert not np.array_equal(drawn(family, 0, 0), drawn(family, 0, 1))
    assert means.std(1).mean() < 0.5 * means.mean(1).std(0).mean()


@family_by_name
def test_no_picture_is_plain(family):
    contrasts = [drawn(family, number, 0).std((0, 1)).max() for number in range(12)]
    assert min(contrasts) > 2 and np.median(contrasts) > 15


def test_every_family_has_a_module_of_its_own():
    assert len(set(NAMES)) == len(FAMILIES) >= 8
