"""How stylised a pastiche is, by a measure that no extractor here was tuned on.

style: sliced Wasserstein distance (Rabin et al. 2011) between 7x7 RGB patches of the pastiche and of the
style at three sizes, over the content's own distance: 1 is the untouched photograph, 0 the style itself.
content: correlation of the gradient's magnitude with the content's, at 96 pixels: 1 is every edge kept.
noise: the share of high frequencies in the pastiche over that in the style: 1 is as rough as the style.
"""

from dataclasses import dataclass

import cv2
import numpy as np

Array = np.ndarray

PATCH, PROJECTIONS = 7, 128
PATCH_SIZES, EDGE_SIZE, NOISE_SIZE = (256, 128, 64), 96, 256
"""Longest sides, in pixels, at which patches, edges and noise are measured."""


@dataclass(frozen=True)
class Score:
    """The three measures of the module's docstring."""

    style: float
    content: float
    noise: float


def score(content: Array, style: Array, pastiche: Array) -> Score:
    """The measures of a pastiche, all pictures (H, W, 3), RGB, 0..255."""
    content = cv2.resize(content, pastiche.shape[1::-1], interpolation=cv2.INTER_AREA)
    return Score(
        style=_distance(pastiche, style) / _distance(content, style),
        content=float(np.corrcoef(_edges(pastiche), _edges(content))[0, 1]),
        noise=_roughness(pastiche) / _roughness(style),
    )


def _distance(first: Array, second: Array) -> float:
    gaps = [np.abs(_quantiles(first, size) - _quantiles(second, size)).mean() for size in PATCH_SIZES]
    return float(np.mean(gaps))


def _quantiles(picture: Array, size: int) -> Array:
    """201 quantiles of all patches' projections on each of the directions: (201, PROJECTIONS)."""
    directions = np.random.default_rng(0).standard_normal((3 * PATCH**2, PROJECTIONS))
    directions /= np.linalg.norm(directions, axis=0)
    bgr = picture[..., ::-1]  # the order in which the directions were first drawn
    windows = np.lib.stride_tricks.sliding_window_view(_fitted(bgr, size) / 255, (PATCH, PATCH), (0, 1))
    patches = windows[::2, ::2].reshape(-1, 3 * PATCH**2)
    return np.quantile(patches @ directions, np.linspace(0, 1, 201), axis=0)


def _edges(picture: Array) -> Array:
    grey = cv2.cvtColor(_fitted(picture, EDGE_SIZE).astype(np.float32), cv2.COLOR_RGB2GRAY).astype(float)
    return np.hypot(cv2.Sobel(grey, -1, 1, 0), cv2.Sobel(grey, -1, 0, 1)).ravel()


def _roughness(picture: Array) -> float:
    grey = cv2.cvtColor(_fitted(picture, NOISE_SIZE).astype(np.float32), cv2.COLOR_RGB2GRAY).astype(float)
    return float((grey - cv2.GaussianBlur(grey, (0, 0), 1)).var() / grey.var())


def _fitted(picture: Array, size: int) -> Array:
    scale = size / max(picture.shape[:2])
    return cv2.resize(picture.astype(float), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
