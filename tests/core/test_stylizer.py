"""The stylizer: losses fall, bytes repeat, steps and smoothings are counted right, graphs are shared."""

import hashlib
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from pipeline.core import descent, stylizer
from pipeline.core.smoothing import pool_and_upsample
from pipeline.core.stylizer import Stylizer
from pipeline.errors import DivergedError, InputError, SettingsError, StoppedError
from pipeline.settings import preset_files
from pipeline.settings.settings import Settings
from tests.support import ROOT
from tests.support.stylizing import followed, held_everywhere, make, picture, record_style_sizes
from tests.support.tiny_weights import tiny_weights


@pytest.mark.parametrize("optimizer", ["adam", "adagrad", "rmsprop", "sgd", "lbfgs", "projected-lbfgs"])
@pytest.mark.parametrize("pixel_range", [1, 255])
def test_loss_falls_with_every_optimizer(optimizer, pixel_range):
    step_size = 3.0 * pixel_range / 255
    own = {"beta2": 0.9} if optimizer == "rmsprop" else {}
    pastiche, infos = followed(
        make(optimizer=optimizer, pixel_range=pixel_range, step_size=step_size, steps=15, **own)
    )
    assert pastiche.losses["total"] < 0.8 * infos[0].losses["total"]
    assert pastiche.pixels.shape == (40, 48, 3) and pastiche.pixels.dtype == np.float32
    assert pastiche.pixels.min() >= 0 and pastiche.pixels.max() <= 255


@pytest.mark.parametrize("name", preset_files.names())
def test_loss_falls_with_every_preset(name):
    values = preset_files.load(name).values | {"steps": 12, "scales": 1}
    pastiche, infos = followed(make(**values))
    assert pastiche.losses["total"] < infos[0].losses["total"]
    assert 1 <= pastiche.steps <= 12


def test_lbfgs_gets_lower_than_as_many_passes_of_adam():
    reached = {}
    for optimizer in ("adam", "lbfgs"):
        pastiche, _ = followed(make(optimizer=optimizer, steps=50))
        # One more step measures the last picture, which no pass of Adam has seen.
        _, infos = followed(make(optimizer="adam", frame_steps=1), init=pastiche.pixels)
        reached[optimizer] = infos[0].losses["total"]
        assert pastiche.steps == 50
    assert reached["lbfgs"] < reached["adam"]


@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
def test_the_same_arguments_give_the_same_bytes(optimizer):
    settings = {"optimizer": optimizer, "scales": 2, "smooth_every": 4, "init": "noise", "seed": 3}
    pictures = [make(**settings).stylize(picture(0)).pixels for _ in range(2)]
    again = make(**settings)
    again.stylize(picture(5))
    pictures.append(again.stylize(picture(0)).pixels)
    assert len({pixels.tobytes() for pixels in pictures}) == 1


def digest() -> str:
    """Of a small pastiche; another process must come to the same."""
    pastiche = make(scales=2, smooth_every=5).stylize(picture(0))
    return hashlib.sha256(pastiche.pixels.tobytes()).hexdigest()


def test_another_process_gives_the_same_bytes():
    command = [sys.executable, "-c", "from tests.core.test_stylizer import digest; print(digest())"]
    other = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert other.stdout.split()[-1] == digest()


def test_each_step_reports_steps_and_scales():
    pastiche, infos = followed(make(optimizer="adam", scales=2, steps=(3, 4)))
    assert [info.step for info in infos] == list(range(1, 8))
    assert {info.steps for info in infos} == {7} and pastiche.steps == 7
    assert [(info.scale, info.scales) for info in infos] == [(1, 2)] * 3 + [(2, 2)] * 4
    assert infos[-1].losses == pastiche.losses
    seconds = [info.seconds for info in infos]
    assert seconds == sorted(seconds) and seconds[0] > 0


def test_a_scale_that_ends_early_shortens_the_plan():
    _, infos = followed(make(scales=2, steps=(30, 4), max_iterations=2))
    assert infos[0].steps == 34
    coarse = sum(info.scale == 1 for info in infos)
    assert infos[-1].steps == coarse + 4 < 34


def test_scales_too_small_are_left_out():
    _, infos = followed(make(scales=4, steps=(2, 3, 4, 5)), picture(0, 40, 80))
    assert {info.scales for info in infos} == {2} and infos[-1].steps == 9


def test_the_picture_of_each_step():
    shapes, last = [], []

    def on_step(info):
        shapes.append(info.image().shape)
        last[:] = [info.image()]

    pastiche = make(optimizer="adam", scales=2, pixel_range=1, step_size=0.02).stylize(
        picture(0), on_step=on_step
    )
    assert shapes == [(20, 24, 3)] * 6 + [(40, 48, 3)] * 6
    np.testing.assert_array_equal(last[0], pastiche.pixels)


def test_what_on_step_raises_stops_it():
    def stop(info):
        if info.step == 3:
            raise StoppedError("enough")

    with pytest.raises(StoppedError):
        make().stylize(picture(0), on_step=stop)


def test_starts_from_a_copy_of_the_content():
    _, infos = followed(make(tv_weight=0))
    assert infos[0].losses["content"] == pytest.approx(0, abs=1e-6)


