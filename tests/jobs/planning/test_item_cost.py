"""The cost of pictures, frames and processes, in steps and passes."""

import math

import pytest

from pipeline.base.speed import REFERENCE, Speed
from pipeline.extractor.layers import IMAGENET_WIDTHS, QUARTER_WIDTHS, Architecture
from pipeline.jobs.planning import item_cost, step_cost
from pipeline.jobs.planning.step_cost import CoreSeconds
from pipeline.settings.settings import Settings

SETTINGS = Settings(scales=3, steps=[120, 100, 60], optimizer="adam", precision="float32")
NETWORK = Architecture.of_widths(QUARTER_WIDTHS)
SIZE = (512, 512)


def step(side: int, settings: Settings = SETTINGS) -> CoreSeconds:
    return step_cost.of_step(settings, (side, side), NETWORK, REFERENCE)


def passes(*sides: int) -> float:
    return sum(step_cost.of_passes(SETTINGS, (side, side), NETWORK, REFERENCE) for side in sides)


def picture(size: tuple[int, int] = SIZE, settings: Settings = SETTINGS) -> item_cost.ItemCost:
    return item_cost.of_picture(settings, size, (1000, 1000), NETWORK, REFERENCE)


def frame(settings: Settings = SETTINGS, *, following: bool = True) -> item_cost.ItemCost:
    return item_cost.of_frame(settings, SIZE, (1000, 1000), NETWORK, REFERENCE, following=following)


def test_a_picture_takes_the_steps_of_every_scale_its_targets_and_its_files() -> None:
    cost = picture()
    assert cost.scales == ((120, step(128)), (100, step(256)), (60, step(512)))
    steps = 120 * step(128).total + 100 * step(256).total + 60 * step(512).total
    targets = item_cost.TARGET_SHARE * passes(128, 256, 512)
    files = item_cost.READING_SECONDS * 1000**2 + item_cost.WRITING_SECONDS * 512**2
    assert cost.whole.total == pytest.approx(steps + targets + files)
    assert cost.rest.alone == pytest.approx(files)


def test_scales_that_are_left_out_as_too_small_cost_nothing() -> None:
    assert [steps for steps, _ in picture((40, 40)).scales] == [100, 60]  # 10 pixels are too few


def test_the_rim_of_a_margin_is_stylised_too() -> None:
    with_rim = SETTINGS.model_copy(update={"margin": 0.125, "scales": 1})
    ((_, cost),) = picture(settings=with_rim).scales
    assert cost == step(512 + 2 * 64)


def test_a_following_frame_takes_half_the_steps_and_its_flow() -> None:
    assert [steps for steps, _ in frame().scales] == [60, 50, 30]
    flow = item_cost.FLOW_SECONDS * math.prod(SIZE)
    assert frame().rest.alone - frame(following=False).rest.alone == pytest.approx(flow)


def test_without_the_flow_a_following_frame_has_one_scale() -> None:
    settings = SETTINGS.model_copy(update={"temporal": "init"})
    assert frame(settings).scales == ((30, step(512)),)
    assert frame(settings).rest.alone == frame(following=False).rest.alone


def test_frames_of_their_own_take_as_much_as_first_ones() -> None:
    settings = SETTINGS.model_copy(update={"temporal": "none"})
    assert frame(settings) == frame(settings, following=False)


def test_a_new_size_takes_the_targets_of_every_style() -> None:
    one, three = (
        item_cost.of_new_size(SETTINGS, SIZE, NETWORK, REFERENCE, styles).shared for styles in (1, 3)
    )
    assert three - one == pytest.approx(2 * item_cost.TARGET_SHARE * passes(128, 256, 512))


def test_a_process_loads_tensorflow_and_as_many_weights_as_the_network_has() -> None:
    """VGG19 has 20.0 million values without its dense layers."""
    wide, narrow = (
        item_cost.of_process(SETTINGS, network, REFERENCE, of_a_clip=False).alone
        for network in (Architecture.of_widths(IMAGENET_WIDTHS), Architecture({"block1_conv1": 0}))
    )
    assert wide - narrow == pytest.approx(20.0e6 * item_cost.WEIGHT_SECONDS, rel=0.01)
    assert narrow > item_cost.TENSORFLOW_SECONDS


def test_a_clip_along_the_flow_traces_one_graph_more() -> None:
    still = SETTINGS.model_copy(update={"temporal": "none"})
    of_clip, of_still, of_pictures = (
        item_cost.of_process(settings, NETWORK, REFERENCE, of_a_clip=clip).alone
        for settings, clip in ((SETTINGS, True), (still, True), (SETTINGS, False))
    )
    assert of_still == of_pictures
    assert of_clip - of_pictures == pytest.approx(item_cost.TRACING_HELD_SECONDS)


def test_python_at_half_the_speed_takes_twice_as_long_to_start() -> None:
    slow = Speed(REFERENCE.products, REFERENCE.traffic, REFERENCE.functions / 2, 2)
    usual, long = (item_cost.of_program(speed, processes=1, of_a_clip=True) for speed in (REFERENCE, slow))
    assert long.total == pytest.approx(2 * usual.total)


def test_workers_are_programs_of_their_own() -> None:
    """Three workers and the process that starts them."""
    one, three = (item_cost.of_program(REFERENCE, processes=count, of_a_clip=False) for count in (1, 3))
    assert three.total == pytest.approx(4 * one.total)
