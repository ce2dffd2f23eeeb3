"""Frames that start from earlier pastiches, through the whole core: where they start, change and are held."""

import numpy as np
import pytest

from pipeline.core.frame_start import TemporalTerms
from pipeline.core.style_transfer import Pastiche
from pipeline.core.stylizer import Stylizer
from tests.support.stylizing import followed, held_everywhere, make, picture

CONTENT, INIT = picture(0).round(), picture(3).round()
"""Whole numbers, so that content + 1 · (init - content) is init to the byte."""


def right_half(value: float = 1.0) -> np.ndarray:
    """A map (H, W) that is ``value`` in the right half, and 0 in the left."""
    share = np.zeros((40, 48), np.float32)
    share[:, 24:] = value
    return share


def stylized(one: Stylizer, terms: TemporalTerms) -> tuple[Pastiche, list[np.ndarray]]:
    """The pastiche of a frame, and the pictures that its steps evaluated: L-BFGS-B starts with the start."""
    images = []
    pastiche = one.stylize(CONTENT, INIT, terms, on_step=lambda info: images.append(info.image()))
    return pastiche, images


def test_a_frame_without_terms_starts_from_the_earlier_pastiche_and_is_not_held():
    _, infos = followed(make(optimizer="adam"), init=INIT)
    assert infos[0].losses["temporal"] == infos[-1].losses["temporal"] == 0


def test_what_comes_into_view_starts_from_the_content():
    _, images = stylized(make(), held_everywhere(init_share=1 - right_half()))
    np.testing.assert_array_equal(images[0][:, :24], INIT[:, :24])
    np.testing.assert_array_equal(images[0][:, 24:], CONTENT[:, 24:])


def test_what_comes_into_view_is_painted_at_coarse_scales_and_the_rest_is_not():
    """At full size nothing may change here, so what differs from the start comes from the coarse scale."""
    new = right_half()
    terms = held_everywhere(init_share=1 - new, newly_visible=new, changeable=0 * new, weights=0 * new)
    pastiche, images = stylized(make(scales=2, frame_steps=(12, 3)), terms)
    assert [image.shape[0] for image in images] == [20] * 12 + [40] * 3
    start_of_full_size = images[12]
    assert np.abs(start_of_full_size - CONTENT)[:, 26:].mean() > 1
    np.testing.assert_array_equal(start_of_full_size[:, :20], INIT[:, :20])
    np.testing.assert_array_equal(pastiche.pixels[:, :20], INIT[:, :20])


@pytest.mark.parametrize(("newly_visible", "scales"), [(0.2, {40}), (0.3, {20, 40})])
def test_coarse_scales_are_for_frames_with_something_new(newly_visible, scales):
    terms = held_everywhere(newly_visible=right_half(newly_visible))
    _, images = stylized(make(scales=2), terms)
    assert {image.shape[0] for image in images} == scales


def test_what_may_not_change_keeps_the_bytes_it_starts_from():
    pastiche, _ = stylized(make(), held_everywhere(changeable=right_half()))
    np.testing.assert_array_equal(pastiche.pixels[:, :24], INIT[:, :24])
    assert np.abs(pastiche.pixels - INIT)[:, 24:].mean() > 1


@pytest.mark.parametrize(("weight", "unit"), [(10.0, 3e4), (1.0, 3e4), (10.0, 3e3)])
def test_the_temporal_loss_is_in_units_of_the_first_frames_loss(weight, unit):
    """temporal_weight · unit · mean(c · (x - x₀)²), x in 0..1: held at c = 2 in the right half."""
    terms = held_everywhere(weights=right_half(2.0), unit=unit)
    losses, images = [], []

    def on_step(info):
        losses.append(info.losses["temporal"])
        images.append(info.image())

    make(temporal_weight=weight).stylize(CONTENT, INIT, terms, on_step=on_step)
    away = ((images[-1] - INIT) / 255) ** 2
    assert losses[0] == 0 and losses[-1] > 0
    assert losses[-1] == pytest.approx(weight * unit * 2 * away[:, 24:].mean() / 2, rel=1e-4)


@pytest.mark.parametrize(
    ("optimizer", "init", "levels"),
    [("projected-lbfgs", INIT, 0.7), ("projected-lbfgs", None, 5), ("lbfgs", INIT, 5), ("lbfgs", None, 5)],
)
def test_projected_lbfgs_begins_with_a_short_step_where_a_frame_follows(optimizer, init, levels):
    images = []
    make(optimizer=optimizer).stylize(CONTENT, init, on_step=lambda info: images.append(info.image()))
    assert first_step(images) == pytest.approx(levels, rel=0.05)


def test_coarse_scales_begin_with_a_long_step_since_what_is_new_was_never_painted():
    terms = held_everywhere(newly_visible=right_half())
    _, images = stylized(make(optimizer="projected-lbfgs", scales=2, frame_steps=2), terms)
    assert first_step(images) == pytest.approx(5, rel=0.05)
    assert first_step(images[2:]) == pytest.approx(0.7, rel=0.05)


def first_step(images: list[np.ndarray]) -> float:
    """The root mean square of the first step that is tried, in levels; the box may take a little of it."""
    return float(np.sqrt(np.mean((images[1] - images[0]) ** 2)))


def test_a_frame_that_is_held_moves_less_where_it_is_held():
    pastiche, _ = stylized(make(steps=20), held_everywhere(weights=right_half(), unit=1e9))
    moved = np.abs(pastiche.pixels - INIT)
    assert moved[:, 24:].mean() < 0.1 * moved[:, :24].mean()
