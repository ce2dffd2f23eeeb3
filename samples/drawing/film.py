"""From light to a photograph: glow, a filmic curve, corners that fall off, grain."""

from __future__ import annotations

import cv2
import numpy as np

Array = np.ndarray
SATURATION = 1.14  # the filmic curve pales what is bright; printing papers make up for it


def develop(light: Array, rng: np.random.Generator, exposure: float = 1.0, grain: float = 2.2) -> Array:
    """Linear light (H, W, 3) as float32 sRGB 0..255; `grain` is its standard deviation in levels."""
    height, width = light.shape[:2]
    exposed = _calm(light * exposure)
    glow = cv2.GaussianBlur(np.maximum(exposed - 0.9, 0), (0, 0), height / 60)
    encoded = _filmic(exposed + 0.30 * glow) ** (1 / 2.2)
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    corners = 1 - 0.13 * (x**2 + y**2) ** 1.3 / 2
    grey = encoded.mean(axis=2, keepdims=True)
    encoded = grey + SATURATION * (encoded - grey)
    speckle = cv2.GaussianBlur(rng.normal(0, 1, (height, width)).astype(np.float32), (0, 0), 0.6)
    pixels = 255 * encoded * corners[..., None] + 2.1 * grain * speckle[..., None]
    return np.clip(pixels, 0, 255).astype(np.float32)


def _calm(light: Array) -> Array:
    """Even out the tracer's random speckle, edges kept; in logarithms, so that shadows are treated alike."""
    logarithm = np.log(light + 0.02).astype(np.float32)
    return np.exp(cv2.bilateralFilter(logarithm, 5, 0.20, 1.2)) - 0.02


def _filmic(light: Array) -> Array:
    """Narkowicz's fit of the ACES curve: contrast in the middle, a soft shoulder for what is bright."""
    x = light * 0.75
    return np.clip(x * (2.51 * x + 0.03) / (x * (2.43 * x + 0.59) + 0.14), 0, 1)
