"""What the student sees while a picture is stylised: pastiches on their way, made by the student itself.

No photograph resembles them, and a student that has seen none is led astray by its own mistakes.
"""

from collections.abc import Sequence

import numpy as np
from tqdm import tqdm

from pipeline.base.resizing import resize, size_to_fit
from pipeline.core.style_transfer import StepInfo
from pipeline.core.stylizer import Stylizer
from pipeline.extractor.weights import Weights
from pipeline.settings.choice import Choice

Array = np.ndarray

SIDE = 224
"""Longest side in pixels; the scales below it are kept as well."""

STRENGTHS = (30, 80)
"""Between which the balance of content and style lies."""

KEPT = (2, 8, 30)
"""Steps of each scale after which the picture is kept, besides the last."""


def make(
    weights: Weights,
    contents: Sequence[Array],
    styles: Sequence[Array],
    seed: int,
    count: int,
    side: int = SIDE,
) -> list[Array]:
    """The pictures on the way to ``count`` pastiches of the preset ``balanced``: uint8 (H, W, 3).

    Args:
        weights: the student's.
        contents, styles: uint8 (H, W, 3); each pastiche takes one of both by chance.
        side: of the finished pastiches, in pixels.
    """
    settings = Choice("balanced", {"size": side}, environ={}).resolve().settings
    rng, kept = np.random.default_rng([seed, count]), []
    stylizer: Stylizer | None = None
    for _ in tqdm(range(count), "pastiches"):
        content, style = (_fitted(group[rng.integers(len(group))], side) for group in (contents, styles))
        changed = settings.model_copy(update={"strength": rng.uniform(*STRENGTHS)})
        stylizer = Stylizer(changed, [style], weights=weights, like=stylizer)
        kept += _on_the_way(stylizer, content)
    return kept


def _on_the_way(stylizer: Stylizer, content: Array) -> list[Array]:
    pictures: list[Array] = []
    began = {"scale": 0, "step": 0}

    def keep(info: StepInfo) -> None:
        if info.scale != began["scale"]:
            began.update(scale=info.scale, step=info.step)
        if info.step - began["step"] in KEPT:
            pictures.append(_rounded(info.image()))

    finished = stylizer.stylize(content, on_step=keep)
    return [*pictures, _rounded(finished.pixels)]


def _fitted(picture: Array, side: int) -> Array:
    return resize(picture.astype(np.float32), size_to_fit(picture.shape[:2], side))


def _rounded(pixels: Array) -> Array:
    return np.clip(np.rint(pixels), 0, 255).astype(np.uint8)
