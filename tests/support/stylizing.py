"""Stylizers on tiny weights, and pictures for them."""

import numpy as np

from pipeline import Settings, Stylizer
from pipeline.core.frame_start import TemporalTerms
from tests.support.tiny_weights import tiny_weights

LBFGS_50 = {
    "content_weight": 0.5,
    "style_weight": 1.0,
    "tv_weight": 30.0,
    "tv_form": "l1",
    "step_size": 5.0,
}
"""The objective of the preset lbfgs-50."""


def picture(seed: int, height: int = 40, width: int = 48) -> np.ndarray:
    """Blobs of colour with some noise."""
    generator = np.random.default_rng(seed)
    coarse = generator.uniform(20, 235, (5, 6, 3))
    blobs = np.kron(coarse, np.ones((-(-height // 5), -(-width // 6), 1)))[:height, :width]
    return np.clip(blobs + generator.normal(0, 8, blobs.shape), 0, 255).astype(np.float32)


def make(styles=(7,), like=None, **settings) -> Stylizer:
    """A stylizer on tiny weights; each style is a seed of :func:`picture`, or a picture."""
    values = {"steps": 6, "device": "cpu", **LBFGS_50} | settings
    pictures = [picture(style) if isinstance(style, int) else style for style in styles]
    return Stylizer(Settings(**values), pictures, weights=tiny_weights(), like=like)


def record_style_sizes(stylizer: Stylizer, monkeypatch) -> list[tuple[int, int]]:
    """A list that gets the size of each style whose targets ``stylizer`` computes after this call."""
    sizes, compute = [], stylizer.graphs.style_targets

    def recorded(pixels):
        sizes.append(pixels.shape[:2])
        return compute(pixels)

    monkeypatch.setattr(stylizer.graphs, "style_targets", recorded)
    return sizes


def followed(stylizer: Stylizer, content=None, **arguments):
    """The pastiche of ``content``, and the infos of all its steps."""
    infos = []
    pastiche = stylizer.stylize(picture(0) if content is None else content, on_step=infos.append, **arguments)
    return pastiche, infos


def held_everywhere(**changes) -> TemporalTerms:
    """Temporal terms of a frame (40, 48): every place was visible before, is held, and may change."""
    ones = np.ones((40, 48), np.float32)
    terms = {"init_share": ones, "newly_visible": 0 * ones, "weights": ones, "changeable": ones, "unit": 1.0}
    return TemporalTerms(**(terms | changes))
