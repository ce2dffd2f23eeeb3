"""Estimates: the operations of VGG19, and the check that refuses what does not fit."""

import psutil
import pytest

from pipeline.errors import TooLargeError
from pipeline.extractor.layers import IMAGENET_WIDTHS, QUARTER_WIDTHS
from pipeline.jobs import estimates
from pipeline.settings.settings import Settings

SETTINGS = Settings(content_layers="block5_conv2", scales=3, steps=[120, 100, 60])


def test_operations_of_vgg19_at_224_pixels_are_the_published_ones() -> None:
    """Its sixteen convolutions take 19.5 billion multiply-adds at 224x224 (Simonyan and Zisserman 2014)."""
    whole = Settings(content_layers="block5_conv4")
    forward = estimates.operations_of_step(whole, (224, 224), IMAGENET_WIDTHS) / 2
    assert forward / 2 == pytest.approx(19.5e9, rel=0.01)


def test_a_quarter_of_the_width_is_a_sixteenth_of_the_work_nearly() -> None:
    full = estimates.operations_of_step(SETTINGS, (512, 512), IMAGENET_WIDTHS)
    quarter = estimates.operations_of_step(SETTINGS, (512, 512), QUARTER_WIDTHS)
    assert 12 < full / quarter < 16


def test_coarse_scales_cost_a_quarter_each() -> None:
    size, widths, speed = (512, 512), QUARTER_WIDTHS, 1e11
    adam = SETTINGS.model_copy(update={"optimizer": "adam"})
    step = estimates.operations_of_step(adam, size, widths) / speed
    actual = estimates.seconds_of_picture(adam, size, widths, speed)
    assert actual == pytest.approx(step * (120 / 16 + 100 / 4 + 60))
    following = estimates.seconds_of_picture(adam, size, widths, speed, following=True)
    assert following == pytest.approx(step * (60 / 16 + 50 / 4 + 30))
    alone = adam.model_copy(update={"temporal": "init"})
    assert estimates.seconds_of_picture(alone, size, widths, speed, following=True) == pytest.approx(
        step * 30
    )
    assert estimates.seconds_of_picture(SETTINGS, size, widths, speed) > actual


def test_memory_grows_with_the_picture() -> None:
    sizes = [(16, 16), (512, 512), (1024, 1024)]
    needs = [estimates.memory_of_step(SETTINGS, size, IMAGENET_WIDTHS) for size in sizes]
    assert needs[0] < needs[1] < needs[2]
    assert (needs[2] - needs[0]) / (needs[1] - needs[0]) == pytest.approx(4, rel=0.01)


def test_what_does_not_fit_is_refused_with_a_size_that_does() -> None:
    huge = Settings(size=32768)
    sides = 9000
    with pytest.raises(
        TooLargeError, match=r"photo.jpg: 9000x9000 pixels need about .* try --size (\d+)"
    ) as caught:
        estimates.check_memory("photo.jpg", huge, (sides, sides), IMAGENET_WIDTHS)
    fitting = int(str(caught.value).rsplit(" ", 1)[1])
    needed = estimates.memory_of_step(huge, (fitting, fitting), IMAGENET_WIDTHS)
    assert needed < psutil.virtual_memory().total


def test_this_machine_does_something_in_a_second() -> None:
    assert estimates.operations_per_second() > 1e8
