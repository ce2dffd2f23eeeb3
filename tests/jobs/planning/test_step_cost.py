"""The cost of a step: the operations of VGG19, unequal layers, precisions, and how long it lasts."""

import pytest

from pipeline.base.speed import REFERENCE, Speed
from pipeline.core import step_memory
from pipeline.extractor import weights
from pipeline.extractor.layers import IMAGENET_WIDTHS, LAYERS, QUARTER_WIDTHS, Architecture
from pipeline.jobs.planning import step_cost
from pipeline.jobs.planning.step_cost import CoreSeconds, PassesCost
from pipeline.settings.settings import Settings

FULL, QUARTER = Architecture.of_widths(IMAGENET_WIDTHS), Architecture.of_widths(QUARTER_WIDTHS)
SETTINGS = Settings(content_layers="block4_conv2", precision="float32")


def gram_operations(network: Architecture, side: int) -> int:
    """Of FᵀF and of the product of its gradient, at the first layer of each block."""
    return sum(
        2 * 2 * (side // 2 ** (block - 1)) ** 2 * network.channels[f"block{block}_conv1"] ** 2
        for block in range(1, 6)
    )


def convolution_operations(cost: PassesCost, network: Architecture, side: int) -> float:
    return cost.operations + cost.exact_operations - gram_operations(network, side)


def test_operations_of_vgg19_at_224_pixels_are_the_published_ones() -> None:
    """Its sixteen convolutions take 19.5 billion multiply-adds at 224x224 (Simonyan and Zisserman 2014)."""
    whole = SETTINGS.model_copy(update={"content_layers": {"block5_conv4": 1.0}})
    forward = convolution_operations(PassesCost.of(whole, (224, 224), FULL), FULL, 224) / 2
    assert forward / 2 == pytest.approx(19.5e9, rel=0.01)


def test_a_quarter_of_the_width_takes_about_a_sixteenth_of_the_operations() -> None:
    full, quarter = (
        convolution_operations(PassesCost.of(SETTINGS, (512, 512), network), network, 512)
        for network in (FULL, QUARTER)
    )
    assert 12 < full / quarter < 16


def test_each_layer_counts_with_its_own_channels() -> None:
    """3 to 5, 5 to 7 and 7 to 2 channels; the third layer has a quarter of 10x10 positions."""
    network = Architecture({"block1_conv1": 5, "block1_conv2": 7, "block2_conv1": 2})
    settings = SETTINGS.model_copy(
        update={"content_layers": {"block2_conv1": 1.0}, "style_layers": {"block1_conv2": 1.0}}
    )
    cost = PassesCost.of(settings, (11, 10), network)
    assert cost.operations == 36 * (110 * 5 * 7 + 25 * 7 * 2) + 18 * 110 * 3 * 5 + 2 * 110 * 7**2
    assert cost.exact_operations == 18 * 110 * 3 * 5 + 2 * 110 * 7**2
    assert cost.kernels == 4 * 9 * (3 * 5 + 5 * 7 + 7 * 2)
    assert cost.activations == 4 * (110 * (3 + 5 + 5 + 7 + 7) + 25 * (7 + 2))
    assert cost.layers == 3


@pytest.mark.parametrize(
    ("content_layer", "operations"), [("block1_conv1", 4 * 5 * 4), ("block1_conv2", 4 * 7 * 9)]
)
def test_readouts_count_only_for_the_content(content_layer: str, operations: int) -> None:
    """4 and 9 channels are read out of 5 and 7. A style's readout is multiplied by the Gram matrix alone."""
    channels = {"block1_conv1": 5, "block1_conv2": 7}
    settings = SETTINGS.model_copy(
        update={"content_layers": {content_layer: 1.0}, "style_layers": {"block1_conv2": 1.0}}
    )
    plain, read = (
        PassesCost.of(settings, (10, 10), Architecture(channels, readouts))
        for readouts in ({}, {"block1_conv1": 4, "block1_conv2": 9})
    )
    assert read.exact_operations - plain.exact_operations == 100 * operations
    assert read.operations == plain.operations
    assert (plain.layers, read.layers) == (2, 3)


def test_layers_that_the_weights_lack_cost_nothing() -> None:
    """The job says which one is missing."""
    cut = Architecture({layer: FULL.channels[layer] for layer in LAYERS[:4]})
    assert PassesCost.of(SETTINGS, (64, 64), cut).layers == 3


def test_the_builtin_extractor_takes_more_than_its_widest_layers_say() -> None:
    """Its blocks have layers of 48 and 32, 96 and 64 channels: counted at the widest, it takes more."""
    own = weights.builtin().architecture
    widest = Architecture.of_widths(own.widths)
    exact, coarse = (PassesCost.of(SETTINGS, (256, 256), network) for network in (own, widest))
    assert 1.3 < coarse.operations / exact.operations < 2.5
    assert set(own.readouts) == set(LAYERS)


@pytest.mark.parametrize(
    ("network", "least", "most"), [(FULL, 1.6, 2.2), (QUARTER, 1.2, 1.7)], ids=["full", "quarter"]
)
def test_bfloat16_gains_more_where_layers_are_wide(network: Architecture, least: float, most: float) -> None:
    rounded = SETTINGS.model_copy(update={"precision": "bfloat16"})
    exact, short = (
        step_cost.of_passes(settings, (384, 512), network, REFERENCE) for settings in (SETTINGS, rounded)
    )
    assert least < exact / short < most


def test_small_pictures_take_more_than_their_share() -> None:
    small, large = (step_cost.of_step(SETTINGS, (side, side), QUARTER, REFERENCE).total for side in (64, 256))
    assert small > 1.5 * large / 16


def test_a_processor_twice_as_fast_takes_half_the_time() -> None:
    twice = Speed(2 * REFERENCE.products, 2 * REFERENCE.traffic, 2 * REFERENCE.functions, 2)
    slow, fast = (step_cost.of_step(SETTINGS, (96, 128), FULL, speed) for speed in (REFERENCE, twice))
    assert slow.total == pytest.approx(2 * fast.total)


def test_scipys_own_work_is_on_one_core() -> None:
    """It reads and writes 8000 bytes for each of three values of a pixel."""
    settings = SETTINGS.model_copy(update={"optimizer": "lbfgs"})
    of_adam, of_scipy = (
        step_cost.of_step(each.model_copy(update={"optimizer": name}), (100, 100), QUARTER, REFERENCE)
        for name, each in (("adam", SETTINGS), ("lbfgs", settings))
    )
    assert of_adam.shared == of_scipy.shared
    assert of_scipy.alone - of_adam.alone == pytest.approx((8000 - 120) * 30_000 / REFERENCE.traffic)


def test_shared_work_lasts_less_on_more_cores_and_lonely_work_with_more_workers() -> None:
    cost = CoreSeconds(shared=8, alone=6)
    assert cost.lasting(cores=1) == cost.total == 14
    assert cost.lasting(cores=4) == 8 / 4 + 6
    assert cost.lasting(cores=4, workers=3) == 8 / 4 + 6 / 3
    assert cost.lasting(cores=2, workers=9) == (8 + 6) / 2
    assert cost + cost * 2 == CoreSeconds(24, 18)


def test_a_step_in_tiles_costs_the_work_of_its_tiles() -> None:
    """With their halos, and with the first pass that sums the Gram matrices."""
    size = (1024, 1024)
    whole = step_memory.memory_of_step(SETTINGS, size, FULL.widths)
    limited = SETTINGS.model_copy(update={"memory": whole // 2})
    work = step_memory.step_plan(limited, size, FULL.widths).work(size)
    assert work > 1.5
    one, tiled = (step_cost.of_step(settings, size, FULL, REFERENCE) for settings in (SETTINGS, limited))
    assert tiled.shared == pytest.approx(work * one.shared)
    too_little = SETTINGS.model_copy(update={"memory": 1000})
    assert step_cost.of_step(too_little, size, FULL, REFERENCE) == one
