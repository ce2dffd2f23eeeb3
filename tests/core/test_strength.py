"""The dial from the photograph to the painting."""

from itertools import pairwise

import numpy as np
import pytest

from pipeline.core.stylizer import Stylizer
from pipeline.extractor import weights
from pipeline.pictures import images
from pipeline.settings.choice import Choice
from tests.support import ROOT

STRENGTHS = (0, 10, 25, 50, 80)


@pytest.fixture(scope="module")
def pictures() -> list[np.ndarray]:
    """The content, then its pastiches of each strength, by the relative numbers of the default preset."""
    content = images.read(ROOT / "samples/hillside.jpg", longest_side=96).pixels
    style = images.read(ROOT / "samples/starry.jpg").pixels
    results, stylizer = [content], None
    for strength in STRENGTHS:
        flags = {"size": "96", "scales": "1", "steps": "30", "strength": str(strength)}
        settings = Choice(flags=flags, environ={}).resolve().settings
        stylizer = Stylizer(settings, [style], weights=weights.builtin(), like=stylizer)
        results.append(stylizer.stylize(content).pixels)
    return results


def test_strength_0_is_the_photograph(pictures):
    content, weakest = pictures[:2]
    np.testing.assert_array_equal(weakest, content)


def test_more_strength_is_farther_from_the_photograph(pictures):
    content, *pastiches = pictures
    distances = [np.abs(pastiche - content).mean() for pastiche in pastiches]
    assert all(later > 1.01 * earlier for earlier, later in pairwise(distances)), distances