def test_noise_is_seeded_and_in_the_box():
    first = {}
    for seed in (0, 0, 1):
        make(init="noise", seed=seed, steps=1).stylize(
            picture(0), on_step=lambda info, seed=seed: first.setdefault((seed, len(first)), info.image())
        )
    a, b, c = first.values()
    np.testing.assert_array_equal(a, b)
    assert np.abs(a - c).mean() > 20
    assert 100 < a.mean() < 155 and a.min() >= 0 and a.max() <= 255


def test_an_earlier_pastiche_starts_at_full_size_with_a_frames_steps():
    one = make(scales=2, frame_steps=4)
    pastiche, infos = followed(one, init=picture(3))
    assert pastiche.steps == 4 and {info.scales for info in infos} == {1}
    np.testing.assert_array_equal(infos[0].image(), picture(3))


@pytest.fixture
def smoothed(monkeypatch):
    """The heights of the pictures that were smoothed during the descent."""
    sides = []

    def recorded(image):
        sides.append(image.shape[0])
        return pool_and_upsample(image)

    monkeypatch.setattr(descent, "pool_and_upsample", recorded)
    return sides


@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
def test_smoothings_are_counted_across_scales_and_for_each_picture_from_0(optimizer, smoothed):
    one = make(optimizer=optimizer, scales=2, steps=(6, 7), smooth_every=4)
    for _ in range(2):
        smoothed.clear()
        _, infos = followed(one)
        # After steps 4, 8 and 12, of which the first is at the coarse scale.
        assert (smoothed, len(infos)) == ([20, 40, 40], 13)


@pytest.mark.parametrize(("frame_steps", "share"), [(2, 0.5), (4, 1.0), (9, 1.0)])
def test_a_frame_that_follows_gets_its_share_of_a_smoothing_at_its_start(frame_steps, share, smoothed):
    one, init = make(optimizer="adam", smooth_every=4, frame_steps=frame_steps), picture(3)
    plain = make(optimizer="adam", frame_steps=frame_steps)
    actual = one.stylize(picture(0), init)
    start = init + np.float32(share) * (pool_and_upsample(init) - init)
    np.testing.assert_array_equal(actual.pixels, plain.stylize(picture(0), start).pixels)
    assert (smoothed, actual.steps) == ([], frame_steps)
    assert np.abs(actual.pixels - plain.stylize(picture(0), init).pixels).max() > 1


def test_a_smoothing_changes_the_picture_under_the_optimizer():
    smooth, plain = (
        make(optimizer="adam", smooth_every=every).stylize(picture(0)).pixels for every in (6, 0)
    )
    np.testing.assert_array_equal(smooth, np.clip(pool_and_upsample(plain), 0, 255))


def test_style_targets_are_computed_once_for_each_size(monkeypatch):
    one = make(styles=(7, 8), scales=2, steps=1, frame_steps=1)
    sizes = record_style_sizes(one, monkeypatch)
    for seed in range(4):
        pastiche = one.stylize(picture(seed))
        one.stylize(picture(seed), pastiche.pixels)
    assert sizes == [(20, 24)] * 2 + [(40, 48)] * 2


def test_the_style_targets_of_the_last_sizes_are_kept(monkeypatch):
    one = make(styles=[picture(7, 200, 240)], steps=1)
    sizes = record_style_sizes(one, monkeypatch)
    first, second, *others = range(20, 21 + stylizer.STYLE_SIZES_KEPT)

    def computed_for(side):
        before = len(sizes)
        one.stylize(picture(0, side, side))
        return len(sizes) - before

    assert [computed_for(side) for side in (first, second, *others[:-1])] == [1] * stylizer.STYLE_SIZES_KEPT
    assert computed_for(first) == 0
    # One more than are kept: the one that was not used for longest goes.
    assert computed_for(others[-1]) == 1
    assert [computed_for(side) for side in (first, *others)] == [0] * (stylizer.STYLE_SIZES_KEPT)
    assert computed_for(second) == 1


def test_a_style_is_not_enlarged(monkeypatch):
    one = make(steps=1)
    sizes = record_style_sizes(one, monkeypatch)
    one.stylize(picture(0, 90, 100))
    assert sizes == [(40, 48)]


SWEEP = (
    {"content_weight": 3.0},
    {"style_weight": 0.2},
    {"tv_weight": 2.0},
    {"content_layers": {"block5_conv2": 5.0}},
    {"style_layers": {f"block{block}_conv1": 0.1 * block for block in range(1, 6)}},
    {"style_weights": (5.0,)},
    {"steps": 3},
    {"size": 64},
    {"seed": 9, "init": "noise"},
    {"optimizer": "adam", "scales": 2, "margin": 0.1},
)
"""Changes of settings of a sweep; none of them changes a graph."""


def test_a_sweep_traces_nothing_again():
    first = one = make()
    one.stylize(picture(0), picture(1), held_everywhere())
    one.stylize(picture(0))
    for changes in SWEEP:
        alone = make(**changes).stylize(picture(0)).pixels
        one = make(**changes, like=one)
        np.testing.assert_array_equal(one.stylize(picture(0)).pixels, alone)
        one.stylize(picture(0), picture(1), held_everywhere())
        assert one.graphs is first.graphs
    assert first.graphs.traces == 4


