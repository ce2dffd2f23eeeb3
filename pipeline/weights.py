"""Find, fetch, verify and load the extractor's weights."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Weights:
    """The convolutions of a VGG19, whatever their widths.

    Attributes:
        kind: ``imagenet``, ``builtin``, ``random`` or ``file``.
        kernels: for each layer its kernel (3, 3, channels in, channels out) and bias (channels out,).
        scales: factor for each layer's activations that brings them to the level presets expect (1 if absent).
        fingerprint: SHA-256 (hex) of the arrays, scales included; part of a job's fingerprint.
        origin: where they came from, for people: a path, or ``seed 0``.
    """

    kind: str
    kernels: Mapping[str, tuple[FloatArray, FloatArray]]
    scales: Mapping[str, float]
    fingerprint: str
    origin: str
