"""Synthetic frames whose motion is known."""

import cv2
import numpy as np

Frame = np.ndarray


def textured(seed: int, height: int = 96, width: int = 128) -> Frame:
    """Fine and coarse blobs of colour everywhere, (height, width, 3) uint8: enough texture for the flow."""
    rng = np.random.default_rng(seed)
    layers = [
        cv2.resize(
            rng.normal(0, 1, (-(-height // side), -(-width // side), 3)), (width, height), interpolation=2
        )
        for side in (4, 12)
    ]
    return np.clip(128 + 35 * sum(layers), 0, 255).astype(np.uint8)


def pan(frames: int, step: int = 3) -> list[Frame]:
    """A camera that moves to the right, ``step`` pixels a frame."""
    wide = textured(1, width=128 + step * frames)
    return [np.ascontiguousarray(wide[:, step * n : step * n + 128]) for n in range(frames)]


def with_square(background: Frame, left: int, top: int = 32, side: int = 28) -> Frame:
    """A textured square in front of ``background``; what sticks out of the frame is not seen."""
    frame = background.copy()
    square = textured(99, side, side)[:, ::-1] // 2 + np.uint8(120)
    begin, end = max(left, 0), min(left + side, frame.shape[1])
    if begin < end:
        frame[top : top + side, begin:end] = square[:, begin - left : end - left]
    return frame


def noisy(frame: np.ndarray, seed: int, deviation: float = 2.0) -> np.ndarray:
    """The frame with a sensor's noise."""
    noise = np.random.default_rng(seed).normal(0, deviation, frame.shape)
    return np.clip(frame + noise.round(), 0, 255).astype(np.uint8)


FLOW_SHAPE = (40, 60)


def constant_flow(x: float, y: float, shape: tuple[int, int] = FLOW_SHAPE) -> np.ndarray:
    """A flow (H, W, 2) of the same motion everywhere."""
    return np.broadcast_to(np.float32([x, y]), (*shape, 2)).copy()
