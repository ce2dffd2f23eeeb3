"""Drawn clips: their stored motion is true, and DIS finds it."""

import math
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import InputError
from pipeline.motion import flow
from pipeline.steadiness import frame_measures, true_motion
from pipeline.video import clip
from pipeline.video.shots import shot_detection
from tests.support import drawn_motion
from tests.support.drawn_motion import draw

SIZE = 48, 64

KINDS = tuple(drawn_motion.KINDS)

COUNT = 8


def levels(frames: list[np.ndarray], true: true_motion.TrueMotion, earlier: int, later: int) -> float:
    """Root mean square, in levels, of what the true motion leaves unexplained."""
    one, other = (frames[number].astype(np.float32) for number in (earlier, later))
    return 255 * math.sqrt(frame_measures.warping_error(one, other, true(earlier, later)))


@pytest.mark.parametrize("kind", KINDS)
def test_the_true_motion_explains_the_clip(kind: str) -> None:
    """Rounding two frames to whole levels leaves √(1/12 + 1/12 · what bicubic weights add up to) ≤ 0.41."""
    frames, true = draw(kind, COUNT, SIZE)
    assert levels(frames, true, 2, 3) < 0.7
    first = 4 if kind == "cut" else 0
    assert levels(frames, true, first, first + 3) < 0.7
    assert true(2, 3).weights.mean() > 0.6


@pytest.mark.parametrize("kind", ["pan", "zoom", "rotation"])
def test_without_motion_the_error_is_large(kind: str) -> None:
    """So the bounds above mean something: the same clip, compared over five frames without motion."""
    frames, true = draw(kind, COUNT, SIZE)
    still = flow.Motion(np.zeros((*SIZE, 2), np.float32), true(0, 5).weights)
    one, other = (frames[number].astype(np.float32) for number in (0, 5))
    assert 255 * math.sqrt(frame_measures.warping_error(one, other, still)) > 4


def test_the_pan_moves_by_the_same_everywhere() -> None:
    _, true = draw("pan", COUNT, SIZE)
    np.testing.assert_allclose(true(1, 2).flow, np.broadcast_to(drawn_motion.PAN, (*SIZE, 2)), atol=1e-5)
    np.testing.assert_allclose(
        true(1, 6).flow, np.broadcast_to(np.multiply(5, drawn_motion.PAN), (*SIZE, 2)), atol=1e-5
    )


def test_zoom_and_rotation_leave_the_centre_where_it_is() -> None:
    size = 49, 65
    for kind in ("zoom", "rotation"):
        _, true = draw(kind, COUNT, size)
        vectors = true(0, 5).flow
        np.testing.assert_allclose(vectors[24, 32], (0, 0), atol=1e-5)
        assert np.abs(vectors[24, 60]).max() > 0.5


def test_the_rotation_turns_by_its_angle() -> None:
    _, true = draw("rotation", COUNT, (49, 65))
    arm = true(0, 1).flow[24, 64] + (32, 0)
    np.testing.assert_allclose(
        arm, 32 * np.array([math.cos(drawn_motion.TURN), math.sin(drawn_motion.TURN)]), atol=1e-4
    )


def test_places_that_the_sprite_uncovers_are_not_visible() -> None:
    _, true = draw("sprite", 20, SIZE)
    moved = true(0, 19)
    uncovered = (true.surfaces[0] == 1) & (true.surfaces[19] == 0)
    assert uncovered.sum() > 50
    assert moved.weights[uncovered].max() == 0
    assert moved.weights[true.surfaces[19] == true_motion.EDGE].max() == 0
    inside = true.surfaces[19] == 1
    assert moved.weights[inside].mean() > 0.4
    assert np.abs(moved.flow[inside]).max() > 3
    assert np.abs(moved.flow[~inside]).max() == 0


def test_nothing_is_visible_across_the_cut() -> None:
    frames, true = draw("cut", 60, (90, 160))
    assert true(29, 30).weights.max() == 0
    assert true(28, 29).weights.mean() > 0.6
    assert shot_detection.first_frames(frames) == [0, 30]


def test_another_seed_is_another_clip() -> None:
    first, again, other = (draw("pan", 1, SIZE, seed)[0][0] for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first.astype(float) - other).mean() > 10


@pytest.mark.parametrize(
    ("kind", "pixels"), [("pan", 0.1), ("zoom", 0.1), ("rotation", 0.1), ("sprite", 0.2)]
)
def test_dis_finds_the_motion_where_it_is_visible(kind: str, pixels: float) -> None:
    """Mean end-point error in pixels."""
    frames, true = draw(kind, COUNT, SIZE)
    estimated, exact = flow.between(frames[3], frames[4]), true(3, 4)
    errors = np.hypot(*np.moveaxis(estimated.flow - exact.flow, 2, 0))[exact.weights > 0]
    assert errors.mean() < pixels


def test_a_written_clip_and_its_motion_come_back(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    line = ["motion", "sprite", "-o", "sprite.mp4", "--frames", "5", "--size", "64x48"]
    monkeypatch.setattr(sys, "argv", line)
    runpy.run_module("benchmarks.motion", run_name="__main__")
    assert "sprite.motion.npz" in capsys.readouterr().out
    drawn, true = draw("sprite", 5, SIZE)
    decoded = list(clip.frames(Path("sprite.mp4")))
    assert np.abs(np.subtract(drawn, decoded, dtype=float)).mean() < 1
    loaded = true_motion.load(Path("sprite.motion.npz"))
    assert len(loaded) == len(decoded) == 5
    np.testing.assert_array_equal(loaded(0, 4).flow, true(0, 4).flow)
    np.testing.assert_array_equal(loaded(0, 4).weights, true(0, 4).weights)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (None, "m.npz: cannot be read"),
        (b"", "m.npz: holds no true motion"),
        (b"no archive", "m.npz: holds no true motion"),
        ({"flow": np.zeros(3)}, "m.npz: holds no true motion"),
        (
            {"cameras": np.zeros((1, 4, 2, 3)), "surfaces": np.zeros((5, 2, 2), np.uint8)},
            "holds no true motion",
        ),
        ({"cameras": np.zeros((1, 5, 2, 3)), "surfaces": np.zeros((5, 2, 2))}, "holds no true motion"),
    ],
)
def test_a_file_without_a_motion_is_refused(data: bytes | dict | None, message: str) -> None:
    path = Path("m.npz")
    if isinstance(data, dict):
        np.savez(path, **data)
    elif data is not None:
        path.write_bytes(data)
    with pytest.raises(InputError, match=message):
        true_motion.load(path)