def test_styles_one_after_another_share_the_graphs():
    one = make(styles=(7,))
    other = make(styles=(8, 9), like=one)
    assert np.abs(one.stylize(picture(0)).pixels - other.stylize(picture(0)).pixels).mean() > 0.1
    assert other.graphs is one.graphs and one.graphs.traces == 3


@pytest.mark.parametrize(
    "changes", [{"style_form": "gatys"}, {"pooling": "avg"}, {"tv_weight": 0}, {"pixel_range": 1}]
)
def test_another_form_of_the_losses_is_traced_for_itself(changes):
    one = make()
    one.stylize(picture(0))
    other = make(**changes, like=one)
    actual = other.stylize(picture(0)).pixels
    assert one.graphs.traces == other.graphs.traces == 3 and one.graphs is not other.graphs
    np.testing.assert_array_equal(actual, make(**changes).stylize(picture(0)).pixels)


VARIANTS = (
    {"optimizer": "lbfgs", "scales": 2},
    {"optimizer": "adam", "content_weight": 2.0, "smooth_every": 4},
    {"optimizer": "lbfgs", "style_form": "gatys", "tv_form": "power-mean", "init": "noise"},
)
"""The first two can share their graphs; the third has another form."""


@pytest.fixture(scope="module")
def alone():
    """The bytes of each variant, stylised by itself."""
    return [make(**changes).stylize(picture(0)).pixels.tobytes() for changes in VARIANTS]


def test_stylizers_used_in_turn_keep_their_graphs_and_their_bytes(alone):
    first = make(**VARIANTS[0])
    stylizers = [first, *(make(**changes, like=first) for changes in VARIANTS[1:])]
    for _ in range(3):
        assert [each.stylize(picture(0)).pixels.tobytes() for each in stylizers] == alone
    assert [each.graphs.traces for each in stylizers] == [3, 3, 3]


def test_stylizers_in_threads_keep_their_graphs_and_their_bytes(alone):
    first = make(**VARIANTS[0])
    stylizers = [first, *(make(**changes, like=first) for changes in VARIANTS[1:])]
    barrier = threading.Barrier(len(stylizers))

    def several(one):
        barrier.wait()
        return [one.stylize(picture(0)).pixels.tobytes() for _ in range(3)]

    with ThreadPoolExecutor(len(stylizers)) as threads:
        results = list(threads.map(several, stylizers))
    assert results == [[pixels] * 3 for pixels in alone]
    assert [each.graphs.traces for each in stylizers] == [3, 3, 3]


def test_a_blend_lies_between_its_styles():
    def pixels(styles, weights=()):
        return make(styles, style_weights=weights, steps=10).stylize(picture(0)).pixels

    alone, blended = pixels((7,)), pixels((7, 8), (3, 1))
    np.testing.assert_allclose(pixels((7, 8), (5, 0)), alone, atol=0.5)
    assert np.abs(blended - alone).mean() > 0.1


def test_divergence_gives_no_picture():
    with pytest.raises(DivergedError):
        make(style_weight=1e38).stylize(picture(0))


def test_content_as_bytes_is_accepted_and_not_changed():
    whole = picture(0).astype(np.uint8)
    kept = whole.copy()
    actual = make().stylize(whole).pixels
    np.testing.assert_array_equal(actual, make().stylize(whole.astype(np.float32)).pixels)
    np.testing.assert_array_equal(whole, kept)


@pytest.mark.parametrize(
    ("shape", "message"),
    [((1, 1, 3), "1x1 pixels.*16x16"), ((15, 99, 3), "99x15 pixels.*16x16"), ((40, 40), "height, width, 3")],
)
def test_pictures_of_another_shape_or_too_small_are_refused(shape, message):
    with pytest.raises(InputError, match=message):
        make().stylize(np.zeros(shape, np.float32))
    with pytest.raises(InputError, match=message):
        Stylizer(Settings(), [np.zeros(shape, np.float32)], weights=tiny_weights())


def test_an_earlier_pastiche_of_another_size_is_refused():
    with pytest.raises(InputError, match="start from"):
        make().stylize(picture(0), picture(1, 20, 20))


def test_no_style_and_too_many_blend_weights_are_refused():
    with pytest.raises(InputError, match="no style"):
        make(styles=())
    with pytest.raises(SettingsError, match="3 numbers for 2 blended styles"):
        make(styles=(7, 8), style_weights=(1, 2, 3))


@pytest.mark.parametrize("steps", [3, 5, 17])
def test_the_losses_of_lbfgs_are_those_of_the_picture_that_it_gives(steps):
    """Each of these searches ends on an evaluation that is worse than its best, whose picture is returned."""
    pastiche, infos = followed(make(optimizer="lbfgs", init="noise", steps=steps))
    totals = [info.losses["total"] for info in infos]
    assert totals[-1] > min(totals)
    assert pastiche.losses["total"] == min(totals)
