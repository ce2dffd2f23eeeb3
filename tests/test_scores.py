"""The scores by VGG19, on networks and pictures whose scores are known, and its forward pass in NumPy."""

import numpy as np
import pytest

from tests.support import numpy_vgg, vgg_score
from tests.support.media import scene
from tests.support.numpy_vgg import MEANS_BGR
from tests.support.tiny_weights import tiny_weights

Array = np.ndarray

TINY = tiny_weights().kernels


def through() -> dict[str, tuple[Array, Array]]:
    """Kernels that pass blue, green and red on as they are; the first layer adds the subtracted means."""
    kernel = np.zeros((3, 3, 3, 3))
    kernel[1, 1] = np.eye(3)
    return {layer: (kernel, np.array(MEANS_BGR) * (layer == "block1_conv1")) for layer in TINY}


def photograph(seed: int) -> Array:
    """Of the size at which pictures are compared."""
    return scene(seed, 96, vgg_score.SIZE)


def plain(*colour: int, width: int = 80) -> Array:
    return np.broadcast_to(np.array(colour, np.float32), (60, width, 3))


def score(content: Array, style: Array, pastiche: Array, kernels=TINY) -> vgg_score.VggScore:
    features = vgg_score.features(kernels, content)
    result = vgg_score.features(kernels, pastiche, features.size)
    return vgg_score.score(features, vgg_score.features(kernels, style), result)


def test_the_photograph_itself_scores_one_in_style_and_zero_in_content() -> None:
    actual = score(photograph(1), photograph(2), photograph(1))
    assert actual.by_layer == pytest.approx([1] * 5)
    assert (actual.style, actual.content) == (pytest.approx(1), 0)


def test_the_style_itself_scores_zero_in_style() -> None:
    actual = score(photograph(1), photograph(2), photograph(2))
    assert actual.by_layer == pytest.approx([0] * 5, abs=1e-6)
    assert actual.content > 0.1


def test_plain_colours_score_what_their_products_say() -> None:
    """Content p, style a of another shape, pastiche x: |xxᵀ - aaᵀ|² / |ppᵀ - aaᵀ|², and |x - p|² / |p|²."""
    green, red, both = plain(0, 100, 0), plain(100, 0, 0, width=60), plain(50, 50, 0)
    actual = score(green, red, both, through())
    assert actual.by_layer == pytest.approx([0.75 / 2] * 5)
    assert actual.content == pytest.approx(0.5)


def test_layers_are_weighed_alike() -> None:
    gaps = vgg_score.VggScore(by_layer=(0.0, 0.1, 0.2, 0.3, 0.9), content=0.0)
    assert gaps.style == pytest.approx(0.3)


def test_the_scale_of_activations_does_not_matter() -> None:
    """ReLU and pooling keep a factor: the first layer's, with every bias to match, is one on all layers."""
    scaled = {layer: (kernel, 2 * bias) for layer, (kernel, bias) in TINY.items()}
    scaled["block1_conv1"] = tuple(2 * array for array in TINY["block1_conv1"])
    first, second = (
        score(photograph(1), photograph(2), photograph(3), kernels) for kernels in (TINY, scaled)
    )
    assert second.by_layer == pytest.approx(first.by_layer, rel=1e-4)
    assert second.content == pytest.approx(first.content, rel=1e-4)


def test_pictures_of_any_size_are_compared_at_the_content_s() -> None:
    assert vgg_score.size_to_compare(np.zeros((100, 50, 3))) == (192, 384)
    assert vgg_score.size_to_compare(np.zeros((1000, 1500, 3))) == (384, 256)
    twice = np.kron(photograph(3), np.ones((2, 2, 1)))
    actual, desired = (score(photograph(1), photograph(2), pastiche) for pastiche in (twice, photograph(3)))
    assert actual == desired


def test_the_surroundings_of_a_picture_count_as_zero() -> None:
    kernels = {"block1_conv1": (np.ones((3, 3, 3, 1)), np.zeros(1))}
    picture = np.array(MEANS_BGR)[::-1] + np.ones((4, 5, 3))
    actual = numpy_vgg.activations(kernels, picture)["block1_conv1"][..., 0]
    desired = 3 * np.outer([2, 3, 3, 2], [2, 3, 3, 3, 2])
    np.testing.assert_allclose(actual, desired)


@pytest.mark.parametrize(("pooling", "desired"), [("max", [6, 8]), ("avg", [3, 5])])
def test_pooling_halves_and_leaves_out_an_odd_column(pooling: str, desired: list[float]) -> None:
    values = np.array([[0.0, 2, 2, 4, 99], [4, 6, 6, 8, 99]])
    picture = np.repeat(values[..., None], 3, axis=2)
    actual = numpy_vgg.activations(through(), picture, pooling, "block2_conv1")
    assert list(actual) == ["block1_conv1", "block1_conv2", "block2_conv1"]
    np.testing.assert_allclose(actual["block2_conv1"], np.tile(np.array(desired)[None, :, None], (1, 1, 3)))


def test_blue_comes_first_and_negative_values_are_cut_off() -> None:
    kernels = through() | {"block1_conv1": (through()["block1_conv1"][0], np.zeros(3))}
    actual = numpy_vgg.activations(kernels, np.array([[[200.0, 0, 150]]]), deepest="block1_conv1")
    np.testing.assert_allclose(actual["block1_conv1"][0, 0], [150 - 103.939, 0, 200 - 123.68])
