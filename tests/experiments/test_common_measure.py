"""The common measure: its zeros, its values by NumPy, pastiches of other sizes."""

import numpy as np
import pytest

from pipeline.base.resizing import resize
from pipeline.experiments.common_measure import CONTENT_LAYER, STYLE_LAYERS, CommonMeasure
from tests.support import reference
from tests.support.media import scene
from tests.support.tiny_weights import tiny_weights

CONTENT, STYLE = (scene(seed, 32, 48).astype(np.float32) for seed in (1, 2))


@pytest.fixture(scope="module")
def measure() -> CommonMeasure:
    return CommonMeasure(CONTENT, STYLE, tiny_weights(), "cpu")


def test_the_content_and_the_style_themselves_have_0(measure: CommonMeasure) -> None:
    of_content, of_style = measure.of(CONTENT), measure.of(STYLE)
    assert (of_content["content"], of_style["style"]) == (0, 0)
    assert min(of_content["style"], of_style["content"]) > 0.01


def test_its_values_are_those_of_the_formulas(measure: CommonMeasure) -> None:
    pastiche = (CONTENT + STYLE) / 2
    network = reference.Network(tiny_weights().kernels, "max")
    content, style, own = (network.forward(one.astype(float)) for one in (CONTENT, STYLE, pastiche))
    gaps = []
    for layer in STYLE_LAYERS:
        target, gram = (reference.gram(one[layer]) / one[layer][..., 0].size for one in (style, own))
        gaps.append(np.sum((gram - target) ** 2) / np.sum(target**2))
    difference = own[CONTENT_LAYER] - content[CONTENT_LAYER]
    gap = np.sum(difference**2) / np.sum(content[CONTENT_LAYER] ** 2)
    assert measure.of(pastiche) == pytest.approx({"style": np.mean(gaps), "content": gap}, rel=1e-3)


def test_a_pastiche_of_another_size_is_resized(measure: CommonMeasure) -> None:
    larger = resize(STYLE, (64, 96))
    assert measure.of(larger) == measure.of(resize(larger, (32, 48)))
