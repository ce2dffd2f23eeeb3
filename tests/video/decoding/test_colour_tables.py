"""The tables of HDR's colours, against closed forms and against the scaler."""

import numpy as np
import pytest

from pipeline.video.decoding import colour_tables
from tests.support.hdr import BT2020, HLG, PQ, levels_of_bt709

STEPS = 64

STEP = 1 / 1023
"""Of the stored values."""


def every_signal():
    """(blue, green, red, 3): RGB signals, 0 to 1, in the order of the tables."""
    signals = np.arange(STEPS) / (STEPS - 1)
    blue, green, red = np.meshgrid(signals, signals, signals, indexing="ij")
    return np.stack([red, green, blue], -1)


def stored_levels(transfer):
    table = colour_tables.table(transfer, BT2020)
    assert (table.dtype, table.shape) == (np.float32, (512, 512, 3))
    return 255 * table.reshape(STEPS, STEPS, STEPS, 3)


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_greys_have_the_light_of_their_transfer(transfer):
    """Up to the diffuse white of 203 cd/m², which is 255, as is all that is brighter."""
    greys = np.repeat(np.arange(STEPS)[:, None] / (STEPS - 1), 3, axis=1)
    desired, _ = levels_of_bt709(transfer, greys)

    grey = np.arange(STEPS)
    actual = stored_levels(transfer)[grey, grey, grey]

    np.testing.assert_allclose(actual, desired, atol=1)  # the scaler is 1 level off next to white
    assert (actual[0].max(), actual[-1].min()) == (0, 255)


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_colours_that_bt709_has_keep_their_light(transfer):
    desired, is_shown = levels_of_bt709(transfer, every_signal())

    differences = np.abs(stored_levels(transfer) - desired)[is_shown]

    assert differences.mean() < 0.3
    assert np.percentile(differences, 99) < 4


@pytest.mark.parametrize(("primaries", "channel"), [((0, 0, 63), 0), ((0, 63, 0), 1), ((63, 0, 0), 2)])
def test_the_strongest_colours_keep_their_hue(primaries, channel):
    """Those of BT.2020 are stronger than BT.709's; nothing says into which colours they are to be clipped."""
    colour = stored_levels(HLG)[primaries]

    assert colour.argmax() == channel and colour.max() > 240
    assert np.delete(colour, channel).max() < 180


@pytest.mark.slow
@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_the_stored_tables_are_the_scalers_own(transfer):
    by_scaler = colour_tables.by_scaler(transfer, BT2020)

    np.testing.assert_allclose(colour_tables.table(transfer, BT2020), by_scaler, atol=STEP / 2 + 1e-6)


def test_a_table_is_the_same_after_storing():
    values = np.random.default_rng(1).integers(0, 1024, (512, 512, 3))
    table = (values / 1023).astype(np.float32)

    np.testing.assert_array_equal(colour_tables.unpacked(colour_tables.packed(table)), table)


def test_other_tags_are_left_to_the_scaler(monkeypatch):
    asked = []
    monkeypatch.setattr(colour_tables, "by_scaler", lambda *tags: asked.append(tags))

    colour_tables.table(HLG, 12)

    assert asked == [(HLG, 12)]
