"""A core on tiny weights, and pictures to try it on."""

import numpy as np

from pipeline import Settings, Stylizer
from tests.support.tiny_weights import tiny_weights

LBFGS_50 = {
    "content_weight": 0.5,
    "style_weight": 1.0,
    "tv_weight": 30.0,
    "tv_form": "l1",
    "step_size": 5.0,
}
"""The objective of the preset of that name."""


def picture(seed: int, height: int = 40, width: int = 48) -> np.ndarray:
    """Blobs of colour with some noise: neither flat nor hopeless."""
    generator = np.random.default_rng(seed)
    coarse = generator.uniform(20, 235, (5, 6, 3))
    blobs = np.kron(coarse, np.ones((-(-height // 5), -(-width // 6), 1)))[:height, :width]
    return np.clip(blobs + generator.normal(0, 8, blobs.shape), 0, 255).astype(np.float32)


def make(styles=(7,), **settings) -> Stylizer:
    given = {"steps": 6, "device": "cpu", **LBFGS_50}
    return Stylizer(
        Settings(**(given | settings)), [picture(seed) for seed in styles], weights=tiny_weights()
    )


def followed(stylizer: Stylizer, content=None, **arguments):
    infos = []
    pastiche = stylizer.stylize(picture(0) if content is None else content, on_step=infos.append, **arguments)
    return pastiche, infos
