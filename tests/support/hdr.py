"""The colours of HDR by closed forms, as a display of BT.709 with a white of 203 cd/m² shows them."""

import numpy as np

DIFFUSE_WHITE = 203
"""cd/m², ITU-R BT.2408."""

PQ, HLG, BT2020 = 16, 18, 9
"""Numbers of H.273, of two transfers and of primaries."""

BT709_OF_BT2020 = np.array(
    [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]]
)
"""ITU-R BT.2087, linear light."""

LUMA_OF_BT2020 = np.array([0.2627, 0.6780, 0.0593])


def light(transfer: int, signal: np.ndarray) -> np.ndarray:
    """cd/m² of a signal (..., 3), 0 to 1, on the display that its transfer means (BT.2100, tables 4, 5).

    HLG's display has a peak of 1000 cd/m².
    """
    if transfer == PQ:
        power = signal ** (32 / 2523)
        return 1e4 * (np.maximum(power - 107 / 128, 0) / (2413 / 128 - 2392 / 128 * power)) ** (8192 / 1305)
    dark = signal**2 / 3
    scene = np.where(signal <= 0.5, dark, (np.exp((signal - 0.55991073) / 0.17883277) + 0.28466892) / 12)
    return 1000 * scene * np.maximum(scene @ LUMA_OF_BT2020, 1e-12)[..., None] ** 0.2


def levels_of_bt709(transfer: int, signal: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What a signal (..., 3) of BT.2020 becomes, 0 to 255, and which of its colours BT.709 can show (...)."""
    linear = light(transfer, signal) @ BT709_OF_BT2020.T / DIFFUSE_WHITE
    is_shown = ((linear >= 0) & (linear <= 1)).all(-1)
    return 255 * np.clip(linear, 0, 1) ** (1 / 2.4), is_shown
