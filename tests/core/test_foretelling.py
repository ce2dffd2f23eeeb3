"""A preview foretells the final picture: the same numbers at another size end with the same losses."""

import cv2
import numpy as np
import pytest

from pipeline.core.style_transfer import Pastiche
from pipeline.core.stylizer import Stylizer
from pipeline.extractor import weights
from pipeline.pictures import images
from pipeline.settings.choice import Choice
from tests.support import ROOT


def pastiche_of(content: str, style: str, preset: str, size: int) -> Pastiche:
    settings = Choice(preset, {"size": str(size)}, environ={}).resolve().settings
    pixels = [
        images.read(ROOT / f"samples/{content}.jpg", longest_side=size).pixels,
        images.read(ROOT / f"samples/{style}.jpg").pixels,
    ]
    return Stylizer(settings, pixels[1:], weights=weights.builtin()).stylize(pixels[0])


@pytest.mark.slow
@pytest.mark.parametrize(("content", "style"), [("hillside", "starry"), ("harbour", "embers")])
def test_a_preview_ends_with_the_losses_and_colours_of_the_final_picture(content, style):
    preview = pastiche_of(content, style, "preview", 160)
    final = pastiche_of(content, style, "balanced", 320)
    for loss in ("content", "style"):  # relative: about 1 for pictures that have nothing in common
        assert preview.losses[loss] == pytest.approx(final.losses[loss], abs=0.05), loss
    forms = [
        cv2.resize(each.pixels, (24, 16), interpolation=cv2.INTER_AREA).ravel() for each in (preview, final)
    ]
    assert np.corrcoef(*forms)[0, 1] > 0.6
